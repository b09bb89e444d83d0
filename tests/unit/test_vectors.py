"""The published vectors: what others computed is what we compute, and with other values too."""

import json
from pathlib import Path

import pytest

from tests.vectors.runner import Result, Said, load_adapters, outcome, run, shared

OWN = Path(__file__).resolve().parents[1] / "vectors" / "own"
FILES = ("ledger.json", "dir.json", "seeds.json")
LATER = ("learn", "experiment", "run", "policy", "deriver", "backtest", "metrics", "kelly", "environment",
         "generate", "loop", "error limit")  # fmt: skip


@pytest.fixture(autouse=True)
def adapters():
    load_adapters()


def published(name: str) -> list[tuple[str, Result]]:
    place = shared()
    if place is None:
        pytest.skip("no vectors beside this checkout; INTERLOCK_VECTORS names their folder")
    vectors = json.loads((place / name).read_text(encoding="utf-8"))["vectors"]
    return [(each["unit"], outcome(each)) for each in vectors]


@pytest.mark.parametrize("name", FILES)
def test_every_published_vector_has_an_adapter_and_none_differs(name):
    results = published(name)
    assert [each.line() for _, each in results if each.word in ("differs", "no adapter")] == []
    if name != "seeds.json":
        assert [each.line() for _, each in results if each.word != "ok"] == []


def test_only_what_belongs_to_learning_and_experiments_is_not_yet_there():
    missing = [unit for unit, each in published("seeds.json") if each.word == "not yet"]
    assert [unit for unit in missing if not any(word in unit.lower() for word in LATER)] == []


@pytest.mark.parametrize("path", sorted(OWN.glob("*.json")), ids=lambda path: path.stem)
def test_the_adapters_give_what_the_rules_say_for_other_values(path):
    assert [each.line() for each in run(path) if each.word != "ok"] == []


@pytest.mark.parametrize(
    ("prose", "word"),
    [
        ("SCHEMA_INVALID (explain required)", "SCHEMA_INVALID"),
        ("UNKNOWN_ACTION or canonical form only", "UNKNOWN_ACTION"),
        ("use a default, or no default and DLQ", "no default and DLQ"),
    ],
)
def test_a_word_answers_the_prose_that_offers_it_and_no_other(prose, word):
    assert Said(word) == prose
    assert Said("ELSE") != prose
    assert Said(word) != 7
