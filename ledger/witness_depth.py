"""A witness looks inside what it cosigns: every body readable, every signature of who might sign it there.

The chain, the tree and the kernel's own key are the witness's fold; this is the verifier's level `sign`
beside it, entry by entry, in memory that does not grow with the ledger. What flows and orders prove together
(level `evidence`) is for an audit, which reads the whole.
"""

from dataclasses import dataclass, field

from ledger.entry import decode_entry
from ledger.findings import Code, Outcome, outcome_of
from ledger.note import origin_of
from ledger.shapes import Malformed, Shapes
from ledger.trust import Trust
from ledger.verify_bodies import body_name
from ledger.verify_sign import Signatures
from schemas.kind_table import EntryKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """The first thing wrong inside an entry, by the verifier's own code."""

    seq: int
    code: str
    expected: str
    found: str


@dataclass(slots=True)
class Depth:
    """Reads entries in order and says what is wrong inside one; trust: whose root a ledger may begin with."""

    trust: Trust
    shapes: Shapes = field(default_factory=Shapes)
    _found: list[Wrong] = field(default_factory=list)
    _origin: str = ""
    _sign: Signatures = field(init=False)

    def __post_init__(self) -> None:
        self._sign = Signatures(say=self._say, trust=self.trust, shapes=self.shapes)

    def wrong(self, value: bytes) -> Wrong | None:
        """Take the next entry, whose place in the chain was checked before; what is wrong in it, or None."""
        self._found.clear()
        try:
            self._look(value)
        except Malformed as error:
            self._say(-1, Code.BODY_UNREADABLE, "a body in its one spelling", error)
        return self._found[0] if self._found else None

    def _look(self, value: bytes) -> None:
        entry = decode_entry(value)
        form, name = self.shapes.get(entry.schema), body_name(entry.kind)
        if form is None or form.name != name:
            self._say(entry.seq, Code.SCHEMA_UNKNOWN, name or "a kind this version knows", entry.schema.hex())
            return
        body = form.read(entry.body)
        if entry.kind == EntryKind.SCHEMA:
            self.shapes.learn(body["name"], body["schema"])
        elif entry.kind == EntryKind.GENESIS:
            self._origin = origin_of(body["operator"], entry.ledger, entry.partition)
        self._sign.entry(entry, body, self._origin)

    def _say(self, seq: int, code: Code, expected: object, found: object) -> None:
        if outcome_of(code) in (Outcome.TAMPERED, Outcome.UNREADABLE):
            self._found.append(Wrong(seq=seq, code=code.name, expected=str(expected), found=str(found)))
