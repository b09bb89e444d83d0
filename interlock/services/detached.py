"""A process that outlives its starter, known by a file it holds locked, not by a number that may be reused.

The child inherits an open, exclusively locked pid file and keeps the lock until its last breath, so
"does it run" is asked of the kernel: a pid file left by a crash or a reboot is unlocked and therefore stale.
"""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from interlock.services.faults import ServicesError

# The inner shell writes its own number and becomes the program: there is no moment in which the program
# runs and its number is unknown. The outer one ends at once, so the starter has no child to wait for.
_LAUNCH = """sh -c 'echo $$ >"$0"; exec "$@"' "$@" &"""
_POLL_S = 0.02
_PROBE_RETRIES = 50  # a probe holds its shared lock for microseconds; a starter that meets one asks again


def spawn(
    pid_file: Path,
    argv: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> None:
    """Start `argv` in its own session, output appended to `log`; ServicesError if the pid file is held."""
    handle = os.open(pid_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(handle, pid_file)
        os.truncate(handle, 0)
        with log.open("ab") as out:
            subprocess.run(
                ["/bin/sh", "-c", _LAUNCH, "sh", str(pid_file.absolute()), *argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                pass_fds=(handle,),
                env=None if env is None else dict(env),
                cwd=cwd,
                check=True,
            )
    finally:
        os.close(handle)


@contextmanager
def hold(pid_file: Path) -> Iterator[None]:
    """Hold a pid file for this very process; ServicesError if another one does."""
    handle = os.open(pid_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(handle, pid_file)
        os.truncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode("ascii"))
        yield
        pid_file.unlink()
    finally:
        os.close(handle)


def _lock(handle: int, pid_file: Path) -> None:
    for _ in range(_PROBE_RETRIES):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_POLL_S)
        else:
            return
    raise ServicesError(
        f"{pid_file.name} is held by a running process", fix="interlock ps, then interlock down"
    )


def running(pid_file: Path) -> int | None:
    """Process number of what holds the pid file; None if nothing does (no file, or a stale one)."""
    for _ in range(_PROBE_RETRIES):
        try:
            handle = os.open(pid_file, os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.read(handle, 32).strip()
            if text:
                return int(text)
            time.sleep(_POLL_S)  # locked by its starter, number not yet written
        else:
            return None
        finally:
            os.close(handle)
    raise ServicesError(
        f"{pid_file} is locked but names no process", fix="try again; it is just being started"
    )


def stop(pid_files: Sequence[Path], *, grace_s: float) -> list[str]:
    """End what holds these files: asked first, killed after `grace_s`. Names of all that are gone."""
    held = {path: pid for path in pid_files if (pid := running(path)) is not None}
    for kind, patience_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 10.0)):
        for pid in held.values():
            _signal(pid, kind)
        deadline = time.monotonic() + patience_s
        while held and time.monotonic() < deadline:
            held = {path: pid for path, pid in held.items() if running(path) == pid}
            time.sleep(_POLL_S)
    if held:
        raise ServicesError(f"cannot end {[path.stem for path in held]}", fix="look at them with ps")
    ended = []
    for path in pid_files:
        if path.exists():
            ended.append(path.stem)
            path.unlink()
    return ended


def _signal(pid: int, kind: signal.Signals) -> None:
    try:
        os.kill(pid, kind)
    except ProcessLookupError:
        return  # it ended between the question and the signal
