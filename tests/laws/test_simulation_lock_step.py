"""One tape, with faults and without: ledger, accounts and venue must tell the same; and planted bugs show."""

from __future__ import annotations

import pytest

from tests.simulation.__main__ import regressions
from tests.simulation.bugs import BUGS, planted
from tests.simulation.campaign import is_tape, run
from tests.simulation.faults import RATES
from tests.simulation.tables import Totals, told

SEEDS = [seed for seed in (*regressions(), *range(100)) if is_tape(seed)]
TRIED = 60  # seeds after which a planted bug must have shown


@pytest.mark.parametrize("seed", SEEDS)
def test_two_runs_of_one_tape_agree(seed):
    report = run(seed)
    assert report.broken == "", told(report)


def test_a_seed_gives_the_same_run_every_time():
    first, second = run(4), run(4)
    assert (first.faults, first.reached, first.ends) == (second.faults, second.reached, second.ends)


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_caught(name):
    with planted(name):
        assert any(run(seed).broken for seed in range(TRIED))
    assert run(1).broken == "", "the bug is gone with its block"


def test_the_tables_name_every_fault_and_what_was_reached():
    totals = Totals()
    totals.add(run(1), 0.1)
    lines = "\n".join(totals.lines())
    assert [name for name in RATES if name not in lines] == []
    assert "REJECTED" in lines or "ACCEPTED" in lines
