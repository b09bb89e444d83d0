"""What a person may do to an escalation, and what happens when nobody does anything."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from kernel.replay import replay
from ledger.envelope import seal
from schemas import models as m
from schemas.kinds import EntryKind
from schemas.reasons import Reason
from tests.build import BTC, World, signer

DOUBT = Decimal("0.1")


def waiting() -> tuple[World, m.FlowOpened, m.Envelope]:
    """A world in which one BUY waits for a person."""
    world = World()
    flow = world.flow()
    body = seal(world.intent(flow, confidence=DOUBT), signer("sovereign"))
    world.propose(flow, body)
    world.run()
    assert world.verdict.verdict is m.Verdict.ESCALATED
    return world, flow, body


def status(world: World, flow: m.FlowOpened) -> m.FlowStatus:
    return world.kernel.state.flows[flow.dfid].status


def test_an_override_is_judged_again_at_the_price_shown_and_executes() -> None:
    world, flow, body = waiting()
    assert world.told(m.Escalation)[0].payload_digest == world.kernel.state.flows[flow.dfid].held.digest
    world.decide(flow, body, m.HumanChoice.OVERRIDE)
    world.run()
    assert (world.verdict.verdict, world.order.quantity) == (m.Verdict.ACCEPTED, Decimal("0.5"))
    assert replay(world.ledger).identical


def test_a_person_may_take_less() -> None:
    world, flow, body = waiting()
    world.decide(flow, body, m.HumanChoice.MODIFY, quantity=Decimal("0.2"))
    world.run()
    assert world.order.quantity == Decimal("0.2")
    world.receipt(world.order, m.ReceiptStatus.FILLED)
    world.run()
    assert world.views["paper-1"].view.positions[0].quantity == Decimal("0.2")
    assert replay(world.ledger).identical


def test_an_approval_does_not_reach_past_the_market() -> None:
    world, flow, body = waiting()
    world.quote(BTC, "4100", "4101")
    world.decide(flow, body, m.HumanChoice.OVERRIDE)
    world.run()
    assert (world.verdict.reason, world.verdict.reopens) == (Reason.STALE_CONTEXT, False)
    assert status(world, flow) is m.FlowStatus.REJECTED
    assert replay(world.ledger).identical


def test_an_abort_ends_the_flow() -> None:
    world, flow, body = waiting()
    world.decide(flow, body, m.HumanChoice.ABORT)
    world.run()
    assert status(world, flow) is m.FlowStatus.ABORTED
    assert replay(world.ledger).identical


@pytest.mark.parametrize(
    ("choice", "changes", "reason"),
    [
        (m.HumanChoice.OVERRIDE, {"payload_digest": bytes(32)}, Reason.APPROVAL_MISMATCH),
        (m.HumanChoice.OVERRIDE, {"price_shown": None}, Reason.APPROVAL_MISMATCH),
        (m.HumanChoice.MODIFY, {"quantity": Decimal(5)}, Reason.APPROVAL_MISMATCH),
        (m.HumanChoice.OVERRIDE, {"valid_until": 1}, Reason.APPROVAL_EXPIRED),
        (m.HumanChoice.OVERRIDE, {"ledger": bytes(16)}, Reason.WRONG_LEDGER),
        (m.HumanChoice.ABORT, {"account": "paper-2"}, Reason.WRONG_ACCOUNT),
    ],
)
def test_an_act_that_does_not_fit_changes_nothing(
    choice: m.HumanChoice, changes: dict[str, Any], reason: Reason
) -> None:
    world, flow, body = waiting()
    world.decide(flow, body, choice, **changes)
    world.run()
    assert [each.reason for each in world.entries(EntryKind.HUMAN)] == [reason]
    assert status(world, flow) is m.FlowStatus.ESCALATED
    assert replay(world.ledger).identical


def test_silence_is_a_no() -> None:
    world, flow, body = waiting()
    world.tick(601)
    world.run()
    assert [each.flow_status for each in world.entries(EntryKind.ESCALATION)] == [m.FlowStatus.REJECTED]
    world.decide(flow, body, m.HumanChoice.OVERRIDE)
    world.run()
    assert [each.reason for each in world.entries(EntryKind.HUMAN)] == [Reason.FLOW_CLOSED]
    assert replay(world.ledger).identical


def test_while_a_person_thinks_a_redelivery_is_a_duplicate_and_another_order_is_refused() -> None:
    world, flow, body = waiting()
    world.propose(flow, body)
    world.run()
    assert (world.verdict.verdict, world.verdict.outcome) == (m.Verdict.DUPLICATE, "ESCALATED")
    world.propose(flow, world.intent(flow))
    world.run()
    assert world.verdict.verdict is m.Verdict.DUPLICATE  # the same order with more confidence
    world.propose(flow, world.intent(flow, quantity=Decimal("0.4")))
    world.run()
    assert world.verdict.reason == Reason.STEP_ALREADY_DECIDED
