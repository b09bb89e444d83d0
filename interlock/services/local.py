"""`interlock up` and `down`: find what runs, start what does not, leave nothing that cannot be found."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from interlock.services import detached, kafka, maven, ports, preflight, registry
from interlock.services import versions as at
from interlock.services.broker_settings import Node
from interlock.services.faults import ServicesError
from interlock.services.principals import PRINCIPALS, SUPER, add_user
from interlock.services.ready import await_brokers, await_registry
from interlock.services.running import GRACE_S, Running, find, remembered
from interlock.services.state import State

_LOCK_WAIT_S = 120.0  # another `up` downloads and starts in less, or something is wrong


def _quiet(_: str) -> None:
    return


def ensure(
    root: Path, *, brokers: int = 1, fresh: bool = False, say: Callable[[str], None] = _quiet,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Running:  # fmt: skip
    """Brokers and registry of a state folder, running; started if they are not.

    `brokers` is 1 or 3 and means at least: a cluster of three serves who asks for one. `fresh` ends what runs
    and removes topics and schemas; secrets stay. `settings` of a broker's own words are for brokers that are
    started now (tests of time-outs make them short). Raises ServicesError with the next step to take.
    """
    if brokers not in {1, at.BROKERS_MAX}:
        raise ServicesError(f"{brokers} brokers make no sense here", fix="--brokers 1 or --brokers 3")
    state = State(root=root.absolute())
    state.make()
    with _alone(state.run / "up.lock"):
        before = remembered(state)
        if before is not None and before.external and (fresh or not before.all_run()):
            fix = "docker compose up again, or down; then remove .interlock/run/ports.json to start our own"
            raise ServicesError("docker compose was to run the services of this folder", fix=fix)
        if fresh:
            _end(state)
            _empty(state, before)
        elif found := find(state.root):
            return _enough(found, brokers)
        return _start(state, brokers, say, settings)


def down(root: Path) -> list[str]:
    """End every service of a state folder and wait for it; names of what was ended. Data stays."""
    state = State(root=root.absolute())
    if not state.run.exists():
        return []
    with _alone(state.run / "up.lock"):
        return _end(state)


def _end(state: State) -> list[str]:
    # By the files that are there, not by what ports.json says: a starter that died early wrote none.
    keepers = sorted(
        state.run.glob("*/supervisor.pid")
    )  # first: workers end while their broker still answers
    services = sorted([*state.run.glob("kafka-*.pid"), *state.run.glob("registry.pid")])
    return [*detached.stop(keepers, grace_s=GRACE_S), *detached.stop(services, grace_s=GRACE_S)]


def _empty(state: State, before: Running | None) -> None:
    """Remove topics and schemas. What old ledgers left beside them (cards, keys, notes, venue records) is
    evidence: it is put aside, because a ledger's card without its topics would only mislead.
    """
    for folder in (state.kafka, state.registry, state.run):
        for path in folder.iterdir():
            if path.name == "up.lock":
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    kept = {state.kafka, state.registry, state.run, state.logs, state.secrets, state.retired}
    aside = state.retired / ("unknown" if before is None else before.cluster)
    for path in sorted(set(state.root.iterdir()) - kept):
        aside.mkdir(parents=True, exist_ok=True)
        path.rename(aside / path.name)


def _enough(found: Running, brokers: int) -> Running:
    if len(found.nodes) < brokers:
        raise ServicesError(
            f"this state folder has {len(found.nodes)} broker", fix=f"up --fresh --brokers {brokers}"
        )
    return found


def _start(state: State, brokers: int, say: Callable[[str], None], settings: Mapping[str, str]) -> Running:
    before = remembered(state)
    if before is not None:
        _enough(before, brokers)
    preflight.check(state, say)
    # One starter of the whole machine at a time: two would choose the same free ports.
    with _alone(Path(tempfile.gettempdir()) / f"interlock-ports-{os.getuid()}.lock"):
        plan = _plan(state, before, brokers)
        plan.remember()  # before anything runs, so that `down` and `doctor` know of it
        users = [name for name in PRINCIPALS if not state.password_file(name).exists()]
        if kafka.is_formatted(state, 0) and set(users) & set(SUPER):
            raise ServicesError("the broker's own password is lost", fix="interlock up --fresh starts empty")
        began = time.monotonic()
        with ThreadPoolExecutor(2) as pool:
            brokers_done, registry_done = (
                pool.submit(_start_brokers, plan, say, settings),
                pool.submit(_start_registry, plan, say),
            )
            formatted = brokers_done.result()
            registry_done.result()
        for name in [] if formatted else users:
            add_user(state, plan.bootstrap_admin, name)  # came with a newer checkout than the data
    took_s = time.monotonic() - began
    say(f"Kafka {at.KAFKA} at {plan.bootstrap_open}, registry at {plan.registry_url} ({took_s:.1f} s)")
    return plan


def _plan(state: State, before: Running | None, brokers: int) -> Running:
    """Ports for everything: what already runs keeps its own, the rest gets its old or the well-known ones."""
    if before is None:
        step, first = at.PORT_STEP, (at.PORT_OPEN, at.PORT_WORKERS, at.PORT_CONTROLLER)
        wanted = [port + step * node for node in range(brokers) for port in first]
        *chosen, schemas = ports.choose([*wanted, at.PORT_REGISTRY])
        return Running(
            root=state.root, cluster=kafka.new_cluster_id(), nodes=_nodes(chosen), registry_port=schemas
        )  # fmt: skip
    if any(detached.running(path) is not None for path in before.pid_files()):
        return before
    wanted = [port for node in before.nodes for port in (node.open, node.workers, node.controller)]
    *chosen, schemas = ports.choose([*wanted, before.registry_port])
    return replace(before, nodes=_nodes(chosen), registry_port=schemas)


def _nodes(chosen: list[int]) -> tuple[Node, ...]:
    triples = zip(chosen[::3], chosen[1::3], chosen[2::3], strict=True)
    return tuple(Node(id=n, open=o, workers=w, controller=c) for n, (o, w, c) in enumerate(triples))


def _start_brokers(plan: Running, say: Callable[[str], None], settings: Mapping[str, str]) -> bool:
    """Whether anything was formatted, that is, whether the users are those of now."""
    state = plan.state
    jars = maven.fetch(maven.locked("kafka"), say=say)
    idle = [node for node in plan.nodes if detached.running(kafka.pid_file(state, node.id)) is None]
    raw = [node for node in idle if not kafka.is_formatted(state, node.id)]
    if len(idle) == len(plan.nodes):
        kafka.configure(state, plan.nodes, settings)
    for principal in PRINCIPALS:
        state.password(principal)  # drawn here, once: formatting threads only read
    with ThreadPoolExecutor(at.BROKERS_MAX) as pool:
        list(
            pool.map(lambda node: kafka.format_storage(state, node.id, cluster=plan.cluster, jars=jars), raw)
        )
    for node in idle:
        kafka.start(state, node.id, jars=jars)
    await_brokers(plan)
    return bool(raw)


def _start_registry(plan: Running, say: Callable[[str], None]) -> None:
    if detached.running(registry.pid_file(plan.state)) is None:
        registry.start(plan.state, plan.registry_port, registry.unpacked(say))
    await_registry(plan)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + _LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ServicesError(
                        f"another up or down holds {path}", fix="wait for it, or end it"
                    ) from None
                time.sleep(0.05)
        yield
    finally:
        os.close(handle)
