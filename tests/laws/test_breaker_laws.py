"""Latches and curbs over random histories, against the plainest account of them that can be written."""

from __future__ import annotations

import os
from dataclasses import replace
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel import snapshot
from kernel.replay import replay
from kernel.state.trading import FOREVER, Curb, laid_upon, tightens
from schemas import models as m
from schemas.models import TradingState
from schemas.reasons import Reason
from tests.build import BTC, World, granted

FEW = settings(
    max_examples=int(os.environ.get("LAWS", "12")), deadline=None, suppress_health_check=list(HealthCheck)
)
MANY = settings(max_examples=300, deadline=None)
SDS, ACCOUNT = "sovereign", "paper-1"
KEEP = Decimal("0.99")
PRICES = ("4000", "2100", "2010", "2005", "2004", "1900", "5000")
MOVES = st.lists(st.sampled_from((*PRICES, "reset", "fund", "withdraw", "restart")), min_size=2, max_size=12)


def account(world: World) -> tuple[Decimal, Decimal]:
    """Equity and what was paid in less what was taken out."""
    found = world.kernel.state.accounts[ACCOUNT]
    return found.equity, found.deposits - found.withdrawals


def move(world: World, act: str) -> None:
    world.tick(1)
    match act:
        case "reset":
            world.control(m.Verb.RESET, agent_id=SDS, account=ACCOUNT)
        case "fund" | "withdraw":
            verb = m.Verb.FUND if act == "fund" else m.Verb.WITHDRAW
            world.control(verb, account=ACCOUNT, amount=Decimal(1_000))
        case "restart":
            for output in world.kernel.closing(world.now):
                world._committed(output)
            world.restart()
        case price:
            world.quote(BTC, price, price)
    world.run()


@FEW
@given(MOVES, st.booleans())
def test_a_latch_is_set_exactly_when_the_marks_said_so_since_the_last_reset(
    acts: list[str], terminates: bool
) -> None:
    found = next(each for each in granted() if each.agent_id == SDS)
    law = replace(found.limits, max_drawdown_pct=Decimal("0.01"), trailing_max_drawdown_pct=Decimal("0.01"))
    world = World(changed={SDS: {"limits": law, "terminate_on_max_loss": terminates}})
    world.bought("0.5")
    lost, ended = False, False
    for act in acts:
        move(world, act)
        equity, base = account(world)
        below = equity <= base * KEEP
        lost = below or (lost and act != "reset")
        ended = ended or (below and terminates)
        state = world.kernel.state
        assert (state.agent(ACCOUNT, SDS).latched == Reason.MAX_LOSS) is lost
        assert state.accounts[ACCOUNT].terminated is ended
        assert (world.views[ACCOUNT].view.trading_state is TradingState.TERMINATED) is ended
    before = snapshot.texts(world.kernel.state)
    assert replay(world.ledger).identical
    world.restart()
    assert snapshot.texts(world.kernel.state) == before


WORDS = st.lists(
    st.tuples(
        st.sampled_from((TradingState.HALTED, TradingState.REDUCING, TradingState.ACTIVE)),
        st.integers(0, 9),  # how long after the word before
        st.one_of(st.none(), st.integers(1, 12)),  # how long it holds
    ),
    max_size=8,
)


def later(curb: Curb | None, now: int) -> Curb | None:
    return None if curb is None else curb.after(now)


@MANY
@given(WORDS)
def test_a_curb_is_two_clocks_one_for_each_word(words: list[tuple[TradingState, int, int | None]]) -> None:
    """HALT sets the halt's clock, REDUCE ends a halt and sets its own, RESUME stops both."""
    curb: Curb | None = None
    now = halted = reducing = 0
    for wanted, waited, lasts in words:
        for step in range(now, now + waited + 1):
            expected = TradingState.REDUCING if step < reducing else TradingState.ACTIVE
            expected = TradingState.HALTED if step < halted else expected
            curb = later(curb, step)
            assert (TradingState.ACTIVE if curb is None else curb.state) is expected
        now += waited
        until = FOREVER if lasts is None else now + lasts
        match wanted:
            case TradingState.HALTED:
                halted = until
            case TradingState.REDUCING:
                halted, reducing = 0, until
            case _:
                halted = reducing = 0
        if wanted is TradingState.ACTIVE:
            curb = None
        else:
            curb = laid_upon(curb, wanted, until)


CURBS = st.builds(
    laid_upon,
    st.one_of(st.none(), st.builds(Curb, state=st.just(TradingState.REDUCING), until=st.integers(1, 9))),
    st.sampled_from((TradingState.HALTED, TradingState.REDUCING)),
    st.integers(1, 9),
)
SEVERE = (TradingState.ACTIVE, TradingState.REDUCING, TradingState.HALTED)


@MANY
@given(CURBS, st.sampled_from(SEVERE[1:]), st.integers(1, 9))
def test_a_word_that_tightens_never_allows_more_at_any_time(
    held: Curb, wanted: TradingState, until: int
) -> None:
    if not tightens(held, wanted, until):
        return
    new = laid_upon(held, wanted, until)
    for now in range(12):
        before, after = held.after(now), new.after(now)
        least = SEVERE[0] if before is None else before.state
        assert SEVERE.index(SEVERE[0] if after is None else after.state) >= SEVERE.index(least)
