"""Which processes a ledger runs: loops and a witness for every shard, the thinkers of its lanes once."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from interlock.services.running import Running
from interlock.services.supervisor import Program
from schemas.models import Lane
from schemas.topics import ATTESTORS, MESH
from transport.card import Card

LOOP_MODULES = {
    "selector": "topologies.selector.process",
    "arbiter": "topologies.arbiter.process",
    "kernel": "kernel.process",
    "executor": "kernel.executor_process",
}
WORKERS = {
    **dict.fromkeys(MESH, "topologies.mesh.worker"),
    "sovereign": "topologies.stream.worker",
    "prover": "topologies.proof.worker",
    **dict.fromkeys(ATTESTORS, "topologies.proof.attestor"),
}
OF_LANE = {Lane.EOAM: MESH, Lane.SDS: ("sovereign",), Lane.DLPCI: ("prover", *ATTESTORS)}
SHARDS_MAX = 16  # five processes each, on one machine
MODEL_ENV = {
    "TORCHDYNAMO_DISABLE": "1",
    "HF_HUB_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def environment(running: Running, card: Card, principal: str, shard: int = 0) -> dict[str, str]:
    """What one process is told: broker, principal, ledger, state folder, shard and clock."""
    return {
        "INTERLOCK_BOOTSTRAP": running.bootstrap_workers,
        "INTERLOCK_SECURITY": "SASL_PLAINTEXT",
        "INTERLOCK_PRINCIPAL": principal,
        "INTERLOCK_PASSWORD_FILE": str(running.password_file(principal)),
        "INTERLOCK_LEDGER": card.name,
        "INTERLOCK_STATE": str(running.root),
        "INTERLOCK_SHARD": str(shard),
        "INTERLOCK_CLOCK": card.clock.lower(),
        "PYTHONDONTWRITEBYTECODE": "",  # a restart must not compile the house again
    }


def worker(running: Running, card: Card, agent: str) -> Program:
    """The Faust worker of one thinker."""
    argv = (sys.executable, "-m", "faust", "-A", WORKERS[agent], "worker", "--without-web", "-l", "warn")
    env = {**environment(running, card, agent), "INTERLOCK_AGENT": agent, **MODEL_ENV}
    return Program(name=agent, argv=argv, env=env)


def loop(running: Running, card: Card, name: str, shard: int = 0) -> Program:
    """One remembering process of a shard."""
    return Program(
        name=_numbered(name, card, shard),
        argv=(sys.executable, "-m", LOOP_MODULES[name]),
        env=environment(running, card, name, shard),
    )


def programs(running: Running, card: Card, lanes: Sequence[Lane] = tuple(Lane)) -> tuple[Program, ...]:
    """Every process of a ledger, slowest to start first."""
    thinkers = [agent for lane in reversed(lanes) for agent in OF_LANE[lane]]
    thinkers.sort(key=lambda agent: agent != "sovereign")  # it loads a model; the others wait for nothing
    loops = [loop(running, card, name, shard) for shard in range(card.shards) for name in LOOP_MODULES]
    witnesses = [
        Program(
            name=_numbered("witness", card, shard),
            argv=(sys.executable, "-m", "interlock.witness"),
            env=environment(running, card, "witness", shard),
        )
        for shard in range(card.shards)
    ]
    return (*(worker(running, card, agent) for agent in thinkers), *loops, *witnesses)


def of_shard(every: Iterable[Program], card: Card, shard: int) -> tuple[Program, ...]:
    """Those of the programs that stop when one shard does: its loops and its witness."""
    names = {_numbered(name, card, shard) for name in (*LOOP_MODULES, "witness")}
    return tuple(each for each in every if each.name in names)


def _numbered(name: str, card: Card, shard: int) -> str:
    return name if card.shards == 1 else f"{name}-{shard}"


def absent_of(lanes: Sequence[Lane], running: Sequence[str]) -> list[str]:
    """The thinkers of these lanes that are not among the programs running."""
    return [agent for lane in lanes for agent in OF_LANE[lane] if agent not in running]


def extra_programs(running: Running, card: Card, lanes: Sequence[Lane]) -> tuple[Program, ...]:
    """What only a demo runs: the prover that misbehaves under the grant of prover-b."""
    if Lane.DLPCI not in lanes:
        return ()
    argv = (sys.executable, "-m", "interlock.feed.rogue")
    return (Program(name="prover-b", argv=argv, env=environment(running, card, "prover-b")),)
