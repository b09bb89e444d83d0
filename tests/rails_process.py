"""A loop in a process of its own, to be killed: numbers what it reads; dies of a bug when told to."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

from transport.edge import serve
from transport.log import Effect, Output, Positions, Produce, Reader, Record, StateChange
from transport.processor import Input, Rank
from transport.settings import ProcessSettings, read


class Numbering:
    """Writes `<number> <now> <value>` to `out` for every signal; the number is its state."""

    name = "copy"
    keeps_positions = False
    inputs = (Input(topic="market.signals", partitions=(0,), rank=Rank.MARKS),)

    def __init__(self, settings: ProcessSettings) -> None:
        self.shard = settings.shard
        self.count = 0

    def restore(self, reader: Reader) -> Positions | None:
        self.count = int(reader.compacted("copy.state", self.shard).get(b"count", b"0"))
        return None

    def step(self, batch: Sequence[Record], now: int) -> Sequence[Output]:
        outputs: list[Output] = []
        for record in batch:
            if record.value == b"boom":
                raise RuntimeError("told to")
            self.count += 1
            value = b"%d %d %s" % (self.count, now, record.value or b"")
            outputs.append(Produce(topic="out", partition=0, key=None, value=value))
        return [*outputs, StateChange(key=b"count", value=b"%d" % self.count)] if outputs else ()

    def cause(self, record: Record) -> tuple[int, int] | None:
        return None

    def perform(self, effect: Effect) -> Sequence[Record]:
        raise AssertionError("has none")

    def closing(self, now: int) -> Sequence[Output]:
        return ()


if __name__ == "__main__":
    logging.basicConfig(level="INFO")
    sys.exit(serve(read(), Numbering))
