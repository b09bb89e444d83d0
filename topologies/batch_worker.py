"""What has queued is answered together and nothing is waited for: the first record is, the others are here.

Faust's own ``take`` waits for a batch to fill, and its acknowledgement comes with the next read. Here a
record is acknowledged once its answers are with the broker, so that reading ahead loses nothing to a kill.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from itertools import zip_longest
from typing import Any

from topologies.genuine import Fault
from topologies.thinker import Said
from transport.blame import StepFailed
from transport.log import LogError, Produce, Record

Answer = Said | Fault | None
Answering = Callable[[Record], Answer]
AnsweringAll = Callable[[Sequence[Record]], list[Answer]]
Part = tuple[Produce, ...]


def singly(answering: Answering) -> AnsweringAll:
    """One record after the other, for agents that gain nothing by more."""
    return lambda records: [answering(record) for record in records]


async def batches(stream: Any, most: int) -> AsyncIterator[list[Any]]:
    """Events of a Faust stream, 1 to ``most`` at a time; those of a batch count as handled after its turn."""
    queued: asyncio.Queue[Any] = asyncio.Queue(maxsize=most)
    stream.enable_acks = False

    async def read_ahead() -> None:
        async for event in stream.events():
            await queued.put(event)

    reading = asyncio.ensure_future(read_ahead())
    try:
        while (first := await _next(queued, reading)) is not None:
            events = [first]
            while len(events) < most and not queued.empty():
                events.append(queued.get_nowait())
            yield events
            for event in events:
                await stream.ack(event)
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


async def _next(queued: asyncio.Queue[Any], reading: asyncio.Future[None]) -> Any:
    """The next event; None when there will be none. Raises what the reading raised."""
    if not queued.empty():
        return queued.get_nowait()
    waiting = asyncio.ensure_future(queued.get())
    try:
        await asyncio.wait((waiting, reading), return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            return waiting.result()
        reading.result()
        return None
    finally:
        waiting.cancel()


def answers(answering: AnsweringAll, records: Sequence[Record]) -> list[Answer]:
    """An answer to each record. Raises StepFailed naming the one record at which a bug was met.

    Together they name only the first and the last; asked alone, the one at fault says so itself. LogError
    passes: a broker that is away is no bug.
    """
    if not records:
        return []
    try:
        return answering(records)
    except LogError:
        raise
    except Exception as error:  # outermost of this edge: a bug must name the record it was found at
        if len(records) > 1:
            for record in records:
                answers(answering, [record])
        raise StepFailed("answer failed", records) from error


def together(said: Sequence[tuple[Part, ...]]) -> tuple[Part, ...]:
    """The parts of several answers, first ones first: each is delivered before the next begins."""
    steps = zip_longest(*said, fillvalue=())
    return tuple(tuple(one for part in step for one in part) for step in steps)
