"""What `interlock ps` shows: one supervised program, as its supervisor last wrote it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from interlock.services.state import write_json


class Phase(StrEnum):
    """Where a program is in its life."""

    RUNNING = "running"
    WAITING = "waiting"  # stopped by itself; started again when its delay is over
    GAVE_UP = "gave up"  # stopped too often at one place; an operator looks at the place
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One program. `place` is where it last stopped by itself: a record, an exit code or a signal."""

    name: str
    phase: Phase
    pid: int | None
    starts: int
    started_us: int
    place: str
    log: str


def write_status(folder: Path, programs: Sequence[Status]) -> None:
    """Write the status file of one ledger's supervisor."""
    write_json(folder / "status.json", [asdict(one) for one in programs])


def read_status(folder: Path) -> tuple[Status, ...]:
    """What the supervisor last wrote; nothing if none ever ran here."""
    try:
        told = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    return tuple(Status(**{**one, "phase": Phase(one["phase"])}) for one in told)
