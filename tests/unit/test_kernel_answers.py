"""A person's answer: what he is shown, how many must sign, and what becomes of it in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kernel.replay import replay
from ledger.envelope import cosign, digest, opened, seal
from ledger.findings import Code, Findings
from ledger.keys import KeyDocument
from ledger.signing import Signer
from ledger.strict import keyid
from ledger.trust import Trust
from ledger.verify import Common, Level, Partition
from schemas import models as m
from schemas.kinds import EntryKind, Role
from schemas.reasons import ControlReason, Reason
from tests.build import BTC, LEDGER, SECOND, World, granted, signer

SDS, ACCOUNT = "sovereign", "paper-1"
DOUBT = Decimal("0.1")
OVERRIDE, MODIFY, ABORT = m.HumanChoice.OVERRIDE, m.HumanChoice.MODIFY, m.HumanChoice.ABORT
Waiting = tuple[World, m.FlowOpened, m.Envelope]


def key(world: World, who: str, role: Role, *, revoked: bool = False, bound: tuple[str, ...] = ()) -> None:
    """Enrol or revoke a key by the registry."""
    public = signer(who).public
    body = KeyDocument(public=public, role=role, bound=bound, revoked=revoked).body()
    version = "2" if revoked else "1"
    world.put("registry", world.document(m.DocumentKind.KEY, keyid(public).hex(), version, body))
    world.run()


def waiting(world: World | None = None, action: m.Action = m.Action.BUY, **changes: Any) -> Waiting:
    """One intent that waits for a person."""
    world = World() if world is None else world
    flow = world.flow()
    body = seal(world.intent(flow, action, **{"confidence": DOUBT} | changes), signer(SDS))
    world.propose(flow, body)
    world.run()
    assert world.verdict.verdict is m.Verdict.ESCALATED
    return world, flow, body


def two(limit: str) -> World:
    """A desk on which orders above ``limit`` take two persons, with two operators."""
    found = next(each for each in granted() if each.agent_id == SDS)
    law = replace(found.escalation, two_persons_above_usd=Decimal(limit))
    world = World(changed={SDS: {"escalation": law}})
    key(world, "second", Role.OPERATOR)
    return world


def act(
    world: World, flow: m.FlowOpened, body: m.Envelope, choice: m.HumanChoice, *by: Signer, **changes: Any
) -> str:
    """An act signed by each of ``by``; what the kernel said to it."""
    world.serials += 1
    said = m.HumanDecision(
        ledger=LEDGER, serial=world.serials, account=flow.account, dfid=flow.dfid, choice=choice,
        payload_digest=digest(body), price_shown=flow.snapshot.instruments[0].mid,
        valid_until=world.now + 60 * SECOND, explain_commitment=bytes(32),
    )  # fmt: skip
    envelope = seal(replace(said, **changes), by[0])
    for other in by[1:]:
        envelope = cosign(envelope, other)
    world.put("human.decisions", envelope)
    world.run()
    found = world.entries(EntryKind.HUMAN) or world.entries(EntryKind.REFUSAL)
    return Reason(found[0].reason).name


def status(world: World, flow: m.FlowOpened) -> m.FlowStatus:
    return world.kernel.state.flows[flow.dfid].status


def verified(world: World) -> dict[str, int]:
    """What the offline verifier finds at its strictest level."""
    for _ in range(2):
        world.tick(2)
        world.run()
    findings = Findings()
    trust = Trust(ledger=LEDGER, operator="interlock.test", roots=(signer("root").public,), witnesses=())
    common = Common(level=Level.EVIDENCE, findings=findings, anchors=[], trust=trust)
    Partition(source="test", common=common).read(world.ledger)
    return dict(findings.counts)


def test_an_escalation_shows_the_exact_payload_and_what_it_would_change() -> None:
    world, _, body = waiting()
    (shown,) = world.told(m.Escalation)
    assert (shown.agent_id, shown.body, shown.persons) == (SDS, body, 1)
    assert digest(shown.body) == shown.payload_digest
    price = opened(body, m.Intent).limit_price
    assert price is not None
    assert shown.diff == m.HoldingDiff(
        instrument=BTC, quantity_before=Decimal(0), quantity_after=Decimal("0.5"),
        cash_before=Decimal(100_000), cash_after=Decimal(100_000) - price / 2,
        exposure_before=Decimal(0), exposure_after=price / 2,
    )  # fmt: skip


def test_the_diff_of_leaving_takes_the_holding_off() -> None:
    world = World()
    order = world.bought("0.5")
    world.quote(BTC, "4001", "4000")
    flow = world.flow()
    world.propose(flow, world.intent(flow, m.Action.CLOSE))
    world.run()
    diff = world.told(m.Escalation)[0].diff
    assert (diff.quantity_before, diff.quantity_after) == (Decimal("0.5"), Decimal(0))
    assert diff.exposure_before == order.quantity * order.limit_price  # no mark has folded yet: at cost
    assert diff.exposure_after == 0
    assert diff.cash_after == diff.cash_before + Decimal(4001) / 2


def test_a_report_that_asks_for_a_person_shows_itself_and_changes_nothing() -> None:
    world = World()
    flow = world.flow()
    world.propose(flow, world.report(flow, SDS, m.ReportKind.ESCALATE))
    world.run()
    (shown,) = world.told(m.Escalation)
    assert (shown.agent_id, shown.diff, shown.persons) == (SDS, None, 1)
    assert shown.body is not None


def test_above_the_limit_one_person_is_not_enough_and_two_are() -> None:
    world, flow, body = waiting(two("2000"))
    assert world.told(m.Escalation)[0].persons == 2
    assert act(world, flow, body, OVERRIDE, signer("operator")) == "APPROVAL_MISMATCH"
    assert status(world, flow) is m.FlowStatus.ESCALATED
    assert act(world, flow, body, OVERRIDE, signer("operator"), signer("second")) == "NONE"
    assert (world.verdict.verdict, status(world, flow)) == (m.Verdict.ACCEPTED, m.FlowStatus.EXECUTING)
    world.receipt(world.order, m.ReceiptStatus.FILLED)
    world.run()
    assert replay(world.ledger).identical
    assert verified(world) == {Code.UNANCHORED.name: 1}


def test_the_limit_itself_takes_one_person_and_a_modified_quantity_does_not_lower_it() -> None:
    worth = str(Decimal("4005.00") / 2)
    world, flow, body = waiting(two(worth))
    assert world.told(m.Escalation)[0].persons == 1
    assert act(world, flow, body, OVERRIDE, signer("operator")) == "NONE"
    world, flow, body = waiting(two(str(Decimal(worth) - 1)))
    small = {"quantity": Decimal("0.01")}
    assert act(world, flow, body, MODIFY, signer("operator"), **small) == "APPROVAL_MISMATCH"
    assert act(world, flow, body, MODIFY, signer("operator"), signer("second"), **small) == "NONE"


def test_one_person_may_always_abort_and_always_get_out() -> None:
    world, flow, body = waiting(two("1"))
    assert act(world, flow, body, ABORT, signer("operator")) == "NONE"
    assert status(world, flow) is m.FlowStatus.ABORTED
    world = two("100000")
    world.bought("0.5")
    world.quote(BTC, "4001", "4000")
    flow = world.flow()
    body = seal(world.intent(flow, m.Action.CLOSE), signer(SDS))
    world.propose(flow, body)
    world.run()
    assert world.told(m.Escalation)[0].persons == 1
    world.quote(BTC, "4000", "4001")
    assert act(world, flow, body, OVERRIDE, signer("operator")) == "NONE"
    assert world.verdict.verdict is m.Verdict.ACCEPTED


@pytest.mark.parametrize("who", ["stranger", "watch", "sovereign"])
def test_a_second_signature_must_be_an_operators(who: str) -> None:
    world, flow, body = waiting(two("2000"))
    assert act(world, flow, body, OVERRIDE, signer("operator"), signer(who)) == "KEY_NOT_VALID"
    assert world.entries(EntryKind.HUMAN) == []
    assert status(world, flow) is m.FlowStatus.ESCALATED


def test_a_second_signature_that_is_broken_binds_nobody() -> None:
    world, flow, body = waiting(two("2000"))
    world.serials += 1
    said = m.HumanDecision(
        ledger=LEDGER, serial=world.serials, account=ACCOUNT, dfid=flow.dfid, choice=OVERRIDE,
        payload_digest=digest(body), price_shown=Decimal(4000), valid_until=world.now + SECOND,
        explain_commitment=bytes(32),
    )  # fmt: skip
    signed = cosign(seal(said, signer("operator")), signer("second"))
    spoilt = replace(signed.signatures[1], sig=bytes(64))
    world.put("human.decisions", replace(signed, signatures=(signed.signatures[0], spoilt)))
    world.run()
    assert [Reason(each.reason).name for each in world.entries(EntryKind.REFUSAL)] == ["BAD_SIGNATURE"]


def test_both_numbers_are_used_up_by_an_act_of_two() -> None:
    world, flow, body = waiting(two("2000"))
    assert act(world, flow, body, OVERRIDE, signer("operator"), signer("second"), serial=70) == "NONE"
    world.receipt(world.order, m.ReceiptStatus.DECLINED)
    world.run()
    _, flow, body = waiting(world)
    for who in ("operator", "second"):
        assert act(world, flow, body, ABORT, signer(who), serial=70) == "APPROVAL_EXPIRED"
    assert act(world, flow, body, ABORT, signer("second"), serial=71) == "NONE"


def test_an_override_that_names_another_quantity_was_not_meant_so() -> None:
    world, flow, body = waiting()
    found = act(world, flow, body, OVERRIDE, signer("operator"), quantity=Decimal("0.2"))
    assert found == "APPROVAL_MISMATCH"
    assert act(world, flow, body, OVERRIDE, signer("operator"), quantity=Decimal("0.5")) == "NONE"


@pytest.mark.parametrize(
    ("quantity", "wanted"),
    [("0", "APPROVAL_MISMATCH"), ("0.5", "NONE"), ("0.500000000000000001", "APPROVAL_MISMATCH")],
)
def test_modify_takes_something_and_never_more(quantity: str, wanted: str) -> None:
    world, flow, body = waiting()
    assert act(world, flow, body, MODIFY, signer("operator"), quantity=Decimal(quantity)) == wanted


def test_an_act_holds_to_its_last_moment_and_no_longer() -> None:
    world, flow, body = waiting()
    world.tick(10)
    world.quote(BTC, "4000", "4001")
    world.run()
    late = act(world, flow, body, OVERRIDE, signer("operator"), valid_until=world.now - 1)
    assert late == "APPROVAL_EXPIRED"
    assert act(world, flow, body, OVERRIDE, signer("operator"), valid_until=world.now) == "NONE"
    assert world.verdict.verdict is m.Verdict.ACCEPTED


def test_a_person_may_take_longer_than_the_agents_own_validity() -> None:
    world, flow, body = waiting(valid_until=World().now + 5 * SECOND)
    world.tick(60)
    world.quote(BTC, "4000", "4001")
    assert act(world, flow, body, OVERRIDE, signer("operator")) == "NONE"
    assert world.verdict.verdict is m.Verdict.ACCEPTED


def test_drift_is_measured_from_the_price_the_person_saw() -> None:
    world, flow, body = waiting(limit_price=Decimal(4100), stop=Decimal(3900), target_price=Decimal(4500))
    world.quote(BTC, "4080", "4081")
    shown = {"price_shown": Decimal("4080.5")}
    assert act(world, flow, body, OVERRIDE, signer("operator"), **shown) == "NONE"
    assert world.verdict.verdict is m.Verdict.ACCEPTED
    assert replay(world.ledger).identical


SPOIL: dict[str, Callable[[World], object]] = {
    "TRADING_HALTED": lambda world: world.control(m.Verb.HALT),
    "AGENT_SUSPENDED": lambda world: world.control(m.Verb.SUSPEND, agent_id=SDS),
    "AGENT_PASSIVE": lambda world: world.control(
        m.Verb.SUSPEND, agent_id=SDS, standing=m.Standing.PASSIVE
    ),
    "NO_LIVE_PRICE": lambda world: world.quote(BTC, "4001", "4000"),
    "INSUFFICIENT_FUNDS": lambda world: world.control(
        m.Verb.WITHDRAW, account=ACCOUNT, amount=Decimal(97_994)
    ),
    "KEY_NOT_VALID": lambda world: key(world, SDS, Role.AGENT, revoked=True, bound=(SDS,)),
}  # fmt: skip


@pytest.mark.parametrize("reason", SPOIL)
def test_an_override_that_a_gate_refuses_ends_the_flow_and_leaves_nothing_hanging(reason: str) -> None:
    wide = next(each for each in granted() if each.agent_id == SDS)
    roomy = replace(wide.limits, max_single_trade_pct=Decimal(1), max_position_pct=Decimal(1))
    world, flow, body = waiting(World(changed={SDS: {"limits": roomy}}))
    SPOIL[reason](world)
    world.run()
    assert act(world, flow, body, OVERRIDE, signer("operator")) == "NONE"
    (decision,) = world.entries(EntryKind.DECISION)
    assert (Reason(decision.reason).name, decision.flow_status) == (reason, m.FlowStatus.REJECTED)
    left = world.kernel.state.flows[flow.dfid]
    assert (left.final, left.approval, left.held, left.steps) == (True, None, None, {})
    world.propose(flow, body)
    world.run()
    assert world.told(m.Envelope) == []
    assert act(world, flow, body, ABORT, signer("operator")) == "FLOW_CLOSED"
    assert replay(world.ledger).identical
    assert verified(world) == {Code.UNANCHORED.name: 1}


def test_an_approval_passes_escalation_only_and_no_refusal_of_gate_4() -> None:
    world = World()
    world.control(m.Verb.SUSPEND, agent_id=SDS, standing=m.Standing.ESCALATION_ONLY)
    world.run()
    assert [ControlReason(each.reason) for each in world.entries(EntryKind.CONTROL)] == [ControlReason.FOLDED]
    world, flow, body = waiting(world, confidence=Decimal("0.9"))
    assert act(world, flow, body, OVERRIDE, signer("operator")) == "NONE"
    assert world.verdict.verdict is m.Verdict.ACCEPTED


def test_an_act_counts_no_attempt_and_no_rate() -> None:
    world, flow, body = waiting()
    before = len(world.kernel.state.agent(ACCOUNT, SDS).admitted)
    tokens = dict(world.kernel.state.flows[flow.dfid].tokens)
    assert act(world, flow, body, OVERRIDE, signer("operator")) == "NONE"
    assert len(world.kernel.state.agent(ACCOUNT, SDS).admitted) == before
    assert world.kernel.state.flows[flow.dfid].tokens == tokens
