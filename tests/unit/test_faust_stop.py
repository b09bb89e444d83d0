"""A thinker told to stop ends within its bound, whatever Faust still waits for, and says what that was."""

import os
import subprocess
import sys

import pytest

STANDS = """
import os, signal, sys, time
import faust
from faust.worker import Worker
from transport import faust_stop

faust_stop.STOP_S_MAX = 0.3

async def stands(self):
    time.sleep(60)

Worker.stop = stands
worker = faust_stop.BoundedWorker(faust.App("stands"))
if sys.argv[1] == "failing":
    worker.crash_reason = RuntimeError("of a test")
worker.install_signal_handlers()
os.kill(os.getpid(), signal.SIGTERM)
worker.loop.run_forever()
"""


@pytest.mark.parametrize(("how", "code"), [("asked", 0), ("failing", 75)])
def test_a_main_loop_that_stands_still_is_cut(how, code, tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", STANDS, how], capture_output=True, text=True, timeout=60, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert ran.returncode == code, ran.stderr
    assert "in stands" in ran.stderr  # where it stood
    assert "not ended 0.3 s after it was told to stop; still there: <Task" in ran.stderr
