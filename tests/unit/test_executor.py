"""The executor acts once on each order, whatever is delivered or dies how often."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.executor import Executor
from kernel.executor_orders import GRACE_US, IDLE_STEPS, WAITS_MAX, Orders
from kernel.executor_state import ExecutorState
from kernel.executor_words import RECONCILE, TAKE_BACK
from kernel.venues.paper import PaperVenue, execute
from kernel.venues.venue import VenueAnswer, VenueAway, VenueOrder, VenueSuperseded
from ledger.envelope import opened, seal
from ledger.hashes import shard_of
from ledger.intents import client_order_id
from ledger.keys import KeyDocument
from ledger.signing import Signer
from schemas import avsc
from schemas.canonical import jcs
from schemas.kinds import Role
from schemas.models import (
    Action,
    DocumentKind,
    Envelope,
    KernelIntent,
    Mark,
    Quarantined,
    Receipt,
    ReceiptStatus,
    RegistryDocument,
    TimeInForce,
)
from schemas.wire import SchemaIds, unframed
from transport.log import Effect, Fenced, Produce, Record, StateChange

LEDGER = b"L" * 16
ROOT, REGISTRY, KERNEL, EXECUTOR, STRANGER = (Signer(bytes([n]) * 32) for n in range(1, 6))
NAMES = ("Envelope", "Quarantined", "Receipt")
IDS = SchemaIds(ids={n: avsc.digest(f"interlock.{name}") for n, name in enumerate(NAMES, 1)})
NOW = 1_700_000_000_000_000


def registry_records() -> list[Record]:
    documents = [(ROOT, KeyDocument(public=REGISTRY.public, role=Role.REGISTRY))]
    documents += [
        (REGISTRY, KeyDocument(public=signer.public, role=role))
        for signer, role in ((KERNEL, Role.KERNEL_INTENT), (EXECUTOR, Role.EXECUTOR))
    ]
    made = [(signer, DocumentKind.KEY, str(n), key.body()) for n, (signer, key) in enumerate(documents)]
    made.append(
        (REGISTRY, DocumentKind.INSTRUMENT, "btc-usd", jcs({"instrument": "btc-usd", "lot": "0.0001"}))
    )
    for number, name in enumerate(NAMES, 1):
        body = jcs({"registry_id": number, "sha256": avsc.digest(f"interlock.{name}").hex()})
        made.append((REGISTRY, DocumentKind.SCHEMA, name, body))
    return [
        Record(topic="registry", partition=0, offset=serial, key=b"", value=IDS.pack(seal(
            RegistryDocument(kind=kind, id=id_, version="1", serial=serial, body=body), signer)))
        for serial, (signer, kind, id_, body) in enumerate(made, 1)
    ]  # fmt: skip


QUOTED = Mark(
    instrument="btc-usd", bid=Decimal(4199), ask=Decimal(4200), event_time=NOW, partition=0, offset=1
)


def order(number: int = 0, **changed: object) -> KernelIntent:
    fields = {
        "ledger": LEDGER, "account": "paper-1", "dfid": bytes(16), "step_id": "step-1", "attempt": 1,
        "key": bytes([number]) * 32, "action": Action.BUY, "instrument": "btc-usd", "side": "BUY",
        "quantity": Decimal("0.5"), "limit_price": Decimal(4300), "time_in_force": TimeInForce.IOC,
        "valid_until": NOW + 60_000_000,
        "quote": QUOTED,
        "cancels": None, "seq": 9, "at": NOW,
    } | changed  # fmt: skip
    return KernelIntent(**fields)


def record(intent: KernelIntent, offset: int = 0, signer: Signer = KERNEL) -> Record:
    value = IDS.pack(seal(intent, signer))
    return Record(topic="kernel.intents", partition=0, offset=offset, key=b"paper-1", value=value)


def executor(folder: Path, state: ExecutorState | None = None) -> Executor:
    made = Executor(
        ledger=LEDGER,
        root=ROOT.public,
        shard=0,
        signer=EXECUTOR,
        venue=PaperVenue(folder / "venue.db", seed="t"),
    )
    made.step(registry_records(), NOW)
    if state is not None:
        made._orders, made._taken_over = Orders(state), False
    return made


def drive(made: Executor, records: list[Record], now: int = NOW, answer: bool = True) -> list[Receipt]:
    """Step, perform, and step on the answers, as the loop does."""
    receipts: list[Receipt] = []
    waiting = records
    for _ in range(4):
        outputs = made.step(waiting, now)
        receipts += [
            opened(unframed(Envelope, out.value), Receipt)
            for out in outputs
            if isinstance(out, Produce) and out.topic == "venue.receipts"
        ]
        effects = [out for out in outputs if isinstance(out, Effect)]
        answers = [each for effect in effects for each in made.perform(effect)]
        if not answers or not answer:
            break
        waiting = answers
    return receipts


def test_an_order_becomes_one_receipt_signed_by_the_executor(tmp_path):
    (receipt,) = drive(executor(tmp_path), [record(order())])
    assert receipt.status in (ReceiptStatus.FILLED, ReceiptStatus.CANCELLED, ReceiptStatus.DECLINED)
    assert receipt.key == order().key


def test_a_redelivered_order_acts_no_second_time(tmp_path):
    made = executor(tmp_path)
    assert len(drive(made, [record(order()), record(order(), 1)])) == 1
    assert drive(made, [record(order(), 2)]) == []
    assert made._venue.attempts() == 1


def test_an_order_that_the_kernel_did_not_sign_is_quarantined(tmp_path):
    made = executor(tmp_path)
    outputs = made.step([record(order(), signer=STRANGER)], NOW)
    (quarantined,) = [unframed(Quarantined, out.value) for out in outputs if isinstance(out, Produce)]
    assert quarantined.reason == "BAD_SIGNATURE"
    assert not any(isinstance(out, Effect) for out in outputs)


def test_an_order_without_any_signature_is_quarantined(tmp_path):
    envelope = seal(order(), KERNEL)
    bare = Envelope(payload_type=envelope.payload_type, payload=envelope.payload, signatures=())
    unsigned = Record(topic="kernel.intents", partition=0, offset=0, key=b"", value=IDS.pack(bare))
    outputs = executor(tmp_path).step([unsigned], NOW)
    reasons = [unframed(Quarantined, out.value).reason for out in outputs if isinstance(out, Produce)]
    assert reasons == ["BAD_SIGNATURE"]


def test_an_order_of_another_ledger_is_quarantined(tmp_path):
    outputs = executor(tmp_path).step([record(order(ledger=b"M" * 16))], NOW)
    assert [unframed(Quarantined, o.value).reason for o in outputs if isinstance(o, Produce)] == [
        "WRONG_LEDGER"
    ]


def test_an_order_past_its_time_gets_expired_and_never_reaches_the_venue(tmp_path):
    made = executor(tmp_path)
    (receipt,) = drive(made, [record(order())], now=NOW + 61_000_000)
    assert receipt.status is ReceiptStatus.EXPIRED
    assert made._venue.attempts() == 0


def test_the_attempt_is_on_record_before_the_venue_is_called(tmp_path):
    outputs = executor(tmp_path).step([record(order())], NOW)
    kinds = [type(out) for out in outputs]
    assert kinds.index(StateChange) < kinds.index(Effect)


@pytest.mark.parametrize("venue_saw_it", [True, False])
def test_a_restart_asks_the_venue_first_and_never_places_twice(tmp_path, venue_saw_it):
    first = executor(tmp_path)
    outputs = first.step([record(order())], NOW)
    if venue_saw_it:
        (effect,) = [out for out in outputs if isinstance(out, Effect)]
        first.perform(effect)  # and the answer is lost with the process
    second = executor(tmp_path, state=first.state)
    outputs = second.step([], NOW)
    assert [out.name for out in outputs if isinstance(out, Effect)] == [RECONCILE]
    answers = [each for out in outputs if isinstance(out, Effect) for each in second.perform(out)]
    assert len(drive(second, answers)) == 1
    assert len(second._venue.orders()) == 1
    assert second._venue.attempts() == 1


def test_a_venue_that_is_away_is_asked_again_on_the_same_key(tmp_path):
    made = executor(tmp_path)
    place, made._venue.place = made._venue.place, _away
    assert drive(made, [record(order())]) == []
    made._venue.place = place
    assert drive(made, [], now=NOW + 500_000) == []
    (receipt,) = drive(made, [], now=NOW + 1_000_000)
    assert receipt.attempt == 2


def test_a_clock_that_stands_still_does_not_stop_the_asking(tmp_path):
    made = executor(tmp_path)
    place, made._venue.place = made._venue.place, _away
    assert drive(made, [record(order())]) == []
    made._venue.place = place
    found = [receipt for _ in range(IDLE_STEPS) for receipt in drive(made, [])]
    assert [receipt.attempt for receipt in found] == [2]


def test_a_venue_that_stays_away_is_unknown_in_the_end_and_never_asked_again(tmp_path):
    made = executor(tmp_path)
    made._venue.place = made._venue.query = made._venue.cancel = _away
    found = drive(made, [record(order())])
    for minute in range(1, 60):
        assert len(found) <= 1
        found += drive(made, [], now=NOW + minute * 60_000_000)
    assert [(receipt.status, receipt.attempt) for receipt in found] == [(ReceiptStatus.UNKNOWN, WAITS_MAX)]


def test_deaths_are_not_the_venues_silence(tmp_path):
    made = executor(tmp_path)
    made.step([record(order())], NOW)
    for _ in range(2 * WAITS_MAX):  # each life asks, and dies before the answer is taken in
        made = executor(tmp_path, state=ExecutorState.read(kept(made)))
        (asked,) = [out for out in made.step([], NOW) if isinstance(out, Effect)]
    (receipt,) = drive(made, list(made.perform(asked)))
    assert receipt.status is not ReceiptStatus.UNKNOWN


def test_an_order_that_ran_out_while_the_venue_was_away_is_not_sent_when_it_is_back(tmp_path):
    made = executor(tmp_path)
    place, made._venue.place = made._venue.place, _away
    drive(made, [record(order())])
    made._venue.place = place
    (receipt,) = drive(made, [], now=order().valid_until + GRACE_US + 1)
    assert receipt.status is ReceiptStatus.EXPIRED
    assert made._venue.orders() == {}
    assert made._venue.place(made._venue_order(order())).quantity == 0  # nor if it was still on its way


def test_one_accounts_orders_wait_for_each_other_and_other_accounts_go_on(tmp_path):
    made = executor(tmp_path)
    place, made._venue.place = made._venue.place, _away
    drive(made, [record(order(0))])
    made._venue.place = place
    other = order(2, account="paper-2")
    assert [each.key for each in drive(made, [record(order(1), 1), record(other, 2)])] == [other.key]
    later = drive(made, [], now=NOW + 1_000_000)
    assert [each.key for each in later] == [order(0).key, order(1).key]


def test_a_venue_down_for_minutes_is_asked_ever_less_often_and_other_accounts_go_on(tmp_path):
    made = executor(tmp_path)
    place, asked, filled = made._venue.place, [], []

    def place_of_others(order_: VenueOrder) -> VenueAnswer:
        if order_.account == "paper-1":
            asked.append((clock[0], order_.client_id))
            raise VenueAway("down")
        return place(order_)

    made._venue.place = place_of_others
    clock = [NOW]
    waiting = [record(order(0, valid_until=NOW + 3_600_000_000), 0)]
    for second in range(300):
        clock[0] = NOW + second * 1_000_000
        if second % 10 == 5:
            key = (1 + second).to_bytes(32, "little")
            other = order(account="paper-2", key=key, valid_until=clock[0] + 60_000_000)
            waiting.append(record(other, 1 + second))
        filled += drive(made, waiting, now=clock[0])
        waiting = []
    assert len(filled) == 30, "one of the other account every ten seconds, none late"
    assert {receipt.account for receipt in filled} == {"paper-2"}
    assert {client_id for _, client_id in asked} == {client_order_id(order(0).key)}
    waits = [(late - early) // 1_000_000 for (early, _), (late, _) in pairwise(asked)]
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert set(waits[5:]) == {30}
    made._venue.place = place
    (receipt,) = drive(made, [], now=clock[0] + 31_000_000)
    assert (receipt.account, receipt.attempt) == ("paper-1", len(asked) + 1)
    assert len(made._venue.orders()) == 31


def test_an_order_on_another_shards_partition_is_put_aside(tmp_path):
    made = Executor(
        ledger=LEDGER, root=ROOT.public, shard=1 - shard_of("paper-1", 2), shards=2, signer=EXECUTOR,
        venue=PaperVenue(tmp_path / "venue.db", seed="t"),
    )  # fmt: skip
    made.step(registry_records(), NOW)
    outputs = made.step([record(order())], NOW)
    (aside,) = [out for out in outputs if isinstance(out, Produce)]
    assert unframed(Quarantined, aside.value).reason == "WRONG_KEY"
    assert not any(isinstance(out, Effect) for out in outputs)


def cancel(target: KernelIntent, offset: int) -> Record:
    taken = order(99, action=Action.CANCEL, side="", cancels=target.key, quantity=Decimal(0))
    return record(taken, offset)


def test_a_cancel_in_the_same_batch_overtakes_its_order(tmp_path):
    made = executor(tmp_path)
    (receipt,) = drive(made, [record(order(0), 0), cancel(order(0), 1)])
    assert receipt.status is ReceiptStatus.NOT_SENT
    assert made._venue.attempts() == 0


def test_a_cancel_overtakes_an_order_that_waits_behind_another(tmp_path):
    made = executor(tmp_path)
    place, made._venue.place = made._venue.place, _away
    drive(made, [record(order(0), 0), record(order(1), 1)])
    made._venue.place = place
    (receipt,) = drive(made, [cancel(order(1), 2)])
    assert (receipt.key, receipt.status) == (order(1).key, ReceiptStatus.NOT_SENT)


@pytest.mark.parametrize("venue_saw_it", [True, False])
def test_a_cancel_is_remembered_across_a_restart_and_the_order_never_sent_again(tmp_path, venue_saw_it):
    first = executor(tmp_path)
    (effect,) = [out for out in first.step([record(order())], NOW) if isinstance(out, Effect)]
    if venue_saw_it:
        first.perform(effect)
    else:
        first._venue.place = _away
        first.step(first.perform(effect), NOW)
    first.step([cancel(order(), 1)], NOW)
    second = executor(tmp_path, state=ExecutorState.read(kept(first)))
    (asked,) = [out for out in second.step([], NOW) if isinstance(out, Effect)]
    assert asked.name == TAKE_BACK
    (receipt,) = drive(second, list(second.perform(asked)))
    assert (receipt.status is ReceiptStatus.NOT_SENT) == (not venue_saw_it)


def kept(made: Executor) -> dict[bytes, bytes]:
    """All that the state topic would hold."""
    for key in (*made.state.open, *made.state.done):
        made.state._dirty[b"open/" + key.hex().encode()] = made.state._dirty[
            b"done/" + key.hex().encode()
        ] = None
    made.state._dirty[b"epoch"] = None
    changes = [out for out in made.state.changes() if isinstance(out, StateChange)]
    return {out.key: out.value for out in changes if out.value is not None}


def said(status: ReceiptStatus, quantity: str, number: int = 0) -> VenueAnswer:
    return VenueAnswer(
        client_id=client_order_id(order(number).key),
        venue_order_id="v-1",
        status=status,
        quantity=Decimal(quantity),
        average_price=Decimal(4200),
        fee=Decimal(quantity),
    )


def test_parts_of_a_resting_order_are_told_as_they_come_and_its_end_last(tmp_path):
    made = executor(tmp_path)
    resting = record(order(time_in_force=TimeInForce.GTT))
    made._venue.place = lambda _: said(ReceiptStatus.PARTIAL, "0.2")
    made._venue.query = lambda _: said(ReceiptStatus.PARTIAL, "0.2")
    assert [each.quantity for each in drive(made, [resting])] == [Decimal("0.2")]
    assert drive(made, [], now=NOW + 2_000_000) == []
    made._venue.query = lambda _: said(ReceiptStatus.FILLED, "0.5")
    assert [each.status for each in drive(made, [], now=NOW + 9_000_000)] == [ReceiptStatus.FILLED]


def test_an_immediate_order_has_no_receipt_before_its_end(tmp_path):
    made = executor(tmp_path)
    made._venue.place = lambda _: said(ReceiptStatus.PARTIAL, "0.2")
    assert drive(made, [record(order())]) == []
    made._venue.query = lambda _: said(ReceiptStatus.CANCELLED, "0.3")
    found = drive(made, [], now=NOW + 2_000_000)
    assert [(each.status, each.quantity) for each in found] == [(ReceiptStatus.CANCELLED, Decimal("0.3"))]


def test_a_resting_order_that_ran_out_is_ended_at_the_venue_with_what_was_filled(tmp_path):
    made = executor(tmp_path)
    made._venue.place = lambda _: said(ReceiptStatus.PARTIAL, "0.2")
    drive(made, [record(order(time_in_force=TimeInForce.GTT))])
    made._venue.cancel = lambda *_: said(ReceiptStatus.CANCELLED, "0.2")
    found = drive(made, [], now=order().valid_until + GRACE_US + 1)
    assert [(each.status, each.quantity) for each in found] == [(ReceiptStatus.CANCELLED, Decimal("0.2"))]


@pytest.mark.parametrize("lie", [said(ReceiptStatus.FILLED, "0.1"), said(ReceiptStatus.FILLED, "0.6"),
                                 said(ReceiptStatus.FILLED, "0.5", number=7)])  # fmt: skip
def test_a_venue_that_takes_back_what_it_said_or_fills_too_much_is_not_believed(tmp_path, lie):
    made = executor(tmp_path)
    made._venue.place = lambda _: said(ReceiptStatus.PARTIAL, "0.2")
    drive(made, [record(order(time_in_force=TimeInForce.GTT))])
    made._venue.query = lambda _: lie
    found = drive(made, [], now=NOW + 2_000_000)
    assert [(each.status, each.quantity) for each in found] == [(ReceiptStatus.UNKNOWN, Decimal("0.2"))]


def test_a_venue_that_cannot_say_is_unknown_and_never_sent_again(tmp_path):
    made = executor(tmp_path)
    made._venue.place = lambda _: said(ReceiptStatus.UNKNOWN, "0")
    assert [each.status for each in drive(made, [record(order())])] == [ReceiptStatus.UNKNOWN]
    assert drive(made, [record(order(), 1)], now=NOW + 30_000_000) == []


def test_a_venue_that_cannot_deduplicate_is_never_sent_an_order_twice(tmp_path):
    made = executor(tmp_path)
    made._venue.deduplicates = False
    made._venue.place = _away
    drive(made, [record(order())])
    made._venue.place = _never
    (receipt,) = drive(made, [], now=NOW + 2_000_000)
    assert receipt.status is ReceiptStatus.UNKNOWN


def test_an_executor_whose_successor_has_acted_can_do_nothing_more(tmp_path):
    older = executor(tmp_path)
    effects = [out for out in older.step([record(order(0))], NOW) if isinstance(out, Effect)]
    newer = executor(tmp_path, state=ExecutorState.read(kept(older)))
    drive(newer, [record(order(1, account="paper-2"), 1)])
    with pytest.raises(Fenced):
        older.perform(effects[0])
    assert len(newer._venue.orders()) == 2


def test_state_read_back_is_the_state(tmp_path):
    made = executor(tmp_path)
    written: dict[bytes, bytes] = {}
    for number in range(5):
        for out in made.step([record(order(number), number)], NOW):
            if isinstance(out, StateChange):
                written.pop(out.key, None)
                if out.value is not None:
                    written[out.key] = out.value
    assert ExecutorState.read(written).open == made.state.open


def venue_order(client_id: str, side: str, quantity: Decimal, limit: Decimal) -> VenueOrder:
    return VenueOrder(
        client_id=client_id,
        account="a",
        instrument="btc-usd",
        side=side,
        quantity=quantity,
        limit_price=limit,
        lot=Decimal("0.0001"),
        time_in_force=TimeInForce.IOC,
        valid_until=NOW + 60_000_000,
        bid=Decimal(4199),
        ask=Decimal(4200),
        epoch=1,
    )


@given(st.integers(0, 500), st.sampled_from(["BUY", "SELL"]), st.integers(1, 99), st.integers(-50, 50))
def test_no_fill_is_beyond_its_limit_or_its_quantity(ordinal, side, quantity, distance):
    limit = Decimal(4200) + distance
    made = venue_order("c", side, Decimal(quantity) / 10, limit)
    answer = execute(made, "seed", ordinal)
    assert 0 <= answer.quantity <= made.quantity
    if answer.quantity:
        assert answer.average_price <= limit if side == "BUY" else answer.average_price >= limit


def test_the_paper_venue_remembers_across_restarts(tmp_path):
    made = venue_order("c" * 32, "BUY", Decimal(1), Decimal(4300))
    venue = PaperVenue(tmp_path / "v.db", seed="t")
    answer = venue.place(made)
    venue.close()
    again = PaperVenue(tmp_path / "v.db", seed="another")
    assert again.query("c" * 32) == answer == again.place(made)
    assert again.attempts() == 2
    assert len(again.orders()) == 1


def test_a_new_ledger_over_an_old_venues_file_begins_its_epochs_anew(tmp_path):
    made = replace(venue_order("c" * 32, "BUY", Decimal(1), Decimal(4300)), epoch=7)
    PaperVenue(tmp_path / "v.db", seed="t", ledger=b"old").place(made)
    with pytest.raises(VenueSuperseded):
        PaperVenue(tmp_path / "v.db", seed="t", ledger=b"old").place(replace(made, epoch=6))
    PaperVenue(tmp_path / "v.db", seed="t", ledger=b"new").place(replace(made, epoch=1))


def _away(*_: object) -> None:
    raise VenueAway("no answer")


def _never(*_: object) -> None:
    raise AssertionError("sent twice")
