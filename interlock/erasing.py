"""What was said about a flow, and its going: a text is erased by a signed act, its commitment stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from interlock.context import Context
from interlock.operators import Answered, issue
from ledger.entry import decode_entry
from ledger.envelope import opened
from ledger.hashes import explain_commitment
from schemas.codec import decode
from schemas.kinds import EntryKind
from schemas.models import Control, ControlEntry, Explanation, Verb
from schemas.wire import Refused, unframed
from transport.log import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A text that still lies on `explanations`. key: `dfid:step:attempt:who`; commitment: as it is signed."""

    key: str
    text: str
    salt: bytes
    commitment: bytes

    @property
    def who(self) -> str:
        """Whose words these are."""
        return self.key.rpartition(":")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """A text that an act took away. seq: of its entry; by: the signers' key ids; reason: a closed word."""

    key: str
    commitment: bytes
    seq: int
    by: tuple[bytes, ...]
    reason: str


def texts(records: Iterable[Record]) -> dict[str, Said]:
    """The texts that stand, by key, as compaction would leave them."""
    found: dict[str, Said] = {}
    for record in records:
        key = (record.key or b"").decode("utf-8", "replace")
        if record.value is None:
            found.pop(key, None)
            continue
        try:
            told = unframed(Explanation, record.value)
        except Refused:
            continue
        commitment = explain_commitment(told.text, told.salt)
        found[key] = Said(key=key, text=told.text, salt=told.salt, commitment=commitment)
    return found


def texts_of(there: Context, dfid: bytes) -> list[Said]:
    """What was said about a flow and is still there."""
    found: list[Said] = []
    for partition in range(there.card.shards):
        mine = (
            each
            for each in there.read("explanations", partition)
            if (each.key or b"")[:32] == dfid.hex().encode()
        )
        found += texts(mine).values()
    return sorted(found, key=lambda each: each.key)


def erasures(values: Iterable[bytes]) -> list[Erased]:
    """Every accepted ERASE of a partition, in order."""
    found = []
    for value in values:
        leaf = decode_entry(value)
        if leaf.kind != EntryKind.CONTROL:
            continue
        entry = decode(ControlEntry, leaf.body)
        command = opened(entry.command, Control)
        if entry.accepted and command.verb is Verb.ERASE:
            found.append(
                Erased(
                    key=command.text_key or "",
                    commitment=command.target or b"",
                    seq=leaf.seq,
                    by=tuple(each.keyid for each in entry.command.signatures),
                    reason=command.reason,
                )
            )
    return found


def erase(there: Context, said: Said, by: str, reason: str) -> list[Answered]:
    """Sign the act and wait for every shard; the kernel's tombstone lets the text go with the same step."""
    return issue(there, Verb.ERASE, by, target=said.commitment, text_key=said.key, reason=reason)
