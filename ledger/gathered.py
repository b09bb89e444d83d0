"""The entries of one flow, picked out of a ledger in one reading, with the ground they stand on."""

from collections.abc import Iterator
from typing import Any

from ledger.entry import Leaf, decode_entry
from ledger.kind_body import body_of
from ledger.shapes import Form, Shapes
from ledger.tag import sha256
from ledger.verify_sign import ENVELOPE, open_envelope
from schemas.kind_table import EntryKind

# Without these nothing else can be read or its signer known.
_GROUND = (EntryKind.GENESIS, EntryKind.SCHEMA, EntryKind.KEY)
_OF_FLOW = (EntryKind.FLOW, EntryKind.HUMAN)


class _Noting(Shapes):
    """Shapes that note which of them were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.used: set[bytes] = set()

    def get(self, digest: bytes) -> Form | None:
        self.used.add(digest)
        return super().get(digest)


class Gathered:
    """own: the flow's entries by place; kept() adds those that they cannot be read or believed without."""

    def __init__(self, dfid: bytes) -> None:
        self.own: list[tuple[int, bytes]] = []
        self.shapes = _Noting()
        self._dfid = dfid
        self._needed: set[bytes] = set()
        self._kept: list[tuple[int, bytes]] = []
        self._schemas: dict[int, bytes] = {}

    def take(self, place: int, value: bytes) -> None:
        """Look at the next entry of the ledger."""
        entry, shapes = decode_entry(value), self.shapes
        shapes.used = set()
        _, body = body_of(entry, shapes)
        if entry.kind == EntryKind.SCHEMA:
            shapes.learn(body["name"], body["schema"])
            self._schemas[place] = sha256(body["schema"])
            self._kept.append((place, value))
        elif entry.kind in _GROUND:
            self._kept.append((place, value))
        elif self._is_own(entry, body):
            _open_all(body, shapes)
            self._needed |= shapes.used
            self.own.append((place, value))
            self._kept.append((place, value))

    def kept(self) -> Iterator[tuple[int, bytes]]:
        """Yield what the receipt holds, in order; a schema only if something in it is spelled by it."""
        for place, value in self._kept:
            schema = self._schemas.get(place)
            if schema is None or schema in self._needed:
                yield place, value

    def _is_own(self, entry: Leaf, body: dict[str, Any]) -> bool:
        if entry.kind in _OF_FLOW:
            place = "flow" if entry.kind == EntryKind.FLOW else "act"
            _, message = open_envelope(body[place], self.shapes)
            return bool(message.get("dfid") == self._dfid)
        if entry.kind == EntryKind.CONTROL and body["accepted"]:
            _, command = open_envelope(body["command"], self.shapes)
            key = command.get("text_key") or ""  # an ERASE of what was said about this flow
            return bool(key.startswith(f"{self._dfid.hex()}:"))
        return bool(body.get("dfid") == self._dfid)


def _open_all(holder: Any, shapes: Shapes) -> None:
    """Open every envelope inside, so that the shapes they are spelled by are noted."""
    if isinstance(holder, list | tuple):
        for each in holder:
            _open_all(each, shapes)
    elif isinstance(holder, dict):
        if "payload_type" in holder:
            _open_all(open_envelope(holder, shapes)[1], shapes)
        elif holder.get("instruction") is not None:  # of a trigger: the bytes of an envelope
            _open_all(ENVELOPE.read(holder["instruction"]), shapes)
        else:
            for each in holder.values():
                _open_all(each, shapes)
