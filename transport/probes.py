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
import time
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

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
    """Writes the progress file of one loop, at most once a second, atomically."""

    def __init__(self, state: Path, ledger: str, process: str) -> None:
        self._file = progress_file(state, ledger, process)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._process, self._state = process, state
        self._written_ms: int | None = None
        self._moved_ms = 0
        self._positions: dict[str, int] = {}
        self._said = False

    def due(self, now_ms: int) -> bool:
        """Whether it is time to write again (monotonic milliseconds)."""
        return self._written_ms is None or now_ms - self._written_ms >= WRITE_EVERY_MS

    def note(
        self, positions: Positions, held: Mapping[Position, int], behind: AbstractSet[Position], now_ms: int
    ) -> None:
        """Write how far the loop is; warn once per standstill."""
        named = {_named(at): offset for at, offset in sorted(positions.items())}
        if named != self._positions or not (behind or held):
            self._positions, self._moved_ms, self._said = named, now_ms, False
        stalled_ms = now_ms - self._moved_ms
        self._written_ms = now_ms
        content = {
            "process": self._process,
            "pid": os.getpid(),
            "written_ms": time.time_ns() // 1_000_000,
            "stalled_ms": stalled_ms,
            "positions": named,
            "held": {_named(at): count for at, count in sorted(held.items())},
            "behind": sorted(_named(at) for at in behind),
        }
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(content, sort_keys=True), encoding="utf-8")
        fresh.replace(self._file)
        if stalled_ms >= STALLED_AFTER_MS and not self._said:
            self._said = True
            logger.warning("%s", ready(self._file).why)


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
        why = f"{process} (pid {content['pid']}) has not turned for {age_ms // 1_000} s"
        return Readiness(process=process, ready=False, why=why, command=command)
    if int(content["stalled_ms"]) >= STALLED_AFTER_MS:
        where = ", ".join(content["behind"] or content["held"])
        why = f"{process} is behind on {where}, not moving for {content['stalled_ms'] // 1_000} s: {command}"
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
