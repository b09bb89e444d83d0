"""Time goes by itself and everything goes wrong; in the end nothing is missing, doubled, or out of order."""

from __future__ import annotations

import pytest

from tests.simulation.__main__ import regressions
from tests.simulation.campaign import is_tape, run
from tests.simulation.tables import told

SEEDS = [seed for seed in (*regressions(), *range(100)) if not is_tape(seed)]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_law_holds_in_a_free_run(seed):
    report = run(seed)
    assert report.broken == "", told(report)
