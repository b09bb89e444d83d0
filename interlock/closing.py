"""How a ledger ends: closed by an operator, watched to its last note, archived, and gone on from."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from interlock.account_story import told
from interlock.context import Context
from interlock.ledger_files import export
from interlock.witness import note_path
from kernel.replay import replay
from ledger.archive import SUFFIX, archives, read_archive
from ledger.continued import Ended, NotContinued, ended, linked
from ledger.findings import Findings, Outcome
from ledger.tag import sha256
from ledger.trust import parse_anchor, parse_trust
from ledger.verify import Level
from ledger.verify_cli import verify_files

REASONS = ("end", "size", "time", "shards")  # closed words
SEEN_S = 30.0  # a witness cosigns within a blink; one that is starting reads the ledger first


class NotClosed(ValueError):
    """A ledger that is not closed, or whose end no witness has signed; args[0] says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """The end of one partition: how it ended, and the note of its last CHECKPOINT as text."""

    end: Ended
    note: str


def open_orders(values: Iterable[bytes]) -> list[str]:
    """Orders without a final receipt, in words: after CLOSE nobody could answer for them."""
    orders = told(values).orders.values()
    return sorted(f"{each.order.key.hex()} of {each.order.account}" for each in orders)


def last_notes(there: Context, wait_s: float = 0.0) -> list[Last]:
    """The last note of every partition, waited for. Raises NotClosed saying what is missing."""
    return [_last(there, partition, time.monotonic() + wait_s) for partition in range(there.card.shards)]


def _last(there: Context, partition: int, deadline: float) -> Last:
    path = note_path(there.running.root, there.name, partition)
    while True:
        try:
            end = ended(there.ledger(partition))
            note = path.read_text(encoding="utf-8") if path.exists() else ""
            linked([note], [end], None)
            return Last(end=end, note=note)
        except NotContinued as error:
            if time.monotonic() > deadline:
                raise NotClosed(f"partition {partition}: {error}") from None
        time.sleep(0.2)


def archive(there: Context, folder: Path) -> dict[str, str]:
    """Write a closed ledger whole and read it again: verified to evidence, replayed; SHA-256 by file name.

    Raises NotClosed when it is not closed, or what was written does not hold.
    """
    last_notes(there)
    done = export(there, folder)
    trust = parse_trust(done.trust.read_text(encoding="utf-8"))
    anchors = [parse_anchor(note.read_text(encoding="utf-8"), trust) for note in done.notes]
    findings, paths = Findings(), archives(folder)
    verify_files(paths, Level.EVIDENCE, anchors, trust, findings)
    if findings.outcome() is not Outcome.INTACT:
        raise NotClosed(f"what was written does not verify: {dict(findings.counts)}")
    for path in paths:
        with path.open("rb") as file:
            judged = replay(read_archive(file))
        if not judged.identical:
            raise NotClosed(f"{path.name}: {judged}")
    kept = [*(folder / f"{number}{SUFFIX}" for number in range(there.card.shards)), *done.notes, done.trust]
    hashes = {each.name: sha256(each.read_bytes()).hex() for each in kept}
    (folder / "archive.json").write_text(
        json.dumps(hashes, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
    return hashes
