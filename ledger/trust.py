"""What an auditor trusts before he opens a ledger: whose it is, its root keys, and who watched it grow."""

import json
from dataclasses import dataclass

from ledger.note import Checkpoint, Note, VerifierKey, parse_checkpoint, parse_note, parse_vkey


class BadTrust(ValueError):
    """A trust file that is not one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """ledger: 16 bytes; roots: public keys that may stand in GENESIS; witnesses: their cosignature vkeys.

    quorum: how many of the witnesses, by name, must have seen what counts as anchored.
    """

    ledger: bytes
    operator: str
    roots: tuple[bytes, ...]
    witnesses: tuple[VerifierKey, ...]
    quorum: int = 1


def parse_trust(text: str) -> Trust:
    """Read a trust file: {ledger, operator, roots, witnesses, quorum}. Raises BadTrust on anything else."""
    try:
        read = json.loads(text)
        ledger, roots = bytes.fromhex(read["ledger"]), tuple(map(bytes.fromhex, read["roots"]))
        witnesses, operator = tuple(map(parse_vkey, read["witnesses"])), str(read["operator"])
        k = read.setdefault("quorum", 1)  # trust files of before it was asked for
        trust = Trust(ledger=ledger, operator=operator, roots=roots, witnesses=witnesses, quorum=k)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise BadTrust(f"a trust file that cannot be read: {error}") from None
    enough = type(k) is int and 0 < k <= max(1, len({each.name for each in witnesses}))
    if not enough or len(read) != 5 or len(ledger) != 16 or any(len(each) != 32 for each in roots):
        raise BadTrust("a trust file has a ledger of 16 bytes, operator, roots of 32, witnesses, a quorum")
    return trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A checkpoint somebody kept outside the broker, and which trusted witnesses cosigned it."""

    point: Checkpoint
    note: Note
    witnesses: tuple[str, ...]

    @property
    def partition(self) -> int:
        """The partition its origin names, -1 if it names none."""
        number = self.point.origin.rpartition("/")[2]
        return int(number) if number.isascii() and number.isdigit() else -1


def parse_anchor(text: str, trust: Trust | None) -> Anchor:
    """Read a cosigned note. Raises BadNote when it is no checkpoint in its one spelling."""
    note = parse_note(text)
    names = {key.name for key in trust.witnesses if key.signed(note)} if trust else set()
    return Anchor(point=parse_checkpoint(note.text), note=note, witnesses=tuple(sorted(names)))
