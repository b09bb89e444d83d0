"""What an auditor keeps of a ledger he found intact, so that the next audit begins where this one ended.

It holds the frontier of each partition: a root that the kernel and a witness sign later must follow from it,
which is the proof that the old entries are still those that were read. They are not read again; only the last
frame is, to know the place. The file is the auditor's own word to himself: whoever can change it can change
his verifier. Its digest is against accidents.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from ledger.entry import decode_entry
from ledger.merkle import Frontier, leaf_hash
from ledger.resumed import Start
from ledger.trust import BadTrust, Trust
from ledger.trust_text import trust_text
from ledger.verify import Level

FORMAT = "interlock-audit/1"
AUDIT_BYTES_MAX = 1 << 30


class BadAudit(BadTrust):
    """A file that is no audit receipt, or one that does not fit this audit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One partition: where it was left, its last entry's value, and what later entries rest on (values).

    witnesses: up to where each has seen it. notes: those that it was found to agree with, so that they may be
    brought again.
    """

    source: str
    offset: int
    size: int
    hashes: tuple[bytes, ...]
    last: bytes
    signed: int
    witnesses: dict[str, int]
    ground: tuple[bytes, ...]
    notes: tuple[str, ...]

    def start(self) -> Start:
        """Return the state to begin in. Raises ValueError when it is none."""
        last, frontier = decode_entry(self.last), Frontier(size=self.size, hashes=self.hashes)
        if not frontier.whole() or last.seq != self.size - 1:
            raise ValueError("a frontier that is not its size's")
        if not (self.size <= self.offset < 1 << 63 and 0 <= self.signed <= self.size):
            raise ValueError("a place in no file, or a size that is signed and was not read")
        if any(not 0 < size <= self.size for size in self.witnesses.values()):
            raise ValueError("a witness of more than was read")
        return Start(
            offset=self.offset, frontier=frontier, prev=leaf_hash(self.last), last=last,
            ground=self.ground, signed=self.signed, witnesses=self.witnesses,
        )  # fmt: skip


def audited(source: str, start: Start, last: bytes, notes: Iterable[str]) -> Audited:
    """Return what is kept of a partition that was intact up to `start`; last: its last entry's value."""
    return Audited(
        source=source, offset=start.offset, size=start.frontier.size, hashes=start.frontier.hashes, last=last,
        signed=start.signed, witnesses=dict(sorted(start.witnesses.items())),
        ground=start.ground, notes=tuple(sorted(set(notes))),
    )  # fmt: skip


def audit_text(level: Level, trust: Trust, found: Mapping[str, Audited]) -> str:
    """Return the receipt's JSON, which `parse_audit` reads back."""
    partitions = [_coded(asdict(found[name])) for name in sorted(found)]
    whole = {
        "format": FORMAT,
        "level": level.name.lower(),
        "trust": trust_text(trust),
        "partitions": partitions,
    }
    digest = sha256(json.dumps(whole).encode()).hexdigest()
    return json.dumps({**whole, "sha256": digest}, indent=1) + "\n"


def parse_audit(text: str, level: Level, trust: Trust | None) -> dict[str, Audited]:
    """Read a receipt by source. Raises BadAudit unless spelled the one way, of this trust and level."""
    try:
        read = json.loads(text if len(text) <= AUDIT_BYTES_MAX else "")
        found = {each["source"]: Audited(**_decoded(each)) for each in read["partitions"]}
        kept, names = (
            Level[read["level"].upper()],
            {each.name for each in trust.witnesses} if trust else set(),
        )
        same = trust is not None and audit_text(kept, trust, found) == text
        for each in found.values():
            each.start()
            same = same and each.witnesses.keys() <= names
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise BadAudit(f"an audit receipt that cannot be read: {error}") from None
    if not same:
        raise BadAudit("an audit receipt of another trust file, or not in its one spelling")
    if level is Level.EVIDENCE:
        raise BadAudit("level evidence joins all entries, old and new: --level sign, or without --since")
    if level > kept:
        raise BadAudit(f"an audit at level {kept.name.lower()}: what was not checked then needs all bytes")
    return found


def _coded(value: Any) -> Any:
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case list() | tuple():
            return [_coded(each) for each in value]
        case dict():
            return {name: _coded(each) for name, each in value.items()}
    return value


def _decoded(read: dict[str, Any]) -> dict[str, Any]:
    raw = {name: tuple(map(_bytes, read[name])) for name in ("hashes", "ground")}
    seen = {name: int(size) for name, size in sorted(read["witnesses"].items())}
    notes = tuple(map(str, read["notes"]))
    return {**read, **raw, "witnesses": seen, "notes": notes, "last": _bytes(read["last"])}


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
