"""The shapes that a ledger's entries and signed messages may be spelled in, by hash (`released_shapes.json`).

A ledger brings the text of its own schemas. Without this table whoever holds the kernel's checkpoint key
could bring another shape under a name the verifier knows: one without the field that is signed, say. Hashes
are added by `interlock schema gen` and never taken away, so that yesterday's ledgers stay readable.
"""

import json
from pathlib import Path

from ledger.tag import sha256
from ledger.verify_sign import SIGNERS
from schemas import avsc
from schemas.kinds import BODY

PATH = Path(__file__).with_name("released_shapes.json")


def shapes() -> dict[str, str]:
    """Return today's shapes by name: of every body an entry has, and of every message that is signed."""
    names = {cls.__name__ for cls in BODY.values()} | SIGNERS.keys()
    return {name: sha256(avsc.canonical(f"{avsc.NAMESPACE}.{name}")).hex() for name in sorted(names)}


def table() -> dict[str, list[str]]:
    """Return all that were ever released, oldest first."""
    found: dict[str, list[str]] = json.loads(PATH.read_text(encoding="utf-8"))
    return found


def record() -> list[str]:
    """Add today's shapes to the table; the names of those that were not in it."""
    known, now = table() if PATH.exists() else {}, shapes()
    fresh = [name for name, digest in now.items() if digest not in known.get(name, [])]
    for name in fresh:
        known[name] = [*known.get(name, []), now[name]]
    if fresh:
        PATH.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n", encoding="utf-8")
    return fresh
