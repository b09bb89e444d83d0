"""A second thread that tells what the first one is doing while it does not turn."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from transport.probes import WRITE_EVERY_MS, Probe

_HOUSE = Path(__file__).resolve().parent.parent


@contextmanager
def beating(probe: Probe) -> Iterator[None]:
    """Let ``probe`` be written while the block runs, whatever the calling thread waits for."""
    watched, over = threading.get_ident(), threading.Event()

    def beat() -> None:
        while not over.wait(WRITE_EVERY_MS / 1_000):
            probe.beat(time.monotonic_ns() // 1_000_000, doing(watched))

    thread = threading.Thread(target=beat, name="beating", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def doing(thread: int) -> str:
    """Where a thread is: the innermost of our own frames, as `kernel/step.py:66 (take)`."""
    frame: FrameType | None = sys._current_frames().get(thread)
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_HOUSE) and ".venv" not in path.parts:
            return f"{path.relative_to(_HOUSE).as_posix()}:{frame.f_lineno} ({frame.f_code.co_name})"
        frame = frame.f_back
    return "code of others"
