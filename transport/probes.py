"""Progress that others can see: one small file per process, and what it says about being ready.

A process whose file grows old does not turn; one that is behind and whose positions stay is stuck. Both are
said with the command that shows why. `python -m transport.probes STATE` prints every process of a state
folder.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transport.log import Position, Positions

logger = logging.getLogger(__name__)

WRITE_EVERY_MS = 1_000
STALLED_AFTER_MS = 15_000  # longer than the 12 s that transactions wait out a lost partition leader


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether a process makes progress, and if not, why, and which command shows more."""

    process: str
    ready: bool
    why: str
    command: str = ""


def _named(at: Position) -> str:
    return f"{at[0]}/{at[1]}"


def progress_file(state: Path, ledger: str, process: str) -> Path:
    """Where a process says how far it is."""
    return state / "run" / ledger / f"{process}.progress.json"


class Probe:
    """Writes the progress file of one process, about once a second, atomically. Thread-safe.

    The loop notes where it stands, the client whether a broker is there; `beat` writes on while the loop
    does not turn, so that who looks can tell a loop that is stuck from a process that is gone.
    """

    def __init__(self, state: Path, ledger: str, process: str) -> None:
        self._file = progress_file(state, ledger, process)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._process = process
        self._lock = threading.Lock()
        self._written_ms: int | None = None
        self._moved_ms = self._noted_ms = 0
        self._begun = False
        self._away_since_ms: int | None = None
        self._positions: dict[str, int] = {}
        self._held: dict[str, int] = {}
        self._behind: list[str] = []
        self._said = ""

    def due(self, now_ms: int) -> bool:
        """Whether it is time to write again (monotonic milliseconds)."""
        return self._written_ms is None or now_ms - self._written_ms >= WRITE_EVERY_MS

    def heard(self, up: bool, now_ms: int) -> None:
        """Whether the client has a connection to any broker."""
        with self._lock:
            if up:
                self._away_since_ms = None
            elif self._away_since_ms is None:
                self._away_since_ms = now_ms

    def note(
        self, positions: Positions, held: Mapping[Position, int], behind: AbstractSet[Position], now_ms: int
    ) -> None:
        """Write how far the loop is; warn once per standstill."""
        with self._lock:
            named = {_named(at): offset for at, offset in sorted(positions.items())}
            self._held = {_named(at): count for at, count in sorted(held.items())}
            self._behind = sorted(_named(at) for at in behind)
            if named != self._positions or not (behind or held):
                self._positions, self._moved_ms = named, now_ms
            self._begun, self._noted_ms = True, now_ms
            self._write(now_ms, doing="")

    def beat(self, now_ms: int, doing: str) -> None:
        """Write although the loop has not; ``doing``: where in the code it is."""
        with self._lock:
            if not self._begun:
                self._begun, self._noted_ms, self._moved_ms = True, now_ms, now_ms
            if self._written_ms is None or now_ms - self._written_ms >= 2 * WRITE_EVERY_MS:
                self._write(now_ms, doing)

    def _write(self, now_ms: int, doing: str) -> None:
        self._written_ms = now_ms
        away_ms = 0 if self._away_since_ms is None else now_ms - self._away_since_ms
        content = {
            "process": self._process,
            "pid": os.getpid(),
            "written_ms": time.time_ns() // 1_000_000,
            "silent_ms": now_ms - self._noted_ms,
            "doing": doing,
            "away_ms": away_ms,
            "stalled_ms": now_ms - self._moved_ms,
            "positions": self._positions,
            "held": self._held,
            "behind": self._behind,
        }
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(content, sort_keys=True), encoding="utf-8")
        fresh.replace(self._file)
        waits = _waits(content)
        if waits is not None and waits.kind != self._said:
            logger.warning("%s", ready(self._file).why)
        self._said = "" if waits is None else waits.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waits:
    """What a live process waits for, and for how long; a new kind is logged once."""

    kind: str
    what: str
    ms: int


def _waits(content: Mapping[str, Any]) -> _Waits | None:
    """What keeps a process that writes its file from moving; None while it moves, or for a moment only."""
    silent_ms, away_ms = int(content["silent_ms"]), int(content["away_ms"])
    if silent_ms >= STALLED_AFTER_MS:
        doing = str(content["doing"])
        broker = "waits for the broker" if away_ms or "/kafka_" in f"/{doing}" else "does not return"
        return _Waits(kind="silent", what=f"has not turned: it {broker}, in {doing}", ms=silent_ms)
    if away_ms >= STALLED_AFTER_MS:
        return _Waits(kind="away", what="waits for the broker: no connection", ms=away_ms)
    if int(content["stalled_ms"]) >= STALLED_AFTER_MS:
        where = ", ".join(content["behind"] or content["held"])
        cause = "" if content["behind"] else ", held for a record of market.signals"
        what = f"is behind on {where}{cause}, not moving"
        return _Waits(kind="behind", what=what, ms=int(content["stalled_ms"]))
    return None


def ready(file: Path, *, now_ms: int | None = None) -> Readiness:
    """Judge a progress file. `now_ms` is wall time in milliseconds, default the present."""
    process = file.name.removesuffix(".progress.json")
    command = f"python -m transport.probes {file.parent.parent.parent}"
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Readiness(
            process=process, ready=False, why=f"{process} has not started reading", command=command
        )
    now_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    age_ms = now_ms - int(content["written_ms"])
    if age_ms > STALLED_AFTER_MS:
        why = f"{process} (pid {content['pid']}) is gone or frozen: has not turned for {age_ms // 1_000} s"
        return Readiness(process=process, ready=False, why=why, command=command)
    waits = _waits(content)
    if waits is not None:
        why = f"{process} (pid {content['pid']}) {waits.what}, for {waits.ms // 1_000} s: {command}"
        return Readiness(process=process, ready=False, why=why, command=command)
    return Readiness(process=process, ready=True, why=f"{process} moves")


def main(arguments: list[str]) -> int:
    """Print every process's progress; 0 if all are ready."""
    files = sorted(Path(arguments[0] if arguments else ".interlock").glob("run/*/*.progress.json"))
    states = [(file, ready(file)) for file in files]
    for file, state in states:
        sys.stdout.write(f"{file.parent.name} {'ready' if state.ready else 'NOT READY'}: {state.why}\n")
        sys.stdout.write(f"  {file.read_text(encoding='utf-8')}\n")
    return 0 if all(state.ready for _, state in states) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
