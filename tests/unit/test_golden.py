"""Yesterday's ledgers are judged today as they were judged then, or the law has another name.

Red here means: what this code rules differs from what the law of that name ruled. Either mend the code, or
raise LAW in `kernel/law.py` and `interlock/grants.py` and keep a ledger of the new law
(`python -m tests.golden`). Sources of the law may change as they like while every verdict stays the same.
"""

from dataclasses import replace

import pytest

from interlock import grants
from interlock.tamper.forge import Copy
from interlock.tamper.run import found_in
from kernel.gates import GATES
from kernel.law import LAW
from kernel.replay import replay
from ledger.entry import decode_entry
from ledger.findings import Code, Outcome
from ledger.trust import parse_anchor
from ledger.verify import Level
from schemas import models as m
from schemas.codec import decode
from schemas.kinds import EntryKind
from schemas.reasons import Reason
from tests import golden
from tests.build import signer
from tests.golden.made import reached
from tests.tamper_world import trust

# SHA-256 of each law's file, written down once: a golden ledger that can be made again proves nothing.
RELEASED = {
    "1": "792fb941d1e7dfc4bf5f08761e6eb397f370dd5f3e7f0fe8e2244110ddeb9600",
    "2": "5c20bbfaa84cbe514a36bd2f128bc4576788b00d0f13b66200bfadf04e47570d",
}

REASONS_MIN = 30


def test_every_released_law_has_its_ledger_and_none_was_exchanged():
    assert {law: golden.digest(law) for law in golden.laws()} == RELEASED
    assert all((golden.FOLDER / f"law-{law}.ilk.gz").stat().st_size <= golden.BYTES_MAX for law in RELEASED)


def test_the_law_in_force_is_released_and_has_one_name():
    assert LAW in RELEASED
    assert grants.LAW == LAW


@pytest.mark.parametrize("law", sorted(RELEASED))
def test_the_ledger_names_its_law(law):
    assert decode(m.Genesis, decode_entry(golden.values(law)[0]).body).law == law


@pytest.mark.parametrize("law", sorted(RELEASED))
def test_a_golden_ledger_is_intact_to_the_last_level_whatever_law_is_in_force(law):
    anchors = [parse_anchor(golden.note(law), trust())]
    found = found_in(golden.values(law), Level.EVIDENCE, anchors, trust())
    assert found == (Outcome.INTACT, {Code.ERASED})


def test_todays_code_judges_the_ledger_of_its_law_bit_for_bit():
    found = replay(golden.values(LAW))
    assert found.differences == []
    assert found.identical


def test_a_ledger_of_another_law_is_not_judged_by_this_one():
    copy = Copy.of(golden.values(LAW), signer)
    other = copy.put(0, replace(copy.body(0), law="0")).linked(signed=True).values()
    found = [other, *(golden.values(law) for law in set(RELEASED) - {LAW})]
    assert all("a ledger of law" in replay(each).stopped for each in found)


def test_the_ledger_has_every_kind_and_many_reasons_so_that_a_changed_law_shows():
    found = reached(golden.values(LAW))
    assert set(EntryKind.__members__) <= set(found)
    assert len([each for each in Reason if found[f"reason {each.name}"]]) >= REASONS_MIN


# A golden ledger that no change of the law could turn red would keep nothing.
@pytest.mark.parametrize("number", [4, 7, 9, 11, 12])
def test_a_law_without_one_of_its_gates_is_noticed(number, monkeypatch):
    monkeypatch.setattr("kernel.judge.GATES", tuple(each for each in GATES if each[0] != number))
    assert replay(golden.values(LAW)).differing
