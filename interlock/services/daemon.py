"""The supervisor as a process of its own: what `interlock start` leaves running.

`python -m interlock.services.daemon STATE LEDGER` reads run/<ledger>/programs.json and keeps what it names.
"""

import json
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from interlock.services import detached
from interlock.services.faults import ServicesError
from interlock.services.program_status import Phase, Status, read_status
from interlock.services.state import State, write_json
from interlock.services.supervisor import STOP_GRACE_S, Program, Supervisor, pid_file, wait_until

_START_S_MAX = 15.0
# An application runs from its checkout: there `-m` and `faust -A` find our modules, whoever calls.
_CHECKOUT = Path(__file__).resolve().parents[2]


def start(root: Path, ledger: str, programs: Sequence[Program]) -> None:
    """Start a detached supervisor. ServicesError if the ledger has one, or it does not come up."""
    state = State(root=root.absolute())
    state.make()
    path = pid_file(state, ledger)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if detached.running(path) is not None:
        raise ServicesError(f"ledger {ledger} is supervised already", fix="interlock ps, interlock stop")
    write_json(path.parent / "programs.json", [asdict(program) for program in programs])
    (path.parent / "status.json").unlink(missing_ok=True)
    log = state.logs / ledger / "supervisor.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    here = [sys.executable, "-m", __name__, str(state.root), ledger]
    detached.spawn(path, here, log=log, cwd=_CHECKOUT)
    up = wait_until(
        lambda: bool(read_status(path.parent)) or detached.running(path) is None, timeout_s=_START_S_MAX
    )
    if not up or detached.running(path) is None:
        raise ServicesError(f"the supervisor of {ledger} did not come up", fix=f"read {log}")


def is_running(root: Path, ledger: str) -> bool:
    """Whether a ledger has a supervisor."""
    return detached.running(pid_file(State(root=root.absolute()), ledger)) is not None


def stop(root: Path, ledger: str) -> bool:
    """End a ledger's supervisor and everything it keeps; whether there was one."""
    path = pid_file(State(root=root.absolute()), ledger)
    was_running = detached.running(path) is not None
    detached.stop([path], grace_s=2 * STOP_GRACE_S + 1)
    return was_running


def ps(root: Path) -> dict[str, tuple[Status, ...]]:
    """Programs of every ledger ever started here; without its supervisor none runs, whatever it wrote."""
    state = State(root=root.absolute())
    found: dict[str, tuple[Status, ...]] = {}
    for folder in sorted(path.parent for path in state.run.glob("*/status.json")):
        told = read_status(folder)
        if detached.running(pid_file(state, folder.name)) is None:
            told = tuple(
                Status(
                    name=one.name, phase=Phase.STOPPED, pid=None, starts=one.starts,
                    started_us=one.started_us, place=one.place, log=one.log,
                )
                for one in told
            )  # fmt: skip
        found[folder.name] = told
    return found


def main(arguments: Sequence[str]) -> int:
    """Keep programs until SIGTERM."""
    root, ledger = arguments
    state = State(root=Path(root))
    told = json.loads((state.run / ledger / "programs.json").read_text(encoding="utf-8"))
    programs = [Program(name=one["name"], argv=tuple(one["argv"]), env=one["env"]) for one in told]
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    supervisor = Supervisor(state, ledger, programs)
    supervisor.start()
    over.wait()
    supervisor.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
