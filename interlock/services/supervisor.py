"""Keeps a ledger's programs running: back-off after a stop, an end after too many at one place."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from interlock.services import detached
from interlock.services.leash import Leashed
from interlock.services.program_status import Phase, Status, write_status
from interlock.services.restarts import PATIENT, Patience, Streak, after_stop, place
from interlock.services.state import State

STOP_GRACE_S = 10.0  # a loop finishes its transaction and writes its state; then it is killed
_TICK_S = 0.05
LOG_BYTES_MAX = 4 << 20
_TAIL_BYTES = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One process to keep: its name in logs and `ps`, its command line, and what its environment adds."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)


def pid_file(state: State, ledger: str) -> Path:
    """The file that the supervisor of a ledger holds locked."""
    return state.run / ledger / "supervisor.pid"


@dataclass(slots=True, kw_only=True)
class _Kept:
    program: Program
    log: Path
    child: Leashed | None = None
    phase: Phase = Phase.STOPPED
    starts: int = 0
    started_s: float = 0.0
    started_us: int = 0
    due_s: float = 0.0
    log_from: int = 0
    streak: Streak = field(default_factory=Streak)


class Supervisor:
    """Runs programs of one ledger until told to stop; call `tick` often, or `start` a thread that does."""

    def __init__(
        self, state: State, ledger: str, programs: Sequence[Program], *, cwd: Path | None = None,
        patience: Patience = PATIENT,
    ) -> None:  # fmt: skip
        self._patience = patience
        self._folder = state.run / ledger
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        logs = state.logs / ledger
        logs.mkdir(parents=True, exist_ok=True)
        self._cwd = cwd or Path.cwd()
        self._kept = {one.name: _Kept(program=one, log=logs / f"{one.name}.log") for one in programs}
        if len(self._kept) != len(programs):
            raise ValueError("two programs of one name")
        self._lock = threading.RLock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start every program, and a thread that keeps them."""
        self.tick()
        self._thread = threading.Thread(target=self.run, name="supervisor", daemon=True)
        self._thread.start()

    def run(self) -> None:
        """Keep the programs until `stop`."""
        while not self._over.wait(_TICK_S):
            self.tick()

    def tick(self) -> None:
        """Start what is due, notice what has ended, keep logs small."""
        with self._lock:
            if self._over.is_set():
                return
            before = self.status()
            for kept in self._kept.values():
                self._tend(kept, time.monotonic())
            if self.status() != before:
                write_status(self._folder, self.status())

    def status(self) -> tuple[Status, ...]:
        """Every program as it is now."""
        with self._lock:
            return tuple(
                Status(
                    name=name,
                    phase=kept.phase,
                    pid=kept.child.pid if kept.child else None,
                    starts=kept.starts,
                    started_us=kept.started_us,
                    place=kept.streak.place,
                    log=str(kept.log),
                )
                for name, kept in self._kept.items()
            )

    def gave_up(self) -> tuple[Status, ...]:
        """Programs that stopped too often at one place."""
        return tuple(one for one in self.status() if one.phase is Phase.GAVE_UP)

    def kill(self, name: str) -> None:
        """SIGKILL one program and its session; it is started again (fault tests)."""
        with self._lock:
            child = self._kept[name].child
            if child is not None:
                child.kill()

    def stop(self) -> None:
        """End everything: asked all at once, killed after the grace; returns when nothing runs."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            children = [kept.child for kept in self._kept.values() if kept.child is not None]
            for child in children:
                child.terminate()
            deadline = time.monotonic() + STOP_GRACE_S
            for child in children:
                if not child.wait(max(0.0, deadline - time.monotonic())):
                    child.kill()
                    child.wait(STOP_GRACE_S)
            for kept in self._kept.values():
                kept.child, kept.phase = None, Phase.STOPPED
            write_status(self._folder, self.status())

    def _tend(self, kept: _Kept, now_s: float) -> None:
        if kept.child is not None:
            _bound(kept)
            code = kept.child.exit_code()
            if code is None:
                return
            where = place(code, _tail(kept.log, kept.log_from))
            lasted_ms = int((now_s - kept.started_s) * 1_000)
            kept.streak = after_stop(
                kept.streak, where, lasted_ms=lasted_ms, exit_code=code, patience=self._patience
            )
            kept.child, kept.phase = None, Phase.GAVE_UP if kept.streak.is_over else Phase.WAITING
            kept.due_s = now_s + kept.streak.delay_ms / 1_000
        if kept.phase is not Phase.GAVE_UP and now_s >= kept.due_s:
            kept.log_from = kept.log.stat().st_size if kept.log.exists() else 0
            kept.child = Leashed(kept.program.argv, env=kept.program.env, cwd=self._cwd, log=kept.log)
            kept.phase, kept.starts = Phase.RUNNING, kept.starts + 1
            kept.started_s, kept.started_us = now_s, time.time_ns() // 1_000


def _tail(log: Path, begin: int) -> str:
    with log.open("rb") as source:
        source.seek(max(begin, log.stat().st_size - _TAIL_BYTES))
        return source.read().decode("utf-8", errors="replace")


def _bound(kept: _Kept) -> None:
    """Keep the log small: the child appends, so the file can be copied and cut under it."""
    if kept.log.stat().st_size > LOG_BYTES_MAX:
        kept.log.with_suffix(".log.1").write_bytes(kept.log.read_bytes())
        os.truncate(kept.log, 0)
        kept.log_from = 0


@contextmanager
def supervised(
    state: State, ledger: str, programs: Sequence[Program], *, cwd: Path | None = None
) -> Iterator[Supervisor]:
    """Run programs beside this process (the demo); ServicesError if another supervisor has the ledger."""
    path = pid_file(state, ledger)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with detached.hold(path):
        supervisor = Supervisor(state, ledger, programs, cwd=cwd)
        try:
            supervisor.start()
            yield supervisor
        finally:
            supervisor.stop()


def wait_until(is_done: Callable[[], bool], *, timeout_s: float) -> bool:
    """Whether something became true within the time; asked every 50 ms."""
    deadline = time.monotonic() + timeout_s
    while not is_done():
        if time.monotonic() > deadline:
            return False
        time.sleep(_TICK_S)
    return True
