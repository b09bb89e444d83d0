"""Records that an operator signed away: the one lawful way past a record that stops the selector."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ledger.envelope import opened, signed_by
from ledger.registry import Registry
from schemas.canonical import jcs
from schemas.codec import Unreadable
from schemas.kinds import Role
from schemas.models import Control, Envelope, Verb
from schemas.wire import Refused
from topologies.selector.bounds import SKIPS_MAX
from transport.log import Record, StateChange

BUCKET = "skips"


class Skips:
    """Signed skips whose record has not come by. A skip folded twice is one skip, so no serial is kept."""

    def __init__(self, ledger: bytes) -> None:
        self._ledger = ledger
        self._waiting: list[tuple[str, int, int]] = []
        self._dirty = False

    def fold(self, record: Record, registry: Registry) -> None:
        """Take a record of topic ``control``. What is no valid skip is the kernel's to fold or to refuse."""
        try:
            envelope = registry.schema_ids.unpack(Envelope, record.value)
            control = opened(envelope, Control)
        except (Refused, Unreadable):
            return
        place = _place(control)
        if control.ledger != self._ledger or place is None or not _by_operator(envelope, registry):
            return
        if place not in self._waiting:
            self._waiting = [*self._waiting, place][-SKIPS_MAX:]
            self._dirty = True

    def take(self, record: Record) -> bool:
        """Whether this record is skipped; a skip is used once."""
        place = (record.topic, record.partition, record.offset)
        if place not in self._waiting:
            return False
        self._waiting.remove(place)
        self._dirty = True
        return True

    def changes(self) -> Iterator[StateChange]:
        """The state record, when it changed since the last call."""
        if self._dirty:
            yield StateChange(key=BUCKET.encode(), value=jcs([list(place) for place in self._waiting]))
        self._dirty = False

    def load(self, value: bytes) -> None:
        """Rebuild from the record ``skips``."""
        self._waiting = [(topic, partition, offset) for topic, partition, offset in json.loads(value)]

    def state(self) -> object:
        """Everything a restart must give back, for comparison."""
        return tuple(self._waiting)


def _place(control: Control) -> tuple[str, int, int] | None:
    if control.verb is not Verb.SKIP:
        return None
    if control.topic is None or control.partition is None or control.offset is None:
        return None
    return control.topic, control.partition, control.offset


def _by_operator(envelope: Envelope, registry: Registry) -> bool:
    if len(envelope.signatures) != 1:
        return False
    key = registry.keys.valid(envelope.signatures[0].keyid, Role.OPERATOR, registry.seq)
    return key is not None and signed_by(envelope, key.public)
