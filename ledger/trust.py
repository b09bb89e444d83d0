"""What an auditor trusts before he opens a ledger: whose it is, its root keys, and who watched it grow."""

import json
from dataclasses import dataclass

from ledger.note import (
    Checkpoint,
    Note,
    VerifierKey,
    cosigners,
    parse_checkpoint,
    parse_note,
    parse_vkey,
)


class BadTrust(ValueError):
    """A trust file that is not one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """ledger: 16 bytes; roots: public keys that may stand in GENESIS; witnesses: their cosignature vkeys."""

    ledger: bytes
    operator: str
    roots: tuple[bytes, ...]
    witnesses: tuple[VerifierKey, ...]

    def text(self) -> str:
        """Return the file's JSON, one member a line."""
        members = {
            "ledger": self.ledger.hex(),
            "operator": self.operator,
            "roots": [each.hex() for each in self.roots],
            "witnesses": [each.text() for each in self.witnesses],
        }
        return json.dumps(members, indent=1) + "\n"


def parse_trust(text: str) -> Trust:
    """Read a trust file: {ledger, operator, roots, witnesses}. Raises BadTrust on anything else."""
    try:
        match json.loads(text):
            case {
                "ledger": str(ledger),
                "operator": str(name),
                "roots": [*roots],
                "witnesses": [*keys],
                **rest,
            }:
                trust = Trust(
                    ledger=bytes.fromhex(ledger),
                    operator=name,
                    roots=tuple(bytes.fromhex(each) for each in roots),
                    witnesses=tuple(parse_vkey(each) for each in keys),
                )
            case _:
                raise BadTrust("a trust file has ledger, operator, roots and witnesses")
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadTrust(f"a trust file that cannot be read: {error}") from None
    if rest or len(trust.ledger) != 16 or any(len(each) != 32 for each in trust.roots):
        raise BadTrust("a trust file with a ledger of 16 bytes, roots of 32 and no other member")
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
    names = cosigners(note, trust.witnesses) if trust else []
    return Anchor(point=parse_checkpoint(note.text), note=note, witnesses=tuple(names))
