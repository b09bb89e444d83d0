"""What the executor remembers: attempts without a final receipt, and the keys that are done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ledger.envelope import opened
from schemas.canonical import jcs
from schemas.codec import decode, encode
from schemas.models import Envelope, KernelIntent
from transport.log import Output, StateChange

DONE_MAX = 65_536  # the kernel sends an order once; a redelivery can only come from this recent past
EPOCH_KEY = b"epoch"
OPEN, DONE = b"open/", b"done/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One order under way; number: how often the venue was asked about it, 1 = the first time."""

    envelope: Envelope
    number: int

    def intent(self) -> KernelIntent:
        """The order inside; its signature was checked before it came here."""
        return opened(self.envelope, KernelIntent)


@dataclass(slots=True)
class ExecutorState:
    """Changed by its own methods only; each returns what to write in the same transaction."""

    epoch: int = 0
    open: dict[bytes, Attempt] = field(default_factory=dict)
    done: dict[bytes, int] = field(default_factory=dict)  # in order of finishing
    ordinal: int = 0

    @classmethod
    def read(cls, records: Mapping[bytes, bytes]) -> ExecutorState:
        """The state that the records of the compacted topic spell."""
        state = cls(epoch=int(records.get(EPOCH_KEY, b"0")))
        for key, value in records.items():
            if key.startswith(OPEN):
                found = json.loads(value)
                envelope = decode(Envelope, bytes.fromhex(found["envelope"]))
                state.open[_key(key, OPEN)] = Attempt(envelope=envelope, number=found["number"])
        finished = [(int(value), _key(key, DONE)) for key, value in records.items() if key.startswith(DONE)]
        state.done = {key: ordinal for ordinal, key in sorted(finished)}
        state.ordinal = max((ordinal for ordinal, _ in finished), default=0)
        return state

    def knows(self, key: bytes) -> bool:
        """Whether an order of this key is under way or done."""
        return key in self.open or key in self.done

    def next_epoch(self) -> Output:
        """One more start of this executor; it narrows the window in which an old one could still act."""
        self.epoch += 1
        return StateChange(key=EPOCH_KEY, value=str(self.epoch).encode())

    def begin(self, key: bytes, envelope: Envelope) -> Output:
        """The first attempt of an order."""
        self.open[key] = Attempt(envelope=envelope, number=1)
        return self._written(key)

    def again(self, key: bytes) -> Output:
        """One more attempt of the same order."""
        self.open[key] = replace(self.open[key], number=self.open[key].number + 1)
        return self._written(key)

    def finish(self, key: bytes) -> list[Output]:
        """No more attempts of this order, ever."""
        was_open = self.open.pop(key, None) is not None
        self.ordinal += 1
        self.done[key] = self.ordinal
        changes: list[Output] = [StateChange(key=DONE + key.hex().encode(), value=str(self.ordinal).encode())]
        if was_open:
            changes.append(StateChange(key=OPEN + key.hex().encode(), value=None))
        if len(self.done) > DONE_MAX:
            oldest = next(iter(self.done))
            del self.done[oldest]
            changes.append(StateChange(key=DONE + oldest.hex().encode(), value=None))
        return changes

    def _written(self, key: bytes) -> Output:
        attempt = self.open[key]
        value = jcs({"envelope": encode(attempt.envelope).hex(), "number": attempt.number})
        return StateChange(key=OPEN + key.hex().encode(), value=value)


def _key(name: bytes, prefix: bytes) -> bytes:
    return bytes.fromhex(name.removeprefix(prefix).decode())
