"""Units without a place in Interlock, and those whose part of it does not exist yet: each says which."""

from typing import Any, NoReturn

from tests.vectors.runner import NotApplicable, NotYet, Vector, unit

LEARNING = "no learned policy is built or applied yet: the offline learner is missing"
EXPERIMENTS = "runs are not compared as experiments yet: the evaluation of artefact folders is missing"
BACKTESTS = "equity curves are not evaluated yet: the backtest over a tape and its figures are missing"
WORLDS = "there is no seeded environment to step through yet: the feeder plays recorded tapes only"


@unit("mint auction")
def auction(vector: Vector) -> NoReturn:
    raise NotApplicable("an execution ledger mints nothing and pays no basic income")


def missing(reason: str, *names: str) -> None:
    def adapter(vector: Vector, **words: Any) -> NoReturn:
        raise NotYet(reason)

    unit(*names)(adapter)


missing(
    LEARNING,
    "apply_evidence_policy",
    "build_policy({fixture})",
    "ConstraintDeriver",
    "ConstraintDeriver{rest}",
)
missing(EXPERIMENTS, "evaluate_experiment", "evaluate_run")
missing(BACKTESTS, "BacktestRunner", "BacktestRunner{rest}", "metrics", "half_kelly")
missing(WORLDS, "MarketPathEnvironment", "generate_market_path")
missing(
    "no worker pauses itself yet: errors in a row stop its process, and no signed resume exists",
    "error limit {count}, {delay} s delay, {length} s",
)
