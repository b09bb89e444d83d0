"""Gate 4, cell by cell: what an agent's standing and a scope's trading state allow, and who may move them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kernel.replay import replay
from ledger.envelope import opened
from schemas import models as m
from schemas.kinds import EntryKind
from schemas.reasons import ControlReason, Reason
from tests.build import BTC, ETH, SECOND, World, granted

SDS, ACCOUNT = "sovereign", "paper-1"
EVERYTHING = (m.Action.BUY, m.Action.SELL, m.Action.CLOSE, m.Action.CANCEL, m.Action.HOLD, m.Action.HALT)
S, A, V, T = m.Standing, m.Action, m.Verb, m.TradingState


def everything() -> World:
    """A world whose fast lane may do everything, with something to sell and an order to take back."""
    allowed = {"allowed_actions": EVERYTHING, "forbidden_actions": (), "veto": True, "halt_ttl_s": 60}
    world = World(changed={SDS: allowed})
    world.bought("0.5")
    flow = world.flow(instrument=ETH)
    world.propose(flow, world.intent(flow, quantity=Decimal("0.5")))
    world.run()
    return world


def command(world: World, verb: m.Verb, **fields: Any) -> str:
    world.control(verb, **fields)
    world.run()
    (entry,) = world.entries(EntryKind.CONTROL)
    return ControlReason(entry.reason).name


def answered(world: World, action: m.Action, **changes: Any) -> str:
    """The verdict on an action, or the reason it was not accepted for."""
    flow = world.flow()
    if action is A.CANCEL:
        (key,) = world.kernel.state.accounts[ACCOUNT].orders
        changes |= {"target": key, "instrument": None, "quantity": Decimal(0)}
    if action is A.SELL:
        changes |= {"quantity": Decimal("0.2"), "stop": None, "target_price": None}
    world.propose(flow, world.intent(flow, action, **changes))
    world.run()
    found = world.verdict
    named = found.verdict.value if found.verdict is m.Verdict.ACCEPTED else Reason(found.reason).name
    return f"ESCALATED {named}" if found.verdict is m.Verdict.ESCALATED else named


def answers(world: World) -> dict[m.Action, str]:
    """The answer to every action, the harmless ones first; what was accepted is filled, a HALT comes last."""
    found: dict[m.Action, str] = {}
    for action in (A.HOLD, A.CANCEL, A.SELL, A.CLOSE, A.BUY, A.HALT):
        found[action] = answered(world, action)
        for sealed in world.told(m.Envelope):
            order = opened(sealed, m.KernelIntent)
            if order.side:
                world.receipt(order, m.ReceiptStatus.FILLED)
                world.run()
    return found


OK = "ACCEPTED"
ASKED = "ESCALATED AGENT_ESCALATION_ONLY"
#                     BUY                SELL               CLOSE              CANCEL             HOLD  HALT
STANDINGS = {
    S.ACTIVE: (OK, OK, OK, OK, OK, OK),
    S.DEGRADED: ("AGENT_DEGRADED", OK, OK, OK, OK, OK),
    S.ESCALATION_ONLY: (ASKED, ASKED, ASKED, ASKED, OK, OK),
    S.PASSIVE: (*["AGENT_PASSIVE"] * 4, OK, OK),
    S.SUSPENDED: ("AGENT_SUSPENDED",) * 6,
    S.RETIRED: ("AGENT_RETIRED",) * 6,
}


@pytest.mark.parametrize("where", [ACCOUNT, None])
@pytest.mark.parametrize("standing", STANDINGS)
def test_a_standing_allows_what_its_row_says(standing: m.Standing, where: str | None) -> None:
    world = everything()
    if standing is S.RETIRED:
        assert command(world, V.RETIRE, agent_id=SDS, account=where) == "FOLDED"
    elif standing is not S.ACTIVE:
        assert command(world, V.SUSPEND, agent_id=SDS, account=where, standing=standing) == "FOLDED"
    assert answers(world) == dict(zip(EVERYTHING, STANDINGS[standing], strict=True))
    assert replay(world.ledger).identical


#                  BUY              SELL              CLOSE             CANCEL  HOLD  HALT
TRADING = {
    V.RESUME: (OK, OK, OK, OK, OK, OK),
    V.REDUCE: ("REDUCING_ONLY", OK, OK, OK, OK, OK),
    V.HALT: (*["TRADING_HALTED"] * 3, OK, OK, OK),
}
SCOPES: dict[str, dict[str, Any]] = {
    "everything": {},
    "lane": {"lane": m.Lane.SDS},
    "instrument": {"instrument": BTC},
    "account": {"account": ACCOUNT},
    "instrument-of-account": {"account": ACCOUNT, "instrument": BTC},
}
ELSEWHERE: dict[str, dict[str, Any]] = {
    "lane": {"lane": m.Lane.EOAM},
    "instrument": {"instrument": ETH},
    "instrument-of-account": {"account": ACCOUNT, "instrument": ETH},
}


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("verb", TRADING)
def test_a_trading_state_allows_what_its_row_says(verb: m.Verb, scope: str) -> None:
    world = everything()
    assert command(world, verb, **SCOPES[scope]) == "FOLDED"
    assert answers(world) == dict(zip(EVERYTHING, TRADING[verb], strict=True))
    assert replay(world.ledger).identical


@pytest.mark.parametrize("scope", ELSEWHERE)
def test_a_halt_elsewhere_halts_nothing_here(scope: str) -> None:
    world = everything()
    command(world, V.HALT, **ELSEWHERE[scope])
    assert answered(world, A.BUY) == OK


@pytest.mark.parametrize("scope", SCOPES)
def test_a_halt_with_an_end_is_over_by_the_clock(scope: str) -> None:
    world = everything()
    until = world.now + 60 * SECOND
    assert command(world, V.HALT, expires_at=until, **SCOPES[scope]) == "FOLDED"
    world.tick(59)
    world.quote(BTC, "4000", "4001")
    assert answered(world, A.BUY) == "TRADING_HALTED"
    world.tick(1)
    world.quote(BTC, "4000", "4001")
    assert answered(world, A.BUY) == OK
    assert world.views[ACCOUNT].view.halted_instruments == ()
    assert replay(world.ledger).identical


def test_time_alone_ends_a_halt_and_tells_the_view() -> None:
    world = everything()
    command(world, V.HALT, account=ACCOUNT, expires_at=world.now + 60 * SECOND)
    assert world.views[ACCOUNT].view.trading_state is T.HALTED
    version = world.views[ACCOUNT].view.version
    world.tick(60)
    world.run()
    assert world.views[ACCOUNT].view.trading_state is T.ACTIVE
    assert world.views[ACCOUNT].view.version == version + 1


def test_a_halt_with_an_end_does_not_end_the_reduce_it_was_laid_upon() -> None:
    world = everything()
    command(world, V.REDUCE, account=ACCOUNT)
    command(world, V.HALT, account=ACCOUNT, expires_at=world.now + 60 * SECOND)
    assert answered(world, A.CLOSE) == "TRADING_HALTED"
    world.tick(61)
    world.quote(BTC, "4000", "4001")
    assert answered(world, A.BUY) == "REDUCING_ONLY"
    command(world, V.RESUME, account=ACCOUNT)
    assert answered(world, A.BUY) == OK
    assert replay(world.ledger).identical


def test_an_end_that_is_past_is_no_halt() -> None:
    world = everything()
    assert command(world, V.HALT, expires_at=world.now) == "OUT_OF_BOUNDS"
    assert answered(world, A.BUY) == OK


def test_a_scope_is_one_scope() -> None:
    world = everything()
    world.control(V.HALT, account=ACCOUNT, lane=m.Lane.SDS)
    world.run()
    assert world.entries(EntryKind.CONTROL) == []
    assert [each.reason for each in world.entries(EntryKind.REFUSAL)] == [Reason.MALFORMED]


def test_the_watch_may_not_soften_or_shorten_an_operators_word() -> None:
    world = everything()
    command(world, V.HALT, account=ACCOUNT)
    soon = world.now + 60 * SECOND
    assert command(world, V.REDUCE, account=ACCOUNT, by="watch") == "ILLEGAL_TRANSITION"
    assert command(world, V.HALT, account=ACCOUNT, expires_at=soon, by="watch") == "ILLEGAL_TRANSITION"
    assert command(world, V.HALT, account=ACCOUNT, by="watch") == "FOLDED"
    assert command(world, V.REDUCE, account=ACCOUNT) == "FOLDED"
    assert answered(world, A.CLOSE) == OK
    assert replay(world.ledger).identical


ORDER = (S.ACTIVE, S.DEGRADED, S.ESCALATION_ONLY, S.PASSIVE, S.SUSPENDED)


def stands(world: World) -> m.Standing:
    found = {each.agent_id: each.standing for each in world.views[ACCOUNT].view.standings}
    return found.get(SDS, S.ACTIVE)


def stand(world: World, where: str | None, wanted: m.Standing) -> None:
    """Bring the agent to a standing, from wherever it stands."""
    if stands(world) is not S.ACTIVE:
        assert command(world, V.RESET, agent_id=SDS, account=where) == "FOLDED"
    if wanted is not S.ACTIVE:
        assert command(world, V.SUSPEND, agent_id=SDS, account=where, standing=wanted) == "FOLDED"


@pytest.mark.parametrize("where", [ACCOUNT, None])
@pytest.mark.parametrize("by", ["operator", "watch"])
def test_suspend_moves_rightward_only(by: str, where: str | None) -> None:
    world = World()
    for now in ORDER:
        for wanted in (*ORDER, S.RETIRED, None):
            stand(world, where, now)
            meant = S.SUSPENDED if wanted is None else wanted
            legal = meant is not S.RETIRED and ORDER.index(meant) > ORDER.index(now)
            found = command(world, V.SUSPEND, agent_id=SDS, account=where, standing=wanted, by=by)
            assert (now, wanted, found) == (now, wanted, "FOLDED" if legal else "ILLEGAL_TRANSITION")
            assert stands(world) is (meant if legal else now)
    assert replay(world.ledger).identical


@pytest.mark.parametrize("where", [ACCOUNT, None])
def test_reset_moves_leftward_only_and_is_an_operators(where: str | None) -> None:
    world = World()
    for now in ORDER:
        for wanted in (*ORDER, S.RETIRED, None):
            stand(world, where, now)
            meant = S.ACTIVE if wanted is None else wanted
            legal = meant is not S.RETIRED and ORDER.index(meant) < ORDER.index(now)
            said = {"agent_id": SDS, "account": where, "standing": wanted}
            assert command(world, V.RESET, by="watch", **said) == "VERB_NOT_ALLOWED"
            found = command(world, V.RESET, **said)
            assert (now, wanted, found) == (now, wanted, "FOLDED" if legal else "ILLEGAL_TRANSITION")
            assert stands(world) is (meant if legal else now)
    assert replay(world.ledger).identical


def test_retired_is_final_also_on_an_account_when_it_holds_everywhere() -> None:
    world = World()
    assert command(world, V.RETIRE, agent_id=SDS, by="watch") == "VERB_NOT_ALLOWED"
    assert command(world, V.RETIRE, agent_id=SDS) == "FOLDED"
    for verb in (V.SUSPEND, V.RESET, V.RETIRE):
        for where in (None, ACCOUNT):
            assert command(world, verb, agent_id=SDS, account=where) == "ILLEGAL_TRANSITION"
    assert replay(world.ledger).identical


def test_retired_on_one_account_is_retired_on_that_account_alone() -> None:
    world = World(accounts=(ACCOUNT, "paper-2"))
    command(world, V.RETIRE, agent_id=SDS, account=ACCOUNT)
    assert command(world, V.RESET, agent_id=SDS, account=ACCOUNT) == "ILLEGAL_TRANSITION"
    flow = world.flow(account="paper-2")
    world.propose(flow, world.intent(flow))
    world.run()
    assert world.verdict.verdict is m.Verdict.ACCEPTED
    assert command(world, V.SUSPEND, agent_id=SDS) == "FOLDED"


def test_names_that_are_no_ids_are_refused() -> None:
    world = World()
    for fields in ({"agent_id": "two\nlines"}, {"agent_id": SDS, "account": "a b"}):
        world.control(V.SUSPEND, **fields)
    world.control(V.OPEN, account="two\nlines", amount=Decimal(1))
    world.control(V.HALT, instrument="*")
    world.run()
    assert world.entries(EntryKind.CONTROL) == []
    assert [each.reason for each in world.entries(EntryKind.REFUSAL)] == [Reason.MALFORMED] * 4


def test_an_escalation_only_agent_has_no_more_questions_than_its_contract_gives() -> None:
    found = next(each for each in granted() if each.agent_id == SDS)
    once = replace(found.escalation, budget_per_hour=1)
    world = World(changed={SDS: {"escalation": once}})
    command(world, V.SUSPEND, agent_id=SDS, standing=S.ESCALATION_ONLY)
    assert answered(world, A.BUY) == "ESCALATED AGENT_ESCALATION_ONLY"
    assert answered(world, A.BUY) == "ESCALATION_BUDGET_EXHAUSTED"
    assert answered(world, A.BUY) == "AGENT_PASSIVE"
    assert replay(world.ledger).identical


def test_what_nobody_can_pay_in_is_refused() -> None:
    world = World()
    assert command(world, V.FUND, account=ACCOUNT, amount=Decimal(10**19)) == "OUT_OF_BOUNDS"
    assert command(world, V.FUND, account=ACCOUNT, amount=Decimal(10**15)) == "OUT_OF_BOUNDS"


def test_a_serial_no_double_can_hold_is_the_same_after_a_restart() -> None:
    world = World()
    assert command(world, V.REDUCE, serial=2**60 + 1) == "FOLDED"
    for output in world.kernel.closing(world.now):
        world._committed(output)
    world.restart()
    assert command(world, V.RESUME, serial=2**60 + 1) == "SERIAL_NOT_GREATER"
    assert command(world, V.RESUME, serial=2**60 + 2) == "FOLDED"


@pytest.mark.parametrize("ends", [True, False])
def test_curbs_and_standings_are_there_after_a_restart_and_still_end(ends: bool) -> None:
    world = everything()
    until = {"expires_at": world.now + 60 * SECOND} if ends else {}
    command(world, V.HALT, account=ACCOUNT, **until)
    command(world, V.REDUCE, instrument=ETH, **until)
    command(world, V.SUSPEND, agent_id="prover", standing=S.DEGRADED)
    for output in world.kernel.closing(world.now):
        world._committed(output)
    before = world.kernel.state.core, world.kernel.state.accounts
    world.restart()
    assert (world.kernel.state.core, world.kernel.state.accounts) == before
    world.tick(60)
    world.run()
    state = world.kernel.state
    assert bool(state.core.curbs or state.accounts[ACCOUNT].curbs) is not ends
    assert replay(world.ledger).identical
