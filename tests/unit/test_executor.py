"""The executor acts once on each order, whatever is delivered or dies how often."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.executor import RECONCILE, Executor
from kernel.executor_state import ExecutorState
from kernel.venues.paper import PaperVenue, execute
from kernel.venues.venue import VenueAway, VenueOrder
from ledger.envelope import opened, seal
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
from transport.log import Effect, Produce, Record, StateChange

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
        made.state = state
        made._reconciled = False
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


def test_a_venue_away_past_the_orders_time_is_unknown_and_never_resent(tmp_path):
    made = executor(tmp_path)
    made._venue.place = _away
    made._venue.query = _away
    drive(made, [record(order())])
    (receipt,) = drive(made, [], now=NOW + 61_000_000)
    assert receipt.status is ReceiptStatus.UNKNOWN
    assert drive(made, [], now=NOW + 90_000_000) == []


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
        bid=Decimal(4199),
        ask=Decimal(4200),
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


def _away(*_: object) -> None:
    raise VenueAway("no answer")
