"""What is killed: a broker (or three), one ledger, and every process of it, kept by a supervisor."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from interlock.context import Context
from interlock.demo_steps import wait_ready
from interlock.feed.feeder import Feeder
from interlock.genesis import Account, create, open_accounts
from interlock.grants import Released
from interlock.observe import Observer
from interlock.programs import OF_LANE, programs
from interlock.services import detached, local
from interlock.services.supervisor import Program, pid_file
from rules.contract import Contract
from schemas.models import Lane
from schemas.wire import SchemaIds
from tests.kill.hand import Hand
from transport.card import folder
from transport.names import LedgerName
from transport.probes import progress_file

NOON = 1_790_000_000_000_000  # the tape's clock: micros UTC, and it goes at the wall's own pace
TRANSACTION_TIMEOUT_MS = 3_000
# A broker that was killed is let in again when its old session has ended: the default waits 9 s for that.
BROKER = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}
ACCOUNTS = tuple(f"paper-{number}" for number in range(1, 7))
FLUSH_S = 180.0  # a broker that was killed on a busy machine may be away for long
DEADLINE_MS = 60_000  # a thinker that was killed is back by then, on a busy machine too
PROPOSALS_MAX = 999  # a window
ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """env: name of a program -> what its environment adds at its next start; the killer writes there."""

    there: Context
    ids: SchemaIds
    feeder: Feeder
    observer: Observer
    hand: Hand
    env: dict[str, dict[str, str]]
    lanes: tuple[Lane, ...]

    @property
    def thinkers(self) -> tuple[str, ...]:
        """The workers that run here."""
        return tuple(name for lane in self.lanes for name in OF_LANE[lane])


def released() -> Released:
    """The shipped contracts and routes for more accounts, with room for the orders of a campaign."""
    shipped = Released.shipped()
    rows = tuple(
        replace(row, accounts=ACCOUNTS, deadline_ms=DEADLINE_MS) if row.decision_class == "audit" else row
        for row in shipped.routing.rows
    )
    return Released(contracts=_granted(shipped.contracts), routing=replace(shipped.routing, rows=rows))


def _granted(shipped: Sequence[Contract]) -> list[Contract]:
    return [
        replace(
            each,
            accounts=tuple(sorted({*each.accounts, *ACCOUNTS}))
            if each.agent_id == "prover"
            else each.accounts,
            budget=replace(each.budget, proposals_per_window=PROPOSALS_MAX),
            escalation=replace(each.escalation, budget_per_hour=PROPOSALS_MAX),
        )
        for each in shipped
    ]


def all_open(made: Stage) -> bool:
    """Whether every loop and worker that runs now has begun to read: each says so in its progress file."""
    state, name = made.there.running.root, made.there.name
    for program in made.env.keys() - {"witness"}:
        try:
            told = json.loads(progress_file(state, name, f"{program}-0").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return False
        if told["pid"] != made.hand.pid(program):
            return False
    return True


def next_name(state: Path) -> LedgerName:
    """kill-1, kill-2, …"""
    number = 1
    while folder(state, f"kill-{number}").exists():
        number += 1
    return LedgerName(f"kill-{number}")


@contextmanager
def stage(
    root: Path,
    *,
    brokers: int,
    lanes: Sequence[Lane],
    say: Callable[[str], None],
    settings: Mapping[str, str] = BROKER,
) -> Iterator[Stage]:
    """Everything running and at rest; the processes end with the block, the services stay.

    settings: of brokers that are started for it.
    """
    running = local.ensure(root, brokers=brokers, say=say, settings=settings)
    name = next_name(running.root)
    card = create(running, name, clock="TAPE", accounts=ACCOUNTS, lanes=lanes, released=released(), say=say)
    there = Context(running=running, card=card)
    ids = there.schema_ids()
    feeder = Feeder(there.settings("feeder"), card, ids, flush_s=FLUSH_S)
    observer = Observer(running, card)
    feeder.tick(NOON)
    open_accounts(running, card, ids, [Account(name=each, deposit="100000") for each in ACCOUNTS], NOON)
    kept, env = _programs(there, lanes)
    say(f"starting {len(kept)} processes of ledger {name}")
    hellos = sum(len(OF_LANE[lane]) for lane in lanes) - (Lane.DLPCI in lanes)  # an attestor says none
    path = pid_file(running.state, name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with detached.hold(path):
        hand = Hand(running.state, name, kept, cwd=ROOT)
        try:
            hand.start()
            wait_ready(observer, hand, hellos=hellos, accounts=len(ACCOUNTS))
            yield Stage(
                there=there, ids=ids, feeder=feeder, observer=observer, hand=hand, env=env, lanes=tuple(lanes)
            )
        finally:
            hand.stop()
            observer.close()


def _programs(there: Context, lanes: Sequence[Lane]) -> tuple[list[Program], dict[str, dict[str, str]]]:
    """The ledger's own programs, with short transactions and an environment that can be changed."""
    more = {
        "INTERLOCK_TRANSACTION_TIMEOUT_MS": str(TRANSACTION_TIMEOUT_MS),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    env: dict[str, dict[str, str]] = {}
    kept: list[Program] = []
    for one in programs(there.running, there.card, lanes):
        env[one.name] = {**one.env, **more}
        kept.append(replace(one, env=env[one.name]))
    return kept, env


def said(line: str) -> None:
    """A line of progress for whoever waits."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
