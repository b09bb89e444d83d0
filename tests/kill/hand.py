"""The supervisor as a kill loop needs it: it says how each child ended, and can let go of a frozen one."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from interlock.services.leash import Leashed
from interlock.services.restarts import Patience
from interlock.services.state import State
from interlock.services.supervisor import Program, Supervisor, _Kept

# A kill loop's processes are young when they are fenced, and its kills say nothing about them.
PATIENCE = Patience(settled_ms=1_000, forgives_kills=True)
Ended = Callable[[str, int], None]


class Hand(Supervisor):
    """ended: told of each end, with the exit code (negative: the signal), on the supervisor's thread."""

    def __init__(self, state: State, ledger: str, programs: Sequence[Program], *, cwd: Path) -> None:
        super().__init__(state, ledger, programs, cwd=cwd, patience=PATIENCE)
        self.ended: Ended = lambda name, code: None
        self.programs = {one.name: one for one in programs}

    def _tend(self, kept: _Kept, now_s: float) -> None:
        before = kept.child
        super()._tend(kept, now_s)
        if before is not None and kept.child is not before:
            code = before.exit_code()
            assert code is not None, "the supervisor forgets a child when it has ended"
            self.ended(kept.program.name, code)

    def pid(self, name: str) -> int | None:
        """Its process number while it runs."""
        with self._lock:
            child = self._kept[name].child
            return None if child is None else child.pid

    def send(self, name: str, number: signal.Signals) -> bool:
        """Signal one program alone; False when it does not run."""
        with self._lock:
            child = self._kept[name].child
            if child is None or child.exit_code() is not None:
                return False
            with suppress(ProcessLookupError):
                os.kill(child.pid, number)
            return True

    def let_go(self, name: str) -> Leashed | None:
        """Start a successor beside a child that is frozen; the child is the caller's from now on."""
        with self._lock:
            kept = self._kept[name]
            child, kept.child = kept.child, None
            kept.due_s = 0.0
            return child


def children(pid: int) -> list[int]:
    """Process numbers of the children of a process (a worker's signer, and its leash)."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    with suppress(FileNotFoundError, ProcessLookupError):
        return [int(word) for word in path.read_text(encoding="ascii").split()]
    return []


def signer_of(pid: int) -> int | None:
    """The signer of a worker, known by its command line."""
    for child in children(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            if b"agents.signer_process" in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
    return None
