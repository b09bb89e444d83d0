# Two commands matter: `make demo` and `make check`. Everything else is a part of one of them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.installed
export TORCHDYNAMO_DISABLE := 1
export HF_HUB_OFFLINE := 1

.PHONY: setup demo check quick format lint types unit broker train lock vectors mutate fuzz laws simulate kill bench-restart bench-ledger atoms bench-sds bench-trigger clean

setup: $(STAMP)

# uv, itself from the package index, installs the locked packages in seconds; every hash is checked.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' || { echo "interlock needs Python 3.11 or 3.12: install it, or make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@test -x $(BIN)/python || echo "setting up .venv: about 2 GB to download, 6 GB on disk (PyTorch brings its CUDA libraries on Linux)"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9,<1"
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: setup
	$(BIN)/interlock demo $(ARGS)

check: setup lint types unit broker
	@echo "make check: everything passed"

quick: setup lint types unit

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

unit: setup
	$(BIN)/python -m pytest -q -m "not broker" -n 2 --dist loadfile

broker: setup
	$(BIN)/python -m pytest -q -m broker

# SEEDS=3000 many seeds, SEED=17 one of them again, BUGS=200 the proof that planted bugs are caught.
simulate: setup
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(BUGS),--bugs $(BUGS)) $(ARGS)

train: setup
	$(BIN)/python -m agents.model.train

# N atoms of chance and N of the shipped model under random contracts: none may leave grammar or contract.
atoms: setup
	$(BIN)/python -m tests.atoms $(if $(filter command line environment,$(origin N)),$(N),100000) $(ARGS)

# Three engines beside plain outlines: the same model, prompts and language in one run, one thread.
bench-sds: setup
	$(BIN)/python -m bench.sds $(ARGS)

# The kernel against the naive specification: N random histories of 52 steps, two processes, counted by reason.
laws: setup
	$(BIN)/python -m tests.history $(or $(N),20000) $(ARGS)

vectors: setup
	$(BIN)/python -m tests.vectors $(FILE)

# Breaks the law on purpose, a place at a time; ends badly if no test notices. Half an hour.
mutate: setup
	$(BIN)/python -m tests.mutate $(ARGS)

# N records of every kind of rubbish, each of which must come out as something; a crash is kept as a test.
N ?= 50000
fuzz: setup
	$(BIN)/python -m tests.fuzz $(N) $(ARGS)

# How long after a restart the kernel rules again, with 100,000 and 1,000,000 steps of state, and where it goes.
bench-restart: setup
	$(BIN)/python -m bench.restart $(ARGS)

# No index address reaches the lock: it must work with any mirror.
lock: setup
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --all-extras --python-version 3.11 pyproject.toml -o requirements.lock

# What verifying, proving and replaying cost; 1 M entries, 10 M by ARGS="--entries 10000000" (16 GB of disk).
bench-ledger: setup
	$(BIN)/python -m bench.ledger $(ARGS)
# From the trigger on Kafka to the atom on Kafka; ARGS=--quick, ARGS=--beside-demo.
bench-trigger: setup
	$(BIN)/python -m bench.trigger $(ARGS)

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis

# KILLS=1000 deaths on a real broker, counted against the venue's own record; ARGS="--brokers 3 --seed 17".
kill: setup
	$(BIN)/python -m tests.kill $(KILLS) $(ARGS)
