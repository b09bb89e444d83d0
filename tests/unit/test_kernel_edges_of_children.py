"""Gate 7 on the very edge of what a child flow may do, and what an order may take back."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import pytest

from kernel.case import Case, Stance
from kernel.gates.authority import authority
from kernel.gates.drift import drift
from kernel.orders import band, mandate_ends, protective_limit
from kernel.state.accounts import Order
from kernel.state.standing import AgentRecord
from ledger.envelope import seal
from schemas import models as m
from schemas.reasons import Reason
from tests.build import ETH, World, signer
from tests.gate_bench import (
    BTC,
    SDS,
    A,
    D,
    at,
    case_of,
    judged,
    marked,
    meant,
    name,
    of_account,
    said,
    seen,
    under,
)  # fmt: skip

EXCEEDED = "PARENT_AUTHORITY_EXCEEDED"


@functools.cache
def family() -> tuple[World, m.FlowOpened]:
    """A world that holds half a bitcoin, and the flow whose mandate children name. Look, do not touch."""
    found = World()
    found.bought()
    return found, found.mandated("1")


def child(action: m.Action = A.BUY, **changes: Any) -> Case:
    """A child's intent under the mandate, every gate of which would pass it."""
    found, parent = family()
    flow = found.child(parent, 1)
    return judged(found, flow, seal(found.intent(flow, action, **changes), signer(SDS)))


def of_parent(case: Case, **fields: Any) -> Case:
    """The same case under a mandate that differs."""
    assert case.under is not None
    return replace(case, under=replace(case.under, mandate=replace(case.under.mandate, **fields)))


def leaving() -> Case:
    """A child that sells what is held, under a mandate to sell."""
    case = of_parent(child(A.SELL, quantity=D("0.1")), side=m.Side.SELL)
    assert case.stance is Stance.REDUCING
    return case


def parent_stands(case: Case, standing: m.Standing) -> Case:
    return at(case, case.now, standings={"prover": standing})


def parent_latched(case: Case, breaker: int) -> Case:
    found = at(case, case.now)
    found.state.agents = {("paper-1", "prover"): AgentRecord(latched=breaker)}
    return found


# -- children ----------------------------------------------------------------------------------------------


def test_the_mandate_that_children_name_stands_and_is_unused() -> None:
    found, parent = family()
    (frame,) = found.kernel.state.accounts["paper-1"].mandates.values()
    assert (frame.dfid, frame.total, frame.used, frame.orders) == (parent.dfid, D(1), D(0), set())


def test_a_child_trades_under_a_mandate_in_force_and_under_none_it_does_not() -> None:
    assert authority(child()) is None
    assert authority(leaving()) is None
    orphan = replace(child(), under=None)
    assert said(authority(orphan)) == (EXCEEDED, {})
    assert authority(seen(orphan, parent=None)) is None  # nobody's child asks no parent


def test_what_protects_needs_no_parent() -> None:
    orphan = replace(child(A.CLOSE), under=None)
    assert authority(orphan) is None
    assert authority(replace(child(A.HOLD), under=None)) is None


def test_a_child_of_a_frame_sets_no_frame() -> None:
    found, parent = family()
    flow = found.child(parent, 1, agents=("prover",))
    frame = found.intent(flow, A.MANDATE, quantity=D(1))
    assert said(authority(judged(found, flow, seal(frame, signer("prover"))))) == (EXCEEDED, {})


def test_a_child_keeps_to_what_is_left_of_its_mandate() -> None:
    assert authority(of_parent(child(), used=D("0.5"))) is None
    assert said(authority(of_parent(child(), used=D("0.6")))) == (
        EXCEEDED, {"measured": D("1.1"), "limit": D(1)},
    )  # fmt: skip
    assert said(authority(of_parent(child(), instrument=ETH))) == (EXCEEDED, {})


@pytest.mark.parametrize(
    ("standing", "buying", "selling"),
    [
        (m.Standing.ACTIVE, None, None),
        (m.Standing.ESCALATION_ONLY, EXCEEDED, None),
        (m.Standing.DEGRADED, EXCEEDED, None),
        (m.Standing.PASSIVE, EXCEEDED, None),
        (m.Standing.SUSPENDED, EXCEEDED, EXCEEDED),
        (m.Standing.RETIRED, EXCEEDED, EXCEEDED),
    ],
)
def test_a_parent_permits_no_risk_it_may_not_take_and_once_ended_nothing(
    standing: m.Standing, buying: str | None, selling: str | None
) -> None:
    assert name(authority(parent_stands(child(), standing))) == buying
    assert name(authority(parent_stands(leaving(), standing))) == selling


def test_a_parent_latched_by_its_loss_permits_no_new_risk() -> None:
    latched = int(Reason.MAX_LOSS)
    assert authority(parent_latched(child(), 0)) is None
    assert name(authority(parent_latched(child(), latched))) == EXCEEDED
    assert authority(parent_latched(leaving(), latched)) is None


def test_a_mandate_signed_with_a_key_that_is_no_more_permits_nothing() -> None:
    assert name(authority(of_parent(leaving(), keyid=bytes(32)))) == EXCEEDED


def test_a_child_goes_no_road_that_its_parent_was_not_granted() -> None:
    case = child()
    assert case.under is not None
    assert case.flow.lane is m.Lane.SDS
    elsewhere = replace(case.under.parent, topologies=(m.Lane.DLPCI,))
    assert name(authority(replace(case, under=replace(case.under, parent=elsewhere)))) == EXCEEDED


def test_a_band_and_an_end_bind_what_trades_under_a_mandate_and_not_what_protects() -> None:
    trade, exit_ = child(), child(A.CLOSE)
    assert trade.under is not None
    mandate = trade.under.mandate
    assert band(trade) == (mandate.price_low, mandate.price_high)
    assert mandate_ends(trade) == mandate.expires_at != trade.flow.flow_expires_at
    assert exit_.under is not None
    assert band(exit_) == (None, None)
    assert mandate_ends(exit_) == exit_.flow.flow_expires_at
    alone = replace(trade, under=None)
    assert (band(alone), mandate_ends(alone)) == ((None, None), trade.flow.flow_expires_at)


def test_no_price_outside_the_band_is_asked_for_under_a_mandate() -> None:
    buys = of_parent(child(limit_price=None), price_high=D(4010))
    assert protective_limit(buys) == D(4010)  # the envelope would have reached 4,020.50
    assert protective_limit(of_parent(buys, price_high=D(4030))) == D("4020.50")
    sells = of_parent(leaving(), price_low=D(3990))
    assert protective_limit(sells) == D(3990)  # the envelope would have reached 3,979.9975
    assert protective_limit(of_parent(sells, price_low=D(3960))) == D(3980)


# -- frames and orders taken back --------------------------------------------------------------------------


def test_nobody_frames_for_others_what_he_may_not_do_himself() -> None:
    found, _ = family()
    flow = found.flow(("prover",))
    case = judged(found, flow, seal(found.intent(flow, A.MANDATE, quantity=D(1)), signer("prover")))
    assert authority(case) is None
    assert name(authority(under(case, forbidden_actions=(A.BUY,)))) == "ACTION_FORBIDDEN"
    assert name(authority(under(case, forbidden_actions=(A.MANDATE,)))) == "ACTION_FORBIDDEN"


def test_a_frame_is_set_on_a_price_that_still_holds() -> None:
    found, _ = family()
    flow = found.flow(("prover",))
    case = judged(found, flow, seal(found.intent(flow, A.MANDATE, quantity=D(1)), signer("prover")))
    assert drift(case) is None
    assert name(drift(marked(case, bid=D(4100), ask=D(4101)))) == "STALE_CONTEXT"


KEY = b"k" * 32


def back(instrument: str | None, ordered: str = ETH, step: str = "s1") -> Case:
    """A CANCEL that names an instrument, of an open order on another one perhaps."""
    order = Order(
        dfid=bytes(16), step_id=step, agent_id=SDS, action=A.BUY, side="BUY", instrument=ordered,
        quantity=D(1), cash=D(0), time_in_force=m.TimeInForce.GTT, valid_until=0, stop=None,
        target_price=None,
    )  # fmt: skip
    case = under(case_of(A.CANCEL, target=KEY, quantity=D(0)), allowed_actions=tuple(A), forbidden_actions=())
    return of_account(meant(case, instrument=instrument), orders={KEY: order})


def test_an_order_is_taken_back_under_its_own_instruments_name_or_none() -> None:
    assert authority(back(None)) is None
    assert authority(back(ETH)) is None
    assert name(authority(back(BTC))) == "UNAUTHORIZED_INSTRUMENT"  # both are granted, and they are two
    assert name(authority(under(back(None), allowed_instruments=(BTC,)))) == "UNAUTHORIZED_INSTRUMENT"


def test_nobody_takes_back_what_is_gone_or_what_puts_a_failure_right() -> None:
    assert name(authority(of_account(back(None), orders={}))) == "AUTHORITY_EXCEEDED"
    assert name(authority(meant(back(None), target=None))) == "AUTHORITY_EXCEEDED"
    assert name(authority(back(None, step="comp-1"))) == "AUTHORITY_EXCEEDED"
