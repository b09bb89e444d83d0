"""What has queued is answered together, nothing is waited for, and nothing is lost to reading ahead."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from topologies.batch_worker import answers, batches, singly, together
from transport.blame import StepFailed
from transport.log import LogError, Produce, Record


@dataclass
class Stream:
    """As much of a Faust stream as a worker touches. ``gone``: raised when all events have been read."""

    events_left: list[int]
    gone: Exception | None = None
    acked: list[int] = field(default_factory=list)
    enable_acks: bool = True
    more: asyncio.Event = field(default_factory=asyncio.Event)

    async def events(self):
        while True:
            while self.events_left:
                yield self.events_left.pop(0)
                await asyncio.sleep(0)
            if self.gone is not None:
                raise self.gone
            self.more.clear()
            await self.more.wait()

    async def ack(self, event: int) -> None:
        self.acked.append(event)


def turns(stream: Stream, most: int, count: int, *, before=None) -> list[tuple[list[int], list[int]]]:
    """The batches of the first ``count`` events, each with what was acknowledged when it came."""

    async def run() -> list[tuple[list[int], list[int]]]:
        found = []
        reading = batches(stream, most)
        async for events in reading:
            found.append((events, list(stream.acked)))
            if before is not None:
                before(len(found), stream)
            await asyncio.sleep(0.01)  # an inference: what comes meanwhile queues
            if sum(len(events) for events, _ in found) >= count:
                break
        await reading.aclose()
        return found

    return asyncio.run(run())


def test_what_queued_behind_an_inference_is_taken_together_and_at_most_eight():
    sizes = [len(events) for events, _ in turns(Stream(list(range(20))), 8, 20)]
    assert sizes[1] == max(sizes) == 8
    assert sum(sizes) == 20


def test_a_lone_record_is_not_kept_waiting_for_a_second():
    assert turns(Stream([7]), 8, 1) == [([7], [])]


def test_a_record_counts_as_handled_only_after_its_batch():
    found = turns(Stream(list(range(6))), 2, 6)
    for events, acked in found:
        assert acked == list(range(events[0]))


def test_records_that_come_later_are_taken_when_they_come():
    def later(turn: int, stream: Stream) -> None:
        if turn == 1:
            stream.events_left += [1, 2]
            stream.more.set()

    assert [events for events, _ in turns(Stream([0]), 8, 3, before=later)] == [[0], [1, 2]]


def test_what_the_reading_raises_is_not_swallowed():
    with pytest.raises(LogError, match="away"):
        turns(Stream([1], gone=LogError("away")), 8, 3)


def record(offset: int) -> Record:
    return Record(topic="flows.sds", partition=0, offset=offset, key=None, value=b"")


def failing_at(bad: int):
    def answer(record: Record):
        if record.offset == bad:
            raise ZeroDivisionError

    return singly(answer)


def test_a_bug_in_a_batch_names_the_one_record_it_is_met_at():
    with pytest.raises(StepFailed, match=r"flows\.sds\[0\]@3$"):
        answers(failing_at(3), [record(offset) for offset in range(8)])


def test_a_broker_that_is_away_is_no_records_fault():
    def away(records):
        raise LogError("away")

    with pytest.raises(LogError):
        answers(away, [record(0), record(1)])


def test_every_reason_is_delivered_before_any_answer():
    def produce(topic: str, value: bytes) -> Produce:
        return Produce(topic=topic, partition=0, key=None, value=value)

    said = [((produce("explanations", b"1"),), (produce("proposals", b"1"),)),
            ((produce("quarantine", b"2"),),),
            ((produce("explanations", b"3"),), (produce("proposals", b"3"),))]  # fmt: skip
    first, second = together(said)
    assert [(one.topic, one.value) for one in first] == [
        ("explanations", b"1"), ("quarantine", b"2"), ("explanations", b"3"),
    ]  # fmt: skip
    assert [one.value for one in second] == [b"1", b"3"]
