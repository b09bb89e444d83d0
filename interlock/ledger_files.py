"""A ledger taken off the broker: archives, the witness's notes and a trust file, all an auditor needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from interlock.context import Context
from interlock.witness import note_path, trust_of
from ledger import trust_text as written
from ledger.archive import SUFFIX, write_archive
from ledger.signing import Signer
from transport.card import seed


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written: archives by partition, notes, the trust file and how many entries."""

    folder: Path
    trust: Path
    notes: tuple[Path, ...]
    entries: int


def trust_text(where: Context) -> str:
    """What this machine trusts about its own ledger; an auditor gets it by another road."""
    public = Signer(seed(where.running.root, where.name, "witness")).public
    return written.trust_text(trust_of(where.card, public))


def notes_of(where: Context) -> tuple[Path, ...]:
    """The notes the witness keeps of a ledger's partitions, off the broker."""
    paths = (note_path(where.running.root, where.name, shard) for shard in range(where.card.shards))
    return tuple(path for path in paths if path.exists())


def export(where: Context, folder: Path) -> Exported:
    """Write every partition, note and the trust file into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = 0
    for partition in range(where.card.shards):
        with (folder / f"{partition}{SUFFIX}").open("wb") as file:
            entries += write_archive(file, where.ledger(partition))
    trust = folder / "trust.json"
    trust.write_text(trust_text(where), encoding="utf-8")
    notes = []
    for note in notes_of(where):
        copy = folder / note.name
        copy.write_bytes(note.read_bytes())
        notes.append(copy)
    return Exported(folder=folder, trust=trust, notes=tuple(notes), entries=entries)
