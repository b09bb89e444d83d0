"""Whatever bytes stand on a topic: nobody stops, and each record has an outcome or lies in quarantine."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.replay import replay
from ledger.entry import decode_entry
from schemas import models as m
from schemas.kinds import EntryKind
from schemas.topics import BY_NAME
from schemas.wire import PREFIX, Refused, unframed
from tests.roads import Roads
from topologies.genuine import Fault
from topologies.thinker import Said
from transport.log import Effect, Output, Produce, Record

FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
PAPER, BTC = "paper-2", "btc-usd"
SELECTOR, ARBITER, KERNEL, EXECUTOR = range(4)
# What each part reads; of the topics in brackets another part says what is wrong with a record.
READS = {
    SELECTOR: (("market.signals", "instructions", "accounts.view", "kernel.verdicts"), ("registry",)),
    ARBITER: (("flows.eoam", "flows.dlpci", "mesh.proposals", "evidence.requests", "evidence.attestations"),
              ("registry",)),
    KERNEL: (("registry", "control", "agents.manifest", "venue.receipts", "human.decisions", "proposals"),
             ("market.signals",)),
    EXECUTOR: (("kernel.intents",), ("registry",)),
}  # fmt: skip
THINKERS = ("flows.dlpci", "evidence.requests", "flows.sds")
NO_OUTCOME = {EntryKind.BATCH, EntryKind.EPOCH, EntryKind.CHECKPOINT, EntryKind.GENESIS}


class Mute:
    """No flow of these stories reaches the model."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the model was asked: {name}")


@functools.cache
def roads() -> Roads:
    """A ledger at work: an instruction has gone every step of the way, so every topic has genuine records."""
    made = Roads(Path(tempfile.mkdtemp()), Mute(), (PAPER,))  # type: ignore[arg-type]  # a Speaker that never speaks
    for minute in range(26):  # nothing wakes anybody, but every feature is known then
        made.minute(BTC, Decimal(4000 + 30 * (minute % 2)))
    made.instruct(PAPER, BTC, f"BUY 0.1 {BTC} LIMIT 4040 STOP 3900 TARGET 4400")
    return made


@functools.cache
def genuine() -> dict[str, list[bytes]]:
    """Values by topic, the last few of each."""
    found: dict[str, list[bytes]] = {}
    for topic, records in roads().said.items():
        if topic in BY_NAME and BY_NAME[topic].value != "bytes":
            found[topic] = [each.value for each in records if each.value is not None][-5:]
    return found


@st.composite
def poison(draw: st.DrawFn, topic: str) -> bytes | None:
    """Noise, framed noise, another topic's words, this topic's with a bit or an end wrong, or whole."""
    kind = draw(
        st.sampled_from(("noise", "framed", "other", "bent", "cut", "more", "large", "null", "whole"))
    )
    own = genuine().get(topic) or [b"\x00\x00\x00\x00\x01"]
    value = draw(st.sampled_from(own))
    match kind:
        case "noise":
            return draw(st.binary(max_size=200))
        case "framed":
            number = draw(st.sampled_from(sorted(roads().grants.ids.ids)))
            return PREFIX.pack(0, number) + draw(st.binary(max_size=300))
        case "other":
            return draw(st.sampled_from([each for values in genuine().values() for each in values]))
        case "bent":
            bent = bytearray(value)
            for _ in range(draw(st.integers(1, 3))):
                bent[draw(st.integers(0, len(bent) - 1))] ^= draw(st.integers(1, 255))
            return bytes(bent)
        case "cut":
            return value[: draw(st.integers(0, len(value) - 1))]
        case "more":
            return value + draw(st.binary(min_size=1, max_size=9))
        case "large":
            size = BY_NAME[topic].bytes_max
            return draw(st.sampled_from((bytes(size), b"\xff" * size, value + bytes(size - len(value)))))
        case "null":
            return None
        case _:
            return value


KEYS = st.sampled_from((None, b"", b"paper-1", b"another", b"\xff\xfe", b"k" * 8_000))
HEADERS = st.sampled_from(
    ((), (("foreign", b"\x00\xff"),), (("interlock.headers-unreadable", b""),), (("", b"x" * 4_000),) * 4)
)
OFFSETS = iter(range(1_000_000, 1 << 60))


def received(topic: str, value: bytes | None, key: bytes | None, headers: Any) -> Record:
    return Record(topic=topic, partition=0, offset=next(OFFSETS), key=key, value=value, headers=headers)


def put_aside(outputs: Sequence[Output], record: Record) -> list[m.Quarantined]:
    """The quarantine records about one record, their bytes checked against it."""
    told = [each for each in outputs if isinstance(each, Produce) and each.topic == "quarantine"]
    found = [unframed(m.Quarantined, each.value) for each in told]
    for each in found:
        assert (each.topic, each.partition, each.offset) == (record.topic, record.partition, record.offset)
        assert (each.key, each.value) == (record.key, record.value)
        assert tuple((one.name, one.value) for one in each.headers) == record.headers
    return found


def readable(topic: str, value: bytes | None) -> bool:
    """Whether the bytes are a message of this topic's type: then law and not form says what becomes of it."""
    cls = getattr(m, BY_NAME[topic].value)
    try:
        roads().grants.ids.unpack(cls, value) if topic != "registry" else unframed(cls, value)
    except Refused:
        return False
    return True


@FEW
@given(st.data())
def test_selector_arbiter_and_executor_put_aside_what_they_cannot_read(data):
    part = data.draw(st.sampled_from((SELECTOR, ARBITER, EXECUTOR)))
    topic = data.draw(st.sampled_from(sum(READS[part], ())))
    record = received(topic, data.draw(poison(topic)), data.draw(KEYS), data.draw(HEADERS))
    processor = roads()._parts[part]
    outputs = list(processor.step([record], roads().now))
    for effect in [each for each in outputs if isinstance(each, Effect)]:
        processor.perform(effect)
    aside = put_aside(outputs, record)
    if topic in READS[part][1]:
        assert aside == []  # the kernel says it, once
    elif not readable(topic, record.value):
        assert len(aside) == 1
    else:
        assert len(aside) <= 1


@FEW
@given(st.data())
def test_the_kernel_makes_every_record_an_entry_and_its_ledger_replays(data):
    topic = data.draw(st.sampled_from(sum(READS[KERNEL], ())))
    record = received(topic, data.draw(poison(topic)), data.draw(KEYS), data.draw(HEADERS))
    kernel = roads().kernel
    outputs = list(kernel.step([record], roads().now)) + list(kernel.step([], roads().now))
    values = [each.value for each in outputs if isinstance(each, Produce) and each.topic == "kernel.ledger"]
    roads()._commit(kernel, outputs)
    kinds = [EntryKind(decode_entry(value or b"").kind) for value in values]
    aside = put_aside(outputs, record)
    if topic in READS[KERNEL][1]:
        assert aside == []  # the selector says it, once
        return
    assert [kind for kind in kinds if kind not in NO_OUTCOME] != []
    if not readable(topic, record.value):
        assert (len(aside), kinds.count(EntryKind.REFUSAL)) == (1, 1)


def test_the_poisoned_ledger_replays_bit_for_bit():
    told = replay(roads().ledger)
    assert (told.differences, told.stopped) == ([], "")


@FEW
@given(st.data())
def test_a_thinker_answers_names_the_fault_or_was_not_asked(data):
    topic = data.draw(st.sampled_from(THINKERS))
    record = received(topic, data.draw(poison(topic)), data.draw(KEYS), data.draw(HEADERS))
    answer = dict(roads()._thinkers)[topic]
    said = answer(record)
    if not readable(topic, record.value):
        assert isinstance(said, Fault)
    else:
        assert said is None or isinstance(said, Said | Fault)


@pytest.mark.parametrize("topic", sorted({each for topics in READS.values() for each in sum(topics, ())}))
def test_every_input_of_every_loop_is_poisoned_here(topic):
    parts = {part for part, topics in READS.items() if topic in sum(topics, ())}
    assert {
        part for part, made in enumerate(roads()._parts) if topic in {one.topic for one in made.inputs}
    } == parts


def test_every_topic_that_is_poisoned_has_genuine_records_to_bend():
    bent = {topic for topics in READS.values() for topic in sum(topics, ())}
    # These lanes and acts stand still in this story; the shapes are those of flows.dlpci and control.
    assert bent - genuine().keys() <= {"flows.eoam", "mesh.proposals", "human.decisions"}
