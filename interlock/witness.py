"""The witness's process: it reads the committed ledger for ever and keeps its last cosigned note on disk.

Its store is one file, off the broker it watches: the cosigned note itself, on disk before anybody is told.
After a restart the ledger is read again from the first entry and must pass through the note's root.
"""

import json
import logging
import os
import time
from dataclasses import asdict
from pathlib import Path

from ledger.note import COSIGNATURE, Checkpoint, Note, VerifierKey, parse_checkpoint, parse_note
from ledger.signing import Signer
from ledger.trust import Trust
from ledger.witness import Refusal, Witness, cosigned
from ledger.witness_depth import Depth, Wrong
from transport.card import Card, load_card, seed
from transport.edge import stop_on_signals
from transport.exits import AGAIN, REFUSED
from transport.kafka_reader import KafkaTail
from transport.log import LogError, PositionLost, Record, Refused
from transport.names import group_id
from transport.settings import ProcessSettings, read

logger = logging.getLogger(__name__)

NAME = "witness.interlock.local"
TOPIC = "kernel.ledger"
PAUSE_S = 0.02  # between two looks at an idle ledger: a checkpoint is cosigned within the blink of an eye
SHORT_S = 30.0  # a broker that has just come back may show less than it has; after this it has less


class WitnessRefused(Exception):
    """The ledger is not the one that was signed before, or does not hold together; args[0] says why."""

    def __init__(
        self, reason: Refusal, record: Record | None, witness: Witness, wrong: Wrong | None = None
    ) -> None:
        super().__init__(reason)
        self.reason, self.record, self.witness, self.wrong = reason, record, witness, wrong


def note_path(state: Path, ledger: str, shard: int = 0) -> Path:
    """Where the cosigned note of a ledger partition lies."""
    return state / "witness" / (f"{ledger}.note" if shard == 0 else f"{ledger}-{shard}.note")


def witness_key(public: bytes) -> VerifierKey:
    """The vkey that a trust file names the witness by."""
    return VerifierKey(name=NAME, algorithm=COSIGNATURE, public=public)


def trust_of(card: Card, witness_public: bytes) -> Trust:
    """What whoever made the ledger may hand to an auditor: its root key and its one witness."""
    return Trust(
        ledger=card.ledger,
        operator=card.operator,
        roots=(card.root,),
        witnesses=(witness_key(witness_public),),
    )


def remembered(path: Path) -> Checkpoint | None:
    """The checkpoint signed last, None before the first. Raises BadNote: damage is not forgetting."""
    if not path.exists():
        return None
    return parse_checkpoint(parse_note(path.read_text(encoding="utf-8")).text)


def keep(path: Path, text: str) -> None:
    """Replace the file so that after a power cut there is the old text or the new, never neither."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".fresh")
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Watching:
    """One witness at one partition: what it has seen, and the note it will sign next."""

    def __init__(self, path: Path, signer: Signer, card: Card) -> None:
        self._path, self._signer = path, signer
        self.witness = Witness(known=remembered(path))
        self.depth = Depth(trust_of(card, signer.public))
        self._short_since: float | None = None

    def take(self, tail: KafkaTail, now_s: float) -> int:
        """Fold what is new and cosign the newest checkpoint in it; how many records there were.

        Raises WitnessRefused when the ledger cannot be what was signed before.
        """
        newest: Note | None = None
        count = 0
        for record in tail.read():
            seen = self.witness.see(record.value or b"")
            if isinstance(seen, Refusal):
                raise WitnessRefused(seen, record, self.witness)
            wrong = self.depth.wrong(record.value or b"")
            if wrong is not None:
                raise WitnessRefused(Refusal.INSIDE, record, self.witness, wrong)
            self.witness, note = seen
            newest, count = note or newest, count + 1
        if newest is not None:
            keep(self._path, cosigned(newest, NAME, self._signer, int(now_s * 1_000_000)))
        self._at_end(now_s)
        return count

    def _at_end(self, now_s: float) -> None:
        refused = self.witness.at_end()
        if refused is None:
            self._short_since = None
            return
        self._short_since = now_s if self._short_since is None else self._short_since
        if now_s - self._short_since > SHORT_S:
            raise WitnessRefused(refused, None, self.witness)


def serve(settings: ProcessSettings) -> int:
    """Watch one partition until a signal; 0 clean, 75 try again, 77 a person must look."""
    path = note_path(settings.state, settings.ledger, settings.shard)
    stop = stop_on_signals()
    try:
        signer = Signer(seed(settings.state, settings.ledger, "witness"))
        group = group_id(settings.ledger, "witness", settings.shard)
        tail = KafkaTail(settings.kafka, settings.ledger, group, TOPIC, settings.shard)
        watching = Watching(path, signer, load_card(settings.state, settings.ledger))
        while not stop.is_set():
            if not watching.take(tail, time.time()):
                stop.wait(PAUSE_S)
        tail.close()
    except WitnessRefused as refused:
        keep(path.with_suffix(".refused.json"), _evidence(refused))
        logger.exception(
            "witness refuses to go on: %s; see %s", refused.reason, path.with_suffix(".refused.json")
        )
        return REFUSED
    except (Refused, PositionLost):
        logger.exception("witness stopped")
        return REFUSED
    except LogError:
        logger.exception("witness stopped")
        return AGAIN
    return 0


def _evidence(refused: WitnessRefused) -> str:
    """What a person needs to see: the entry that did not fit, and what was known before it."""
    record, known = refused.record, refused.witness.known
    found = {
        "reason": str(refused.reason),
        "seen": refused.witness.frontier.size,
        "root": refused.witness.frontier.root().hex(),
        "offset": None if record is None else record.offset,
        "value": None if record is None or record.value is None else record.value.hex(),
        "known": None if known is None else known.text(),
        "inside": None if refused.wrong is None else asdict(refused.wrong),
    }
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Run the witness as the environment says (`transport/settings.py`)."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    return serve(read())


if __name__ == "__main__":
    raise SystemExit(main())
