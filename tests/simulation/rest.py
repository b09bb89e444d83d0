"""When nothing moves any more, and whether what could be restored now is what stands in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kernel.snapshot import texts
from kernel.state.whole import State
from schemas.models import FlowStatus
from tests.simulation.checks import BrokenError, Checker
from tests.simulation.endings import differing
from tests.simulation.processes import Process, build
from transport import saved
from transport.loop import Loop
from transport.simulated_broker import SimulatedBroker
from transport.simulated_log import SimulatedLog

LIVING = frozenset({FlowStatus.ACTIVE, FlowStatus.VALIDATING, FlowStatus.EXECUTING})


def settled(processes: Iterable[Process]) -> bool:
    """Whether every loop has read, stepped and said all there is, and no ghost is left."""
    for process in processes:
        life = process.life
        if life is None or not life.started or life.log.behind() or _busy(life.loop) or process.zombies:
            return False
        if life.log.is_fenced():
            return False  # it does not know; while nothing is to be written, it never will
        if process.name == "executor" and life.processor.state.open:
            return False
        if process.name == "selector" and life.processor.state.flows.reopening():
            return False
    return True


def living(checker: Checker, state: State | None) -> list[bytes]:
    """Flows that were opened and still owe an outcome, an escalation or a suspension."""
    if state is None:
        return [name[0] for name in checker.flows]
    return [
        dfid
        for dfid, _ in checker.flows
        if dfid not in state.flows or state.flows[dfid].status in LIVING or state.flows[dfid].reopens
    ]


def probe(process: Process, broker: SimulatedBroker) -> None:
    """What is restored from the log now is what stands in memory: nothing is lost by dying here.

    Not while its own last markers are missing (a start would wait for them), nor beside a ghost.
    """
    own = any(name == process.transactional_id for name, _ in broker.unsettled())
    if own or process.life is None or not process.life.started or process.zombies:
        return
    fresh: Any = build(process.name, process.venue, process.faults)
    positions = saved.restore(fresh, SimulatedLog(broker, process.name, 0))
    stepped = process.life.loop._intake.positions
    if any(offset > stepped.get(at, 0) for at, offset in positions.items()):
        raise BrokenError("no position is kept before its record is stepped", f"{process.name} {positions}")
    if whole(process.life.processor) != whole(fresh):
        detail = differing(process.life.processor.state, fresh.state) if process.name == "kernel" else ""
        raise BrokenError("state after a crash is the state without one", f"{process.name} {detail}")


def whole(processor: Any) -> Any:
    """All that a restart must give back."""
    match processor.name:
        case "selector":
            return processor.state.whole()
        case "arbiter":
            return processor.state()
        case "kernel":
            return texts(processor.state), processor.head
        case _:
            state = processor.state
            return state.epoch, state.open, state.done, state.ordinal


def _busy(loop: Loop) -> bool:
    return bool(loop._intake.buffered or loop._answers or loop._unsaid)
