"""A thinker told to stop ends within its bound, whatever Faust still waits for, and says what that was."""

import os
import subprocess
import sys

import pytest

STANDS = """
import logging, os, signal, sys, time
import faust
from faust.worker import Worker
from transport import faust_stop

faust_stop.STOP_S_MAX = 0.3

async def stands(self):
    time.sleep(60)

Worker.stop = stands
class Deaf(logging.Handler):
    def emit(self, record):
        time.sleep(60)

worker = faust_stop.BoundedWorker(faust.App("stands"))
if sys.argv[1] == "failing":
    worker.crash_reason = RuntimeError("of a test")
if sys.argv[1] == "deaf":
    logging.getLogger("transport.faust_stop").addHandler(Deaf())
if sys.argv[1] == "unasked":
    worker.loop.run_until_complete(worker.stop())
worker.install_signal_handlers()
os.kill(os.getpid(), signal.SIGTERM)
worker.loop.run_forever()
"""


def run(how, folder):
    return subprocess.run(
        [sys.executable, "-c", STANDS, how], capture_output=True, text=True, timeout=60, cwd=folder,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )  # fmt: skip


@pytest.mark.parametrize(("how", "code"), [("asked", 0), ("failing", 75), ("unasked", 75)])
def test_a_main_loop_that_stands_still_is_cut(how, code, tmp_path):
    ran = run(how, tmp_path)
    assert ran.returncode == code, ran.stderr
    assert "in stands" in ran.stderr  # where it stood
    assert "not ended 0.3 s after it was told to stop; still there: <Task" in ran.stderr


def test_a_log_that_takes_no_word_holds_nobody(tmp_path):
    assert run("deaf", tmp_path).returncode == 0
