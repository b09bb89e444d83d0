"""A flow that fails half-way: what counts as that, what the contract has the kernel do, who may end it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kernel import consumer, snapshot
from kernel.entries import next_entry
from kernel.failure import failed_half_way
from kernel.fold import fold
from kernel.replay import replay
from kernel.state.accounts import Order
from kernel.state.whole import State
from ledger.chain import Head
from ledger.envelope import opened, seal
from ledger.findings import Code, Findings
from ledger.six import six
from ledger.trust import Trust
from ledger.verify import Common, Level, Partition
from rules.contract import Compensation
from schemas import models as m
from schemas.kinds import EntryKind
from schemas.reasons import Reason
from tests.build import ACCOUNT, BTC, ETH, LEDGER, World, identity, new_kernel, signer

BUY, SELL, CLOSE, HOLD = m.Action.BUY, m.Action.SELL, m.Action.CLOSE, m.Action.HOLD
S, Tif = m.ReceiptStatus, m.TimeInForce
HALF, WHOLE_ORDER = Decimal("0.2"), Decimal("0.5")


def world_of(policy: Compensation) -> World:
    return World(changed={"sovereign": {"compensation": policy}})


def ordered(world: World, action: m.Action = BUY, **changes: Any) -> tuple[m.FlowOpened, m.KernelIntent]:
    """An accepted order that is to be worked until its time."""
    flow = world.flow(instrument=changes.pop("instrument", BTC))
    world.propose(flow, world.intent(flow, action, time_in_force=Tif.GTT, **changes))
    world.run()
    assert world.verdict.verdict is m.Verdict.ACCEPTED, world.verdict
    return flow, world.order


def failed(world: World, status: m.ReceiptStatus = S.EXPIRED) -> tuple[m.FlowOpened, m.KernelIntent]:
    """A purchase of 0.5 of which 0.2 was filled before it ended."""
    flow, order = ordered(world)
    world.receipt(order, status, HALF, Decimal(4000), fee="0.8")
    world.run()
    return flow, order


def orders(world: World) -> list[m.KernelIntent]:
    return [opened(each, m.KernelIntent) for each in world.told(m.Envelope)]


def view(world: World) -> m.AccountView:
    return world.views[ACCOUNT].view


def flow_of(world: World, flow: m.FlowOpened) -> Any:
    return world.kernel.state.flows[flow.dfid]


def sound(world: World) -> None:
    """The ledger replays to the digit, and verifies at every level."""
    found = replay(world.ledger)
    assert (found.differences, found.stopped) == ([], "")
    world.tick(2)
    world.run()
    world.run()
    trust = Trust(ledger=LEDGER, operator="interlock.test", roots=(signer("root").public,), witnesses=())
    for level in Level:
        findings = Findings()
        common = Common(level=level, findings=findings, anchors=[], trust=trust)
        Partition(source="test", common=common).read(world.ledger)
        assert findings.counts == {Code.UNANCHORED.name: 1}, findings.kept


@pytest.mark.parametrize(
    ("status", "tif", "filled", "before", "fails"),
    [
        (S.EXPIRED, Tif.GTT, "0.2", False, True),
        (S.CANCELLED, Tif.GTT, "0.2", False, True),
        (S.DECLINED, Tif.GTT, "0.2", False, True),
        (S.PARTIAL, Tif.GTT, "0.2", False, False),  # it is still being worked
        (S.UNKNOWN, Tif.GTT, "0.2", False, False),  # nobody knows yet
        (S.SENT, Tif.GTT, "0", True, False),
        (S.CANCELLED, Tif.IOC, "0.2", False, False),  # the rest of an immediate order was to go
        (S.PARTIAL, Tif.IOC, "0.2", True, False),
        (S.EXPIRED, Tif.IOC, "0.2", False, False),
        (S.DECLINED, Tif.IOC, "0.2", False, True),
        (S.NOT_SENT, Tif.IOC, "0.2", False, True),
        (S.FILLED, Tif.IOC, "0.2", False, True),
        (S.FILLED, Tif.IOC, "0.5", True, False),
        (S.CANCELLED, Tif.GTT, "0.5", False, False),  # all of it was done
        (S.DECLINED, Tif.IOC, "0", False, False),
        (S.NOT_SENT, Tif.GTT, "0", False, False),
        (S.DECLINED, Tif.IOC, "0", True, True),
        (S.NOT_SENT, Tif.IOC, "0", True, True),
        (S.EXPIRED, Tif.IOC, "0", True, True),
    ],
)
def test_what_a_failure_half_way_is(
    status: m.ReceiptStatus, tif: m.TimeInForce, filled: str, before: bool, fails: bool
) -> None:
    order = Order(
        dfid=bytes(16), step_id="s2", agent_id="a", action=BUY, side="BUY", instrument=BTC, stop=None,
        quantity=WHOLE_ORDER, cash=Decimal(0), time_in_force=tif, valid_until=0, target_price=None,
    )  # fmt: skip
    receipt = m.Receipt(
        ledger=LEDGER, account=ACCOUNT, dfid=bytes(16), key=bytes(32), venue="v", status=status,
        quantity=Decimal(filled), average_price=Decimal(1), fee=Decimal(0), raw_hash=bytes(32), attempt=1,
        at=0,
    )  # fmt: skip
    assert failed_half_way(receipt, order, traded_before=before) is fails


def test_the_rest_of_an_immediate_order_leaves_a_clean_account() -> None:
    world = world_of(Compensation.REVERT)
    flow = world.flow()
    world.propose(flow, world.intent(flow))
    world.run()
    world.receipt(world.order, S.CANCELLED, HALF, Decimal(4000))
    world.run()
    assert (view(world).dirty, flow_of(world, flow).dirty) == (False, False)
    assert flow_of(world, flow).status is m.FlowStatus.CLOSED
    assert (orders(world), world.told(m.Escalation)) == ([], [])
    sound(world)


def test_revert_sells_what_the_flow_bought_and_the_account_waits_for_a_person() -> None:
    world = world_of(Compensation.REVERT)
    version = view(world).version
    flow, first = failed(world)
    (order,) = orders(world)
    (entry,) = world.entries(EntryKind.RECEIPT)
    assert (entry.flow_status, view(world).dirty) == (m.FlowStatus.ABORTED, True)
    assert view(world).version > version
    assert (order.step_id, order.side, order.quantity) == ("comp-1", "SELL", HALF)
    assert order.limit_price == Decimal(3980)  # 50 bps of the middle below the bid, on the tick inside it
    assert order.key != first.key
    assert view(world).positions[0].reserved == HALF
    assert world.told(m.Escalation) == []
    world.receipt(order, S.FILLED, price=Decimal(3999), fee="0.8")
    world.run()
    assert (view(world).positions, view(world).open_intents) == ((), 0)
    assert view(world).cash == Decimal("99998.2")  # 0.2 lost on the price of 0.2, 1.6 paid in fees
    assert (view(world).dirty, flow_of(world, flow).status) == (True, m.FlowStatus.ABORTED)
    assert world.entries(EntryKind.RECEIPT)[0].flow_status is m.FlowStatus.ABORTED
    assert world.told(m.Escalation) == []
    sound(world)


def test_the_six_answers_show_what_was_ruled_to_put_it_right() -> None:
    world = world_of(Compensation.REVERT)
    flow, _ = failed(world)
    told = six(world.ledger, flow.dfid).answers["ruled"][-1]
    assert (told["step"], told["verdict"], told["quantity"]) == ("comp-1", "ACCEPTED", "0.2")


def test_revert_buys_back_what_the_flow_sold() -> None:
    world = world_of(Compensation.REVERT)
    world.bought()
    _, sale = ordered(world, SELL, stop=None, target_price=None)
    world.receipt(sale, S.EXPIRED, HALF, Decimal(4000))
    world.run()
    (order,) = orders(world)
    assert (order.action, order.side, order.quantity) == (BUY, "BUY", HALF)
    assert order.limit_price == Decimal("4021.00")  # around the live price: the snapshot's is not asked
    assert view(world).reserved_cash > HALF * order.limit_price
    world.receipt(order, S.FILLED, price=Decimal(4001))
    world.run()
    assert (view(world).positions[0].quantity, view(world).reserved_cash) == (WHOLE_ORDER, Decimal(0))
    sound(world)


def test_revert_leaves_alone_what_the_flow_did_not_buy() -> None:
    world = world_of(Compensation.REVERT)
    world.bought("0.3")
    failed(world)
    assert [(each.instrument, each.quantity) for each in orders(world)] == [(BTC, HALF)]
    assert view(world).positions[0].quantity == Decimal("0.5")
    sound(world)


def test_close_all_leaves_every_position_by_instrument() -> None:
    world = world_of(Compensation.CLOSE_ALL)
    world.bought("0.2", ETH)
    failed(world)
    found = [(each.step_id, each.action, each.instrument, each.quantity) for each in orders(world)]
    assert found == [("comp-1", CLOSE, BTC, HALF), ("comp-2", CLOSE, ETH, Decimal("0.2"))]
    for order in orders(world):
        world.receipt(order, S.FILLED)
    world.run()
    assert view(world).positions == ()
    sound(world)


def test_alert_human_is_one_escalation_and_nothing_else() -> None:
    world = world_of(Compensation.ALERT_HUMAN)
    flow, _ = failed(world)
    (told,) = world.told(m.Escalation)
    assert (told.dfid, told.agent_id, told.reason) == (flow.dfid, "sovereign", Reason.NONE)
    assert {each.name: each.value for each in told.facts} == {"ordered": WHOLE_ORDER, "filled": HALF}
    assert world.entries(EntryKind.RECEIPT)[0].compensations == ()
    assert (orders(world), view(world).dirty) == ([], True)
    sound(world)


def test_noop_marks_the_flow_and_leaves_the_account_free() -> None:
    world = world_of(Compensation.NOOP)
    flow, _ = failed(world)
    assert (flow_of(world, flow).dirty, view(world).dirty) == (True, False)
    assert (orders(world), world.told(m.Escalation)) == ([], [])
    sound(world)


@pytest.mark.parametrize(
    ("how", "reason"),
    [("halted", Reason.TRADING_HALTED), ("stale", Reason.STALE_MARK), ("busy", Reason.RESOURCE_CONTENTION)],
)
def test_a_refused_compensation_calls_a_person_and_leaves_the_account_dirty(how: str, reason: Reason) -> None:
    world = world_of(Compensation.REVERT)
    _, order = ordered(world)
    if how == "halted":
        world.control(m.Verb.HALT, account=ACCOUNT)
    elif how == "stale":
        world.tick(91)
    else:
        ordered(world, quantity=Decimal("0.1"))
    world.receipt(order, S.EXPIRED, HALF, Decimal(4000))
    world.run()
    (told,) = world.told(m.Escalation)
    (ruled,) = world.entries(EntryKind.RECEIPT)[0].compensations
    assert (told.reason, ruled.reason, ruled.verdict) == (reason, reason, m.Verdict.REJECTED)
    assert (ruled.intent, orders(world), view(world).dirty) == (None, [], True)
    if how != "stale":
        sound(world)


def test_a_compensation_without_the_right_is_refused_by_gate_7() -> None:
    changed = {"compensation": Compensation.CLOSE_ALL, "allowed_instruments": (BTC,)}
    world = World(changed={"sovereign": changed})
    bought = world.flow(("prover",), instrument=ETH)
    world.prove(bought, world.intent(bought))
    world.run()
    world.receipt(world.order, S.FILLED)
    world.run()
    failed(world)
    assert [each.reason for each in world.told(m.Escalation)] == [Reason.UNAUTHORIZED_INSTRUMENT]
    sound(world)


def test_closing_without_a_live_price_is_not_sent_and_calls_a_person() -> None:
    world = world_of(Compensation.CLOSE_ALL)
    _, order = ordered(world)
    world.quote(BTC, "0", "0")
    world.receipt(order, S.EXPIRED, HALF, Decimal(4000))
    world.run()
    (ruled,) = world.entries(EntryKind.RECEIPT)[0].compensations
    assert (ruled.verdict, ruled.reason) == (m.Verdict.ESCALATED, Reason.NO_LIVE_PRICE)
    assert [each.reason for each in world.told(m.Escalation)] == [Reason.NO_LIVE_PRICE]
    assert orders(world) == []
    sound(world)


@pytest.mark.parametrize("status", [S.CANCELLED, S.DECLINED, S.EXPIRED, S.NOT_SENT, S.PARTIAL])
def test_a_compensation_that_fails_is_not_compensated_again(status: m.ReceiptStatus) -> None:
    world = world_of(Compensation.REVERT)
    failed(world)
    part = Decimal("0.1") if status in (S.CANCELLED, S.PARTIAL) else None
    world.receipt(orders(world)[0], status, part)
    world.run()
    assert (orders(world), len(world.told(m.Escalation))) == ([], 1)
    assert (view(world).dirty, view(world).open_intents) == (True, 0)
    sound(world)


def test_a_redelivered_receipt_compensates_and_alerts_once() -> None:
    for policy in (Compensation.REVERT, Compensation.ALERT_HUMAN):
        world = world_of(policy)
        _, order = failed(world)
        sent = orders(world)
        world.receipt(order, S.EXPIRED, HALF, Decimal(4000), fee="0.8")
        for each in sent:
            world.receipt(each, S.FILLED)
            world.receipt(each, S.FILLED)
        world.run()
        assert (orders(world), world.told(m.Escalation)) == ([], [])
        sound(world)


def test_an_outcome_nobody_knows_calls_a_person() -> None:
    world = world_of(Compensation.REVERT)
    flow, order = ordered(world)
    world.receipt(order, S.UNKNOWN)
    world.run()
    assert flow_of(world, flow).status is m.FlowStatus.SUSPENDED
    assert [each.dfid for each in world.told(m.Escalation)] == [flow.dfid]


def test_settling_an_order_that_was_filled_in_part_admits_the_failure() -> None:
    world = world_of(Compensation.REVERT)
    flow, order = ordered(world)
    world.receipt(order, S.PARTIAL, HALF, Decimal(4000))
    world.receipt(order, S.UNKNOWN, HALF, Decimal(4000))
    world.run()
    world.control(m.Verb.SETTLE, account=ACCOUNT, target=order.key)
    world.run()
    assert (flow_of(world, flow).status, flow_of(world, flow).dirty) == (m.FlowStatus.ABORTED, True)
    assert (orders(world), view(world).dirty, view(world).reserved_cash) == ([], True, Decimal(0))
    sound(world)


def test_a_dirty_account_takes_only_reducing_actions_until_an_operator_clears_it() -> None:
    world = world_of(Compensation.ALERT_HUMAN)
    failed(world)

    def ruled(action: m.Action, **changes: Any) -> tuple[m.Verdict, int]:
        flow = world.flow()
        world.propose(flow, world.intent(flow, action, **changes))
        world.run()
        return world.verdict.verdict, world.verdict.reason

    assert ruled(BUY, quantity=Decimal("0.1")) == (m.Verdict.REJECTED, Reason.REDUCING_ONLY)
    assert ruled(HOLD) == (m.Verdict.ACCEPTED, Reason.NONE)
    assert ruled(CLOSE) == (m.Verdict.ACCEPTED, Reason.NONE)
    world.receipt(world.order, S.FILLED)
    world.run()
    world.control(m.Verb.CLEAR, account=ACCOUNT, agent_id="sovereign")  # of one agent's breaker
    world.run()
    assert ruled(BUY, quantity=Decimal("0.1")) == (m.Verdict.REJECTED, Reason.REDUCING_ONLY)
    world.control(m.Verb.CLEAR, by="watch", account=ACCOUNT)
    world.run()
    assert view(world).dirty
    version = view(world).version
    world.control(m.Verb.CLEAR, account=ACCOUNT)
    world.run()
    assert (view(world).dirty, view(world).version) == (False, version + 1)
    assert ruled(BUY, quantity=Decimal("0.1")) == (m.Verdict.ACCEPTED, Reason.NONE)
    sound(world)


def test_no_flow_may_name_a_step_as_the_kernel_names_its_own() -> None:
    world = World()
    flow = world.flow(steps=("comp-1",))
    world.propose(flow, world.intent(flow, step_id="comp-1"))
    world.run()
    assert [each.reason for each in world.entries(EntryKind.REFUSAL)] == [Reason.MALFORMED]


@pytest.mark.parametrize("every", [3, 2_000])
def test_a_kernel_killed_in_the_middle_compensates_as_if_it_had_never_stopped(
    every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "SNAPSHOT_EVERY", every)
    world = world_of(Compensation.CLOSE_ALL)
    world.bought("0.2", ETH)
    _, order = ordered(world)
    restarted(world)
    world.receipt(order, S.EXPIRED, HALF, Decimal(4000))
    world.run()
    sent = orders(world)
    assert len(sent) == 2
    restarted(world)
    world.receipt(sent[0], S.FILLED)
    world.run()
    restarted(world)
    world.receipt(sent[1], S.DECLINED)
    world.run()
    assert (view(world).dirty, len(world.told(m.Escalation))) == (True, 1)
    restarted(world)
    sound(world)


def restarted(world: World) -> None:
    """Another kernel on what was committed: its state is the one folded from the first entry on."""
    for output in world.kernel.closing(world.now):
        world._committed(output)
    before = texts(world.kernel.state)
    world.restart()
    assert texts(world.kernel.state) == before
    state, head = State(identity()), Head(ledger=LEDGER, partition=0)
    for value in world.ledger:
        entry = next_entry(head, value)
        fold(state, entry.kind, entry.body, entry.seq)
        head = entry.head
    assert texts(state) == before
    world.run()


def texts(state: State) -> dict[str, bytes]:
    return snapshot.texts(state)


@pytest.mark.parametrize("what", ["mark", "quantity", "verdict", "gone", "status"])
def test_replay_names_a_compensation_that_was_changed(what: str) -> None:
    world = world_of(Compensation.REVERT)
    failed(world)

    def change(kind: EntryKind, body: Any) -> Any:
        if kind is not EntryKind.RECEIPT:
            return body
        (ruled,) = body.compensations
        changed = {
            "mark": replace(ruled, mark=replace(ruled.mark, bid=Decimal(3990))),
            "quantity": replace(ruled, quantity=Decimal("0.1")),
            "verdict": replace(ruled, verdict=m.Verdict.REJECTED, reason=int(Reason.STALE_MARK)),
        }
        if what == "status":
            return replace(body, flow_status=m.FlowStatus.CLOSED)
        return replace(body, compensations=() if what == "gone" else (changed[what],))

    old, new, values = new_kernel().head, Head(ledger=LEDGER, partition=0), []
    for value in world.ledger:
        entry = next_entry(old, value)
        old = entry.head
        new, written = new.append(entry.kind, change(entry.kind, entry.body), entry.head.ts)
        values.append(written)
    found = replay(values)
    assert [each.kind for each in found.differences][:1] == ["RECEIPT"]


def test_the_verifier_names_a_compensation_of_another_account_key_or_signer() -> None:
    for change, code in (
        ({"account": "paper-9"}, Code.FOREIGN_ACCOUNT),
        ({"key": bytes(32)}, Code.KEY_MISMATCH),
        ({}, Code.KEY_WRONG_ROLE),
    ):
        world = world_of(Compensation.REVERT)
        failed(world)
        old, new, values = new_kernel().head, Head(ledger=LEDGER, partition=0), []
        for value in world.ledger:
            entry = next_entry(old, value)
            old, body = entry.head, entry.body
            if entry.kind is EntryKind.RECEIPT:
                (ruled,) = body.compensations
                order = replace(opened(ruled.intent, m.KernelIntent), **change)
                by = signer("kernel-intent" if change else "operator")
                body = replace(body, compensations=(replace(ruled, intent=seal(order, by)),))
            new, written = new.append(entry.kind, body, entry.head.ts)
            values.append(written)
        findings = Findings()
        common = Common(level=Level.EVIDENCE, findings=findings, anchors=[], trust=None)
        Partition(source="test", common=common).read(values)
        assert code.name in findings.counts, (code, findings.counts)
