"""What the executor remembers: orders without a final receipt, and the keys that are done."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from kernel.venues.venue import VenueAnswer, answer_of
from ledger.envelope import opened
from schemas.canonical import jcs
from schemas.codec import decode, encode
from schemas.models import Envelope, KernelIntent, ReceiptStatus
from transport.log import Output, StateChange

DONE_MAX = 65_536  # the kernel sends an order once; a redelivery can only come from this recent past
EPOCH_KEY = b"epoch"
OPEN, DONE = b"open/", b"done/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One order under way.

    place: among all orders of this shard; an account's oldest goes first. number: how often the venue was
    asked about it; 0: never, it waits behind an older one. waits: how often that gave no end, deaths in
    between not counted: they are not the venue's silence. ending: the receipt it gets if the venue never saw
    it, once it is to be taken back (NOT_SENT, EXPIRED); raw: the venue's last word on it.
    """

    envelope: Envelope
    place: int
    number: int = 0
    waits: int = 0
    ending: ReceiptStatus | None = None
    raw: bytes = b""

    def intent(self) -> KernelIntent:
        """The order inside; its signature was checked before it came here."""
        return opened(self.envelope, KernelIntent)

    def answer(self) -> VenueAnswer | None:
        """What the venue said last, or None."""
        return answer_of(self.raw) if self.raw else None


@dataclass(slots=True)
class ExecutorState:
    """Changed by its own methods only; `changes` says what to write in the same transaction."""

    epoch: int = 0
    open: dict[bytes, Attempt] = field(default_factory=dict)  # in order of place
    done: dict[bytes, int] = field(default_factory=dict)  # in order of finishing
    ordinal: int = 0
    places: int = 0
    _dirty: dict[bytes, None] = field(default_factory=dict)

    @classmethod
    def read(cls, records: Mapping[bytes, bytes]) -> ExecutorState:
        """The state that the records of the compacted topic spell."""
        state = cls(epoch=int(records.get(EPOCH_KEY, b"0")))
        there = [(_key(key, OPEN), _read(value)) for key, value in records.items() if key.startswith(OPEN)]
        state.open = dict(sorted(there, key=lambda pair: pair[1].place))
        finished = [(int(value), _key(key, DONE)) for key, value in records.items() if key.startswith(DONE)]
        state.done = {key: ordinal for ordinal, key in sorted(finished)}
        state.ordinal = max((ordinal for ordinal, _ in finished), default=0)
        state.places = max((attempt.place for attempt in state.open.values()), default=0)
        return state

    def knows(self, key: bytes) -> bool:
        """Whether an order of this key is under way or done."""
        return key in self.open or key in self.done

    def next_epoch(self) -> None:
        """One more start of this executor: the venue refuses calls of an older one."""
        self.epoch += 1
        self._dirty[EPOCH_KEY] = None

    def begin(self, key: bytes, envelope: Envelope) -> None:
        """Put an order behind those that came before it."""
        self.places += 1
        self.open[key] = Attempt(envelope=envelope, place=self.places)
        self._dirty[OPEN + key.hex().encode()] = None

    def again(self, key: bytes) -> None:
        """Count one more question to the venue about an order."""
        self._change(key, replace(self.open[key], number=self.open[key].number + 1))

    def wait(self, key: bytes) -> None:
        """Count one more question that gave no end."""
        self._change(key, replace(self.open[key], waits=self.open[key].waits + 1))

    def end(self, key: bytes, status: ReceiptStatus) -> None:
        """Send an order no more: it is taken back, and gets ``status`` if the venue never saw it."""
        if self.open[key].ending is None:
            self._change(key, replace(self.open[key], ending=status))

    def heard(self, key: bytes, raw: bytes) -> None:
        """Keep the venue's word on an order that is not finished by it."""
        self._change(key, replace(self.open[key], raw=raw))

    def finish(self, key: bytes) -> None:
        """Ask no more about this order, ever."""
        del self.open[key]
        self.ordinal += 1
        self.done[key] = self.ordinal
        self._dirty[OPEN + key.hex().encode()] = self._dirty[DONE + key.hex().encode()] = None
        if len(self.done) > DONE_MAX:
            oldest = next(iter(self.done))
            del self.done[oldest]
            self._dirty[DONE + oldest.hex().encode()] = None

    def changes(self) -> Iterator[Output]:
        """The state records of what changed since the last call."""
        for name in self._dirty:
            yield StateChange(key=name, value=self._value(name))
        self._dirty = {}

    def _change(self, key: bytes, attempt: Attempt) -> None:
        self.open[key] = attempt
        self._dirty[OPEN + key.hex().encode()] = None

    def _value(self, name: bytes) -> bytes | None:
        if name == EPOCH_KEY:
            return str(self.epoch).encode()
        if name.startswith(DONE):
            ordinal = self.done.get(_key(name, DONE))
            return None if ordinal is None else str(ordinal).encode()
        attempt = self.open.get(_key(name, OPEN))
        return None if attempt is None else _written(attempt)


def _written(attempt: Attempt) -> bytes:
    return jcs(
        {
            "envelope": encode(attempt.envelope).hex(),
            "place": attempt.place,
            "number": attempt.number,
            "waits": attempt.waits,
            "ending": None if attempt.ending is None else attempt.ending.value,
            "raw": attempt.raw.hex(),
        }
    )


def _read(value: bytes) -> Attempt:
    found = json.loads(value)
    return Attempt(
        envelope=decode(Envelope, bytes.fromhex(found["envelope"])),
        place=found["place"],
        number=found["number"],
        waits=found["waits"],
        ending=None if found["ending"] is None else ReceiptStatus(found["ending"]),
        raw=bytes.fromhex(found["raw"]),
    )


def _key(name: bytes, prefix: bytes) -> bytes:
    return bytes.fromhex(name.removeprefix(prefix).decode())
