"""`now` never goes back, whatever the clock says: not in a ledger, not in a state, not across a restart."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.fold import Diverged, fold
from kernel.state.whole import State
from schemas import models as m
from schemas.kinds import EntryKind
from tests.build import NOW, SECOND, Entry, World, identity
from tests.campaign import FEW

CLOCKS = st.lists(st.integers(-4_000, 4_000), min_size=1, max_size=12)
BATCHES = st.lists(st.integers(0, 10**6), min_size=1, max_size=30)


@FEW
@given(CLOCKS, st.integers(0, 11))
def test_a_clock_that_was_set_back_moves_no_time_back(seconds: list[int], restart: int) -> None:
    """Every BATCH stands at the latest time any clock has told so far."""
    world = World()
    latest, told = world.kernel.state.now, []
    for number, offset in enumerate(seconds):
        world.now = NOW + offset * SECOND
        if number == restart:
            world.restart()
        world.quote("btc-usd", "4000", "4001")
        world.control(m.Verb.FUND, account="paper-1", amount=Decimal(1))
        told += [
            each.body.now for each in world.run() if isinstance(each, Entry) and each.kind is EntryKind.BATCH
        ]
        latest = max(latest, world.now)
        assert told[-1] == latest == world.kernel.state.now
    assert told == sorted(told)


@FEW
@given(BATCHES)
def test_a_ledger_in_which_time_goes_back_is_no_ledger(times: list[int]) -> None:
    state, latest = State(identity()), 0
    for seq, now in enumerate(times):
        body = m.BatchEntry(now=now, inputs=(), marks=(), refusals_uncounted=0)
        state.core.seq = seq
        if now >= latest:
            fold(state, EntryKind.BATCH, body, seq)
        else:
            with pytest.raises(Diverged):
                fold(state, EntryKind.BATCH, body, seq)
        latest = max(latest, now)
        assert state.now == latest
