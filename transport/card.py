"""A ledger's card and key files: what a process must be told before it may read a topic.

The root key is the one thing that no topic can teach: it comes from this card, and everything else that is
believed is signed, in the end, by it.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

WHO = re.compile(r"[a-z0-9._-]{1,64}")


class CardError(ValueError):
    """A ledger's card or key file is missing or wrong; the text says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """ledger: 16 random bytes drawn at genesis; root: the 32-byte public root key; clock: LIVE or TAPE.

    continues: the last notes of the ledger this one goes on from, one a partition.
    """

    name: str
    ledger: bytes
    operator: str
    clock: str
    shards: int
    root: bytes
    continues: tuple[str, ...] = ()


def folder(state: Path, name: str) -> Path:
    """Where a ledger's card and keys lie."""
    return state / "ledgers" / name


def load_card(state: Path, name: str) -> Card:
    """Read ``<state>/ledgers/<name>/card.json``. Raises CardError when it is missing or wrong."""
    path = folder(state, name) / "card.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        card = Card(
            name=found["name"],
            ledger=bytes.fromhex(found["ledger"]),
            operator=found["operator"],
            clock=found["clock"],
            shards=int(found["shards"]),
            root=bytes.fromhex(found["root"]),
            continues=tuple(map(str, found.get("continues", ()))),
        )
    except FileNotFoundError:
        raise CardError(f"no ledger {name!r} in {state}: interlock start (or demo) makes one") from None
    except (KeyError, TypeError, ValueError) as error:
        raise CardError(
            f"{path} is damaged ({error}): restore it from a copy, it cannot be guessed"
        ) from None
    if (
        len(card.ledger) != 16
        or len(card.root) != 32
        or card.clock not in ("LIVE", "TAPE")
        or card.shards < 1
    ):
        raise CardError(f"{path} is damaged: restore it from a copy, it cannot be guessed")
    return card


def write_card(state: Path, card: Card) -> None:
    """Write the card once; a ledger's identity never changes. Raises FileExistsError on a second one."""
    home = folder(state, card.name)
    (home / "keys").mkdir(parents=True, exist_ok=True, mode=0o700)
    text = json.dumps(
        {
            "name": card.name,
            "ledger": card.ledger.hex(),
            "operator": card.operator,
            "clock": card.clock,
            "shards": card.shards,
            "root": card.root.hex(),
            "continues": list(card.continues),
        },
        indent=1,
    )
    with (home / "card.json").open("x", encoding="utf-8") as file:
        file.write(text + "\n")


def key_path(state: Path, name: str, who: str) -> Path:
    """The seed file of one signer. Raises CardError on a name that is no plain id."""
    if not WHO.fullmatch(who):
        raise CardError(f"{who!r} is no signer's name: a-z, 0-9, dot, dash and underscore only")
    return folder(state, name) / "keys" / f"{who}.key"


def seed(state: Path, name: str, who: str) -> bytes:
    """The 32-byte signing seed of ``who``. Raises CardError when it is missing or not 32 bytes of hex."""
    path = key_path(state, name, who)
    try:
        found = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        raise CardError(f"no key of {who} for ledger {name!r}: interlock keys new ROLE {who}") from None
    except ValueError:
        raise CardError(f"{path} holds no hex seed") from None
    if len(found) != 32:
        raise CardError(f"{path} holds {len(found)} bytes, a seed has 32")
    return found


def write_seed(state: Path, name: str, who: str, value: bytes) -> Path:
    """Write a new seed, readable by its owner alone. Raises FileExistsError: a key is never overwritten."""
    path = key_path(state, name, who)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(value.hex() + "\n")
    return path
