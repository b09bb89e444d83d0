"""Processes: none outlives its holder unfound, none is given up for bad luck."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from interlock.services import daemon, detached
from interlock.services.faults import ServicesError
from interlock.services.leash import Leashed
from interlock.services.program_status import Phase
from interlock.services.restarts import STOPS_MAX, Streak, after_stop, place
from interlock.services.state import State
from interlock.services.supervisor import Program, Supervisor, supervised, wait_until
from transport.exits import AGAIN, FENCED, REFUSED

SLEEP = ["/bin/sh", "-c", "exec sleep 60"]


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(root=tmp_path / "state")
    made.make()
    return made


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:  # a zombie is not alive; who reaps it is the system's affair
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False


def test_a_detached_process_is_found_by_its_file_and_ended_by_it(tmp_path: Path) -> None:
    pid_file = tmp_path / "sleeper.pid"
    detached.spawn(pid_file, SLEEP, log=tmp_path / "log")
    pid = detached.running(pid_file)
    assert pid is not None
    assert os.getsid(pid) != os.getsid(0)
    with pytest.raises(ServicesError, match="held by a running process"):
        detached.spawn(pid_file, SLEEP, log=tmp_path / "log")
    assert detached.stop([pid_file], grace_s=5) == ["sleeper"]
    assert detached.running(pid_file) is None
    assert not alive(pid)


def test_a_stale_pid_file_names_nobody_even_if_its_number_lives_again(tmp_path: Path) -> None:
    pid_file = tmp_path / "stale.pid"
    pid_file.write_text(f"{os.getpid()}\n", encoding="ascii")
    assert detached.running(pid_file) is None
    assert detached.stop([pid_file], grace_s=1) == ["stale"]  # and this very process goes on
    assert not pid_file.exists()


def test_a_process_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "deaf.pid"
    deaf = ["/bin/sh", "-c", 'trap "" TERM; echo ready; while :; do sleep 0.05; done']
    detached.spawn(pid_file, deaf, log=tmp_path / "log")
    assert wait_until(lambda: (tmp_path / "log").read_bytes() == b"ready\n", timeout_s=5)
    pid = detached.running(pid_file)
    detached.stop([pid_file], grace_s=0.2)
    assert pid is not None
    assert not alive(pid)


def test_a_child_on_the_leash_ends_when_its_starter_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from interlock.services.leash import Leashed\n"
        "child = Leashed(['/bin/sh', '-c', 'exec sleep 60'], env={}, cwd=Path('.'), log=Path(sys.argv[1]))\n"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        assert alive(pid)
        starter.kill()
    assert wait_until(lambda: not alive(pid), timeout_s=5)


def test_nothing_of_a_childs_session_is_left_when_it_has_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = Leashed(["/bin/sh", "-c", "sleep 60 & echo $!; exit 3"], env={}, cwd=tmp_path, log=log)
    assert child.wait(5)
    assert child.exit_code() == 3
    grandchild = int(log.read_text(encoding="ascii"))
    assert wait_until(lambda: not alive(grandchild), timeout_s=5)


def test_a_killed_program_is_started_again_and_a_stop_ends_all(state: State) -> None:
    programs = [Program(name=name, argv=tuple(SLEEP)) for name in ("kernel", "selector")]
    with supervised(state, "live", programs) as supervisor:
        first = {one.name: one.pid for one in supervisor.status()}
        with (
            pytest.raises(ServicesError, match="held by a running process"),
            supervised(state, "live", programs),
        ):
            pass
        supervisor.kill("kernel")
        assert wait_until(lambda: supervisor.status()[0].starts == 2, timeout_s=5)
        kernel, selector = supervisor.status()
        assert (kernel.phase, kernel.place) == (Phase.RUNNING, "signal 9")
        assert (selector.pid, selector.starts) == (first["selector"], 1)
        pids = [kernel.pid, selector.pid]
    assert [pid for pid in pids if pid is not None and alive(pid)] == []


def test_a_program_that_stops_at_one_record_again_and_again_is_given_up_with_its_place(state: State) -> None:
    cry = "echo 'StepFailed: arbiter: proposals[0]@17 to proposals[0]@21'; exit 1"
    program = Program(name="arbiter", argv=("/bin/sh", "-c", cry))
    with supervised(state, "live", [program]) as supervisor:
        assert wait_until(lambda: bool(supervisor.gave_up()), timeout_s=20)
        (given_up,) = supervisor.gave_up()
    assert (given_up.starts, given_up.place) == (STOPS_MAX, "proposals[0]@21")


def test_a_log_is_cut_under_its_writer_and_keeps_growing(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interlock.services.supervisor.LOG_BYTES_MAX", 4_096)
    talk = ("/bin/sh", "-c", "while :; do echo 0123456789012345678901234567890123456789; sleep 0.002; done")
    supervisor = Supervisor(state, "live", [Program(name="talker", argv=talk)])
    supervisor.start()
    log = state.logs / "live" / "talker.log"
    assert wait_until(lambda: log.with_suffix(".log.1").exists(), timeout_s=20)
    supervisor.stop()
    assert log.stat().st_size < 100_000
    assert b"\0" not in log.read_bytes()


def test_a_daemon_keeps_programs_until_it_is_stopped_and_ps_tells(state: State) -> None:
    program = Program(name="kernel", argv=tuple(SLEEP), env={"INTERLOCK_SHARD": "0"})
    daemon.start(state.root, "live", [program])
    try:
        (running,) = daemon.ps(state.root)["live"]
        assert running.phase is Phase.RUNNING
        with pytest.raises(ServicesError, match="supervised already"):
            daemon.start(state.root, "live", [program])
    finally:
        assert daemon.stop(state.root, "live") is True
    assert daemon.stop(state.root, "live") is False
    (stopped,) = daemon.ps(state.root)["live"]
    assert (stopped.phase, stopped.pid) == (Phase.STOPPED, None)
    assert running.pid is not None
    assert not alive(running.pid)


def test_programs_end_with_a_daemon_that_is_killed(state: State) -> None:
    daemon.start(state.root, "live", [Program(name="kernel", argv=tuple(SLEEP))])
    (running,) = daemon.ps(state.root)["live"]
    keeper = detached.running(state.run / "live" / "supervisor.pid")
    assert keeper is not None
    os.kill(keeper, signal.SIGKILL)
    assert running.pid is not None
    pid = running.pid
    assert wait_until(lambda: not alive(pid), timeout_s=8)
    assert [one.phase for one in daemon.ps(state.root)["live"]] == [Phase.STOPPED]


def test_a_stop_names_the_last_record_its_program_named_else_how_it_ended() -> None:
    assert place(1, "... flows.eoam[0]@3 to kernel.state[2]@99: ValueError") == "kernel.state[2]@99"
    assert place(-9, "") == "signal 9"
    assert place(4, "cannot reach the broker") == "exit 4"


def test_a_program_that_says_why_it_ended_is_believed() -> None:
    assert after_stop(Streak(), "exit 76", lasted_ms=10, exit_code=FENCED).is_over
    assert after_stop(Streak(), "exit 77", lasted_ms=10, exit_code=REFUSED).is_over
    streak = Streak()
    for _ in range(100):
        streak = after_stop(streak, "exit 75", lasted_ms=10, exit_code=AGAIN)
    assert not streak.is_over


def test_delays_double_and_a_program_that_ran_long_starts_a_new_streak_unless_a_record_stops_it() -> None:
    streak, delays = Streak(), []
    for _ in range(STOPS_MAX):
        streak = after_stop(streak, "exit 1", lasted_ms=10)
        delays.append(streak.delay_ms)
    assert (delays, streak.is_over) == ([100, 200, 400, 800, 1_600], True)
    assert after_stop(streak, "exit 1", lasted_ms=60_000).stops == 1
    assert after_stop(streak, "exit 2", lasted_ms=10).stops == 1
    at_record = after_stop(Streak(place="proposals[0]@7", stops=2), "proposals[0]@7", lasted_ms=60_000)
    assert at_record.stops == 3
    assert Streak(place="exit 1", stops=60).delay_ms == 10_000
