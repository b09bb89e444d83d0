"""A child that cannot outlive its starter: a watcher beside it reads a pipe only the starter holds open.

However the starter ends, even by SIGKILL, its end of the pipe closes; the watcher then ends the child, and
five seconds later whatever is left of its session. It works wherever there is a POSIX shell.
"""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

# The watcher is forked before the shell becomes the program, so $$ is the program's own number, and it stays
# in the program's process group, whose number therefore cannot be reused while the watcher waits.
_WATCHED = """exec 3<&0 </dev/null
(
  read -r _ <&3
  kill -TERM $$
  i=0; while kill -0 $$ && [ $i -lt 50 ]; do sleep 0.1; i=$((i+1)); done
  kill -KILL -$$
) 2>/dev/null >/dev/null &
exec "$@" 3<&-"""


class Leashed:
    """One running child, its output appended to a log file."""

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, log: Path) -> None:
        watched, self._hold = os.pipe()
        try:
            with log.open("ab") as out:
                self._process = subprocess.Popen(
                    ["/bin/sh", "-c", _WATCHED, "sh", *argv],
                    stdin=watched,
                    stdout=out,
                    stderr=out,
                    env={**os.environ, **env},
                    cwd=cwd,
                    start_new_session=True,
                )
        except OSError:
            os.close(self._hold)
            raise
        finally:
            os.close(watched)

    @property
    def pid(self) -> int:
        """The program's process number."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs; then its code, negative for a signal, and its session is gone."""
        code = self._process.poll()
        if code is not None and self._hold >= 0:
            self._signal_all(signal.SIGKILL)  # the watcher, and what the program itself had started
            os.close(self._hold)
            self._hold = -1
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        if self._process.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it and all of its session now."""
        if self._process.poll() is None:
            self._signal_all(signal.SIGKILL)

    def wait(self, timeout_s: float) -> bool:
        """Whether it has ended within the time."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        self.exit_code()
        return True

    def _signal_all(self, kind: signal.Signals) -> None:
        try:
            os.killpg(self._process.pid, kind)
        except (ProcessLookupError, PermissionError):
            return  # nobody of that session is left (macOS says PermissionError of a group of zombies)
