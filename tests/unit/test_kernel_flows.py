"""One flow's life through the kernel: what ends it, what re-opens it, what time does to it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from interlock.grants import contracts as shipped
from kernel.entries import next_entry
from kernel.replay import replay
from ledger.envelope import opened, seal
from ledger.findings import Code, Findings
from ledger.trust import Trust
from ledger.verify import Common, Level, Partition
from rules.contract import Cutoff
from schemas import models as m
from schemas.kinds import EntryKind
from schemas.reasons import ControlReason, LaneReason, QuarantineReason, Reason
from tests.build import BTC, ETH, LEDGER, NOW, SECOND, World, new_kernel, signer

BUY, HOLD, HALT, CLOSE = m.Action.BUY, m.Action.HOLD, m.Action.HALT, m.Action.CLOSE


def status(world: World, flow: m.FlowOpened) -> m.FlowStatus:
    return world.kernel.state.flows[flow.dfid].status


def identical(world: World) -> None:
    found = replay(world.ledger)
    assert (found.differences, found.stopped) == ([], "")


def test_a_new_ledger_begins_with_genesis_its_shapes_and_an_epoch() -> None:
    world = World()
    kinds = [entry.kind for entry in read(world)]
    first = kinds.index(EntryKind.BATCH)
    assert kinds[0] is EntryKind.GENESIS
    assert set(kinds[1:first]) == {EntryKind.SCHEMA}
    assert kinds[first + 1] is EntryKind.EPOCH


def read(world: World) -> list[Any]:
    head, found = new_kernel().head, []
    for value in world.ledger:
        entry = next_entry(head, value)
        head = entry.head
        found.append(entry)
    return found


def test_an_accepted_buy_reserves_and_a_receipt_settles() -> None:
    world = World()
    flow = world.flow()
    world.propose(flow, world.intent(flow))
    world.run()
    order, view = world.order, world.views["paper-1"].view
    assert (view.open_intents, status(world, flow)) == (1, m.FlowStatus.EXECUTING)
    assert view.cash + view.reserved_cash == Decimal(100000)
    assert view.reserved_cash > order.quantity * order.limit_price
    world.receipt(order, m.ReceiptStatus.SENT)
    world.receipt(order, m.ReceiptStatus.FILLED, price=Decimal(4000), fee="2")
    world.run()
    record = world.views["paper-1"]
    assert (record.view.cash, record.view.reserved_cash) == (Decimal(97998), Decimal(0))
    assert (record.view.positions[0].total_cost, record.fees) == (Decimal(2000), Decimal(2))
    assert status(world, flow) is m.FlowStatus.CLOSED
    identical(world)


def test_a_declined_order_gives_everything_back_and_aborts() -> None:
    world = World()
    flow = world.flow()
    world.propose(flow, world.intent(flow))
    world.run()
    world.receipt(world.order, m.ReceiptStatus.DECLINED)
    world.run()
    assert world.views["paper-1"].view.cash == Decimal(100000)
    assert status(world, flow) is m.FlowStatus.ABORTED


def test_a_partly_filled_order_that_was_cancelled_closes_its_flow() -> None:
    world = World()
    flow = world.flow()
    world.propose(flow, world.intent(flow))
    world.run()
    world.receipt(world.order, m.ReceiptStatus.CANCELLED, Decimal("0.2"), Decimal(4000))
    world.run()
    view = world.views["paper-1"].view
    assert (view.cash, view.positions[0].quantity) == (Decimal(99200), Decimal("0.2"))
    assert status(world, flow) is m.FlowStatus.CLOSED
    identical(world)


def test_an_unknown_outcome_keeps_the_reservation_until_an_operator_settles() -> None:
    world = World()
    flow = world.flow()
    world.propose(flow, world.intent(flow))
    world.run()
    order = world.order
    world.receipt(order, m.ReceiptStatus.UNKNOWN)
    world.receipt(order, m.ReceiptStatus.UNKNOWN)
    world.run()
    (told,) = world.told(m.Escalation)
    assert (told.dfid, told.facts[0].value) == (flow.dfid, order.quantity)
    world.tick(4000)
    world.run()
    assert status(world, flow) is m.FlowStatus.SUSPENDED
    assert world.kernel.state.accounts["paper-1"].reserved_cash > 0
    world.control(m.Verb.SETTLE, account="paper-1", target=order.key)
    world.run()
    assert world.views["paper-1"].view.cash == Decimal(100000)
    identical(world)


def test_a_receipt_told_twice_moves_money_once() -> None:
    world = World()
    order = world.bought()
    before = world.views["paper-1"]
    world.receipt(order, m.ReceiptStatus.FILLED)
    world.run()
    assert len(world.entries(EntryKind.RECEIPT)) == 1
    assert world.views["paper-1"] == before
    identical(world)


def test_a_receipt_of_nobody_is_refused() -> None:
    world = World()
    order = world.bought()
    said = {"key": bytes(32)}
    world.receipt(order, m.ReceiptStatus.FILLED, **said)
    world.run()
    assert world.entries(EntryKind.RECEIPT) == []
    assert [each.reason for each in world.told(m.Quarantined)] == [QuarantineReason.MALFORMED.name]


def test_a_curable_refusal_reopens_and_the_next_attempt_may_pass() -> None:
    world = World()
    flow = world.flow(signal="again")
    world.quote(BTC, "4021", "4022")
    world.propose(flow, world.intent(flow))
    world.run()
    assert (world.verdict.reason, world.verdict.reopens) == (Reason.STALE_CONTEXT, True)
    second = world.flow(signal="again", attempt=2)
    world.propose(second, world.intent(second))
    world.run()
    assert world.verdict.verdict is m.Verdict.ACCEPTED
    identical(world)


def test_the_last_curable_refusal_exhausts_the_flow_and_asks_a_person_once() -> None:
    world = World()
    for attempt in (1, 2, 3):
        flow = world.flow(signal="again", attempt=attempt)
        price = 4000 + 25 * attempt
        world.quote(BTC, str(price), str(price + 1))
        world.propose(flow, world.intent(flow))
        world.run()
    assert [each.flow_status for each in world.entries(EntryKind.ESCALATION)] == [m.FlowStatus.ESCALATED]
    assert len(world.told(m.Escalation)) == 1
    assert status(world, flow) is m.FlowStatus.ESCALATED
    identical(world)


def test_without_a_token_an_exhausted_flow_aborts_and_its_agent_turns_passive() -> None:
    sovereign = next(each for each in shipped() if each.agent_id == "sovereign")
    none = replace(sovereign.escalation, budget_per_hour=0)
    world = World(changed={"sovereign": {"max_attempts": 1, "escalation": none}})
    flow = world.flow()
    world.quote(BTC, "4025", "4026")
    world.propose(flow, world.intent(flow))
    world.run()
    assert status(world, flow) is m.FlowStatus.ABORTED
    assert [each.standing for each in world.views["paper-1"].view.standings] == [m.Standing.PASSIVE]
    identical(world)


def test_a_redelivered_proposal_gets_its_prior_answer_and_no_second_order() -> None:
    world = World()
    flow = world.flow()
    intent = world.intent(flow)
    world.propose(flow, intent)
    world.run()
    key = world.order.key
    world.propose(flow, intent)
    world.run()
    found = world.verdict
    assert (found.verdict, found.outcome, found.intent_key) == (m.Verdict.DUPLICATE, "PENDING", key)
    assert world.told(m.Envelope) == []
    identical(world)


def test_the_same_order_signed_anew_is_a_duplicate_too() -> None:
    world = World()
    flow = world.flow()
    world.propose(flow, world.intent(flow))
    world.run()
    world.propose(flow, world.intent(flow, confidence=Decimal("0.91")))
    world.run()
    assert world.verdict.verdict is m.Verdict.DUPLICATE


def test_a_flow_nobody_answers_in_time_is_aborted_by_the_clock() -> None:
    world = World()
    flow = world.flow(signal="again")
    world.quote(BTC, "4025", "4026")
    world.propose(flow, world.intent(flow))
    world.run()
    world.tick(601)
    world.run()
    (ended,) = world.entries(EntryKind.ESCALATION)
    assert (ended.flow_status, ended.reason) == (m.FlowStatus.ABORTED, Reason.TTL_EXPIRED)
    identical(world)


def test_reports_close_escalate_or_abort() -> None:
    cases = {
        (m.ReportKind.NO_PROPOSAL, LaneReason.NO_EDGE): m.FlowStatus.CLOSED,
        (m.ReportKind.ESCALATE, LaneReason.ESCALATED): m.FlowStatus.ESCALATED,
        (m.ReportKind.REFUSED, LaneReason.COMPLIANT_LIE_SUSPECTED): m.FlowStatus.ESCALATED,
        (m.ReportKind.REFUSED, LaneReason.LOW_MASS): m.FlowStatus.ABORTED,
    }
    world = World()
    for (kind, reason), wanted in cases.items():
        flow = world.flow()
        world.propose(flow, world.report(flow, "sovereign", kind, reason))
        world.run()
        assert (world.verdict.verdict, world.verdict.flow_status) == (m.Verdict.REPORTED, wanted)
    identical(world)


def test_the_selector_may_say_that_nobody_answered() -> None:
    world = World()
    flow = world.flow(("strategy", "risk"))
    world.propose(flow, world.report(flow, "selector", m.ReportKind.REFUSED, LaneReason.NO_ANSWER))
    world.run()
    assert (world.verdict.agent_id, status(world, flow)) == ("selector", m.FlowStatus.ABORTED)


def test_a_halt_wins_its_window_and_latches_until_its_time() -> None:
    world = World()
    flow = world.flow(("strategy", "risk"))
    window = world.window(flow, [world.intent(flow), world.intent(flow, HALT, agent_id="risk")])
    world.propose(flow, window)
    world.run()
    assert (world.verdict.action, world.verdict.verdict) == (HALT, m.Verdict.ACCEPTED)
    assert world.views["paper-1"].view.trading_state is m.TradingState.HALTED
    world.tick(1800)
    world.quote(BTC, "4000", "4001")
    world.run()
    assert world.views["paper-1"].view.trading_state is m.TradingState.ACTIVE
    identical(world)


def test_a_late_halt_latches_cancels_what_is_unsent_and_leaves_its_flow_alone() -> None:
    world = World()
    flow = world.flow(("strategy", "risk"))
    buy, hold = world.intent(flow), world.report(flow, "risk")
    world.propose(flow, world.window(flow, [buy, hold]))
    world.run()
    order = world.order
    halt = world.intent(flow, HALT, agent_id="risk")
    world.propose(flow, world.window(flow, [halt], m.WindowKind.LATE))
    world.run()
    cancel = world.order
    assert (cancel.action, cancel.cancels) == (m.Action.CANCEL, order.key)
    assert status(world, flow) is m.FlowStatus.EXECUTING
    assert world.views["paper-1"].view.trading_state is m.TradingState.HALTED
    identical(world)


def test_a_halt_on_one_instrument_leaves_the_others_open() -> None:
    world = World()
    flow = world.flow(("risk", "strategy"))
    halt = world.intent(flow, HALT, instrument=BTC)
    world.propose(flow, world.window(flow, [halt, world.intent(flow, HOLD, agent_id="strategy")]))
    world.run()
    assert world.views["paper-1"].view.halted_instruments == (BTC,)
    other = world.flow(instrument=ETH)
    world.propose(other, world.intent(other))
    world.run()
    assert world.verdict.verdict is m.Verdict.ACCEPTED


def test_leaving_passes_breakers_rates_and_reducing_only() -> None:
    sovereign = next(each for each in shipped() if each.agent_id == "sovereign")
    once = replace(sovereign.budget, proposals_per_window=1)
    world = World(changed={"sovereign": {"budget": once}})
    world.bought()
    world.control(m.Verb.REDUCE)
    world.run()
    flow = world.flow()
    world.propose(flow, world.intent(flow, CLOSE))
    world.run()
    assert (world.verdict.verdict, world.order.side) == (m.Verdict.ACCEPTED, "SELL")
    identical(world)


def test_closing_without_a_live_price_asks_a_person() -> None:
    world = World()
    world.bought()
    flow = world.flow()
    world.quote(BTC, "4001", "4000")
    world.propose(flow, world.intent(flow, CLOSE))
    world.run()
    assert (world.verdict.verdict, world.verdict.reason) == (m.Verdict.ESCALATED, Reason.NO_LIVE_PRICE)


def test_no_new_exposure_after_the_cutoff_of_the_contracts_zone() -> None:
    sovereign = next(each for each in shipped() if each.agent_id == "sovereign")
    early = replace(sovereign.limits, trading_cutoff=Cutoff(time="02:00", zone="America/New_York"))
    world = World(changed={"sovereign": {"limits": early}})  # 06:00 UTC is 02:00 in New York that day
    flow = world.flow()
    world.propose(flow, world.intent(flow))
    world.run()
    assert world.verdict.reason == Reason.TRADING_CUTOFF


def test_commands_are_numbered_and_the_watch_may_only_tighten() -> None:
    world = World()
    world.control(m.Verb.RESUME, by="watch")
    world.control(m.Verb.FUND, account="paper-1", amount=Decimal(5), serial=1)
    world.control(m.Verb.FUND, account="nobody", amount=Decimal(5))
    world.control(m.Verb.OPEN, account="paper-1", amount=Decimal(5))
    world.control(m.Verb.WITHDRAW, account="paper-1", amount=Decimal(10**6))
    world.control(m.Verb.FUND, account="paper-1", amount=Decimal(5))
    world.run()
    reasons = [ControlReason(each.reason).name for each in world.entries(EntryKind.CONTROL)]
    assert reasons == [
        "VERB_NOT_ALLOWED", "SERIAL_NOT_GREATER", "UNKNOWN_ACCOUNT", "ILLEGAL_TRANSITION", "OUT_OF_BOUNDS",
        "FOLDED",
    ]  # fmt: skip
    assert world.views["paper-1"].view.cash == Decimal(100005)
    identical(world)


def test_a_forged_command_is_a_refusal_and_no_command() -> None:
    world = World()
    world.control(m.Verb.HALT, by="selector")
    world.run()
    assert world.entries(EntryKind.CONTROL) == []
    assert [each.reason for each in world.entries(EntryKind.REFUSAL)] == [Reason.KEY_NOT_VALID]


def test_an_operators_skip_passes_one_record_by() -> None:
    world = World()
    flow = world.flow()
    world.control(m.Verb.SKIP, topic="proposals", partition=0, offset=0)
    world.propose(flow, world.intent(flow))
    world.run()
    assert [each.reason for each in world.told(m.Quarantined)] == [QuarantineReason.SKIPPED.name]
    world.propose(flow, world.intent(flow))
    world.run()
    assert world.verdict.verdict is m.Verdict.ACCEPTED


def test_a_hello_that_does_not_fit_its_contract_is_ledgered_as_refused() -> None:
    world = World()
    world.hello("sovereign", contract_version="2.0.0")
    world.run()
    assert [(each.accepted, each.reason) for each in world.entries(EntryKind.MANIFEST)] == [
        (False, Reason.VERSION_MISMATCH)
    ]
    identical(world)


def test_a_registry_document_of_a_stranger_is_refused_by_name() -> None:
    world = World()
    document = m.RegistryDocument(kind=m.DocumentKind.RULES, id="law", version="9", serial=999, body=b"{}")
    world.put("registry", seal(document, signer("stranger")))
    world.run()
    assert world.entries(EntryKind.RULES) == []
    assert "NOT_SIGNED" in world.told(m.Quarantined)[0].detail


def test_garbage_on_every_input_is_quarantined_and_nothing_stops() -> None:
    world = World()
    rubbish = (b"", b"\x00", b"\xffgarbage", b"\x00\x00\x00\x00\x63abc", b"\x00\x00\x00\x00\x64")
    topics = ("registry", "control", "agents.manifest", "venue.receipts", "human.decisions", "proposals")
    for topic in topics:
        for raw in rubbish:
            world.put(topic, None, raw=raw)
    world.put("market.signals", None, raw=b"rubbish")
    world.run()
    world.run()
    assert len([each for each in read(world) if each.kind is EntryKind.REFUSAL]) == len(topics) * len(rubbish)
    identical(world)


def test_a_flood_of_rubbish_is_counted_beyond_a_hundred() -> None:
    world = World()
    for _ in range(130):
        world.put("proposals", None, raw=b"rubbish")
    world.run()
    assert len(world.entries(EntryKind.REFUSAL)) == 100
    assert world.entries(EntryKind.BATCH)[0].refusals_uncounted == 30
    assert len(world.told(m.Quarantined)) == 130


def test_a_checkpoint_stands_alone_and_covers_everything_before_it() -> None:
    world = World()
    world.tick(2)
    world.run()
    (point,) = world.entries(EntryKind.CHECKPOINT)
    assert point.size == len(world.ledger) - 1


def test_under_load_records_wait_one_step_for_the_checkpoint() -> None:
    world = World()
    world.tick(2)
    kinds = []
    for _ in range(60):
        world.quote(BTC, "4000", "4001")
        batch, world.queue = world.queue, []
        kinds.append([type(each).__name__ for each in world.kernel.step(batch, world.now)])
    assert kinds.count(["Produce"]) == 1
    assert world.kernel.quotes.last(BTC, world.now) is not None


def test_the_ledger_verifies_at_every_level() -> None:
    world = World()
    world.bought()
    flow = world.flow(("strategy", "risk"))
    hold = world.report(flow, "risk")
    world.propose(flow, world.window(flow, [world.intent(flow), hold]))
    world.run()
    world.receipt(world.order, m.ReceiptStatus.FILLED)
    flow = world.flow(("prover",))
    body = seal(world.intent(flow), signer("prover"))
    world.propose(flow, body, attestations=(world.attest(flow, body),))
    world.run()
    assert world.verdict.verdict is m.Verdict.ACCEPTED
    world.receipt(world.order, m.ReceiptStatus.FILLED)
    world.tick(2)
    world.run()
    world.run()
    findings = Findings()
    trust = Trust(ledger=LEDGER, operator="interlock.test", roots=(signer("root").public,), witnesses=())
    common = Common(level=Level.EVIDENCE, findings=findings, anchors=[], trust=trust)
    Partition(source="test", common=common).read(world.ledger)
    assert findings.counts == {Code.UNANCHORED.name: 1}, findings.kept


def test_a_quote_from_the_future_is_not_a_price() -> None:
    world = World()
    world.quote(BTC, "9000", "9001", at=NOW + 60 * SECOND)
    world.run()
    found = world.kernel.quotes.last(BTC, world.now)
    assert found is not None
    assert found.bid == Decimal(4000)


def test_the_protective_limit_lies_on_the_tick_inside_the_envelope() -> None:
    world = World()
    world.bought()
    flow = world.flow()
    world.propose(flow, world.intent(flow, CLOSE))
    world.run()
    order = opened(world.told(m.Envelope)[0], m.KernelIntent)
    assert order.limit_price == Decimal("3980.00")  # min(mid 4000.5, bid 4000) less 50 bps of the mid, up
