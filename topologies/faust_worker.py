"""The edge of a thinker: Faust gives a record, a pure function answers, the broker has it, next.

One app is one consumer group, so a process runs one agent. It says hello before it answers: the
kernel refuses the word of a worker whose manifest it has not accepted.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agents.signer import AGENT_TYPES, SignerClient, SignerProcess
from ledger.skips import Place
from schemas.models import AgentState, DocumentKind, WorkerState
from schemas.reasons import QuarantineReason
from topologies.batch_worker import Answering, AnsweringAll, Part, answers, batches, singly, together
from topologies.genuine import Fault
from topologies.hello import for_agent, manifest_of
from topologies.opening_worker import Opening
from topologies.pace_worker import Pace
from topologies.registry_follow import OVERDUE_S, REFRESH_S, Following
from topologies.thinker import Said
from transport.card import Card, key_path, load_card
from transport.collector import building
from transport.exits import AGAIN
from transport.faust_app import make_app, record_of, send_all, topic
from transport.faust_stop import end
from transport.log import LogError, Produce, Record
from transport.probes import Probe
from transport.quarantine import quarantined
from transport.settings import ProcessSettings
from transport.skipping import DETAIL, place_of

logger = logging.getLogger(__name__)

RELEASE_WAIT_S = 60.0  # a worker may start before its ledger's first documents are written
SKIPPED = Fault(reason=QuarantineReason.SKIPPED, detail=DETAIL)


@dataclass(slots=True, kw_only=True)
class Desk:
    """What a running worker holds: its readers, its signer, and the version it has said hello under."""

    settings: ProcessSettings
    card: Card
    name: str
    following: Following
    signer: SignerClient
    pace: Pace
    skips: frozenset[Place] = frozenset()  # read at the start: what has stopped a worker is passed by then
    hello: bytes | None = None

    @classmethod
    def open(cls, settings: ProcessSettings, name: str, payload_types: tuple[str, ...] = AGENT_TYPES) -> Desk:
        """Read card, registry and key. Raises CardError, LogError or SignerGone."""
        card = load_card(settings.state, settings.ledger)
        key = key_path(settings.state, settings.ledger, name)
        signer = SignerProcess.start(key, ledger=card.ledger, name=name, payload_types=payload_types)
        following = Following(settings, card, name)
        following.refresh()
        return cls(
            settings=settings, card=card, name=name, following=following, signer=signer,
            pace=Pace(Probe(settings.state, settings.ledger, f"{name}-{settings.shard}")),
            skips=following.skips(settings, card, name),
        )  # fmt: skip

    def hellos(self) -> tuple[Produce, ...]:
        """The manifest and state under the newest released version, once per version; else empty."""
        grants = self.following.grants
        granted = grants.registry.granted(DocumentKind.CONTRACT, self.name)
        if granted is None or granted.digest == self.hello:
            return ()
        manifest = self.signer.seal(manifest_of(self.card.ledger, granted, _now()))
        self.hello = granted.digest
        hello = for_agent("agents.manifest", self.name, grants.ids.pack(manifest))
        return (hello, self.state(WorkerState.RUNNING))

    def state(self, state: WorkerState) -> Produce:
        """What the worker says of itself."""
        said = AgentState(agent_id=self.name, state=state, at=_now())
        return for_agent("agents.state", self.name, self.following.grants.ids.pack(said))

    def faulty(self, record: Record, fault: Fault) -> Produce:
        """The quarantine record of what could not be read."""
        return quarantined(
            record,
            fault.reason,
            fault.detail,
            ids=self.following.grants.ids,
            worker=self.name,
            shard=record.partition,
            now=_now(),
        )


Starting = Callable[[], tuple[Desk, AnsweringAll]]


def _now() -> int:
    """Wall micros: they say when a person may have seen it, and decide nothing."""
    return time.time_ns() // 1_000


def worker_app(
    name: str, settings: ProcessSettings, base: str, start: Callable[[], tuple[Desk, Answering]]
) -> Any:
    """An app that answers every record of topic ``base``; ``start`` runs on a thread once it is up."""

    def start_singly() -> tuple[Desk, AnsweringAll]:
        desk, answering = start()
        return desk, singly(answering)

    return batch_app(name, settings, base, start_singly, most=1)


def batch_app(name: str, settings: ProcessSettings, base: str, start: Starting, *, most: int) -> Any:
    """The same, of up to ``most`` records at a time where as many have queued."""
    app = make_app(name, settings)
    opening: Opening[tuple[Desk, AnsweringAll]] = Opening()

    async def begin() -> None:
        try:
            with building():
                desk, answering = await asyncio.to_thread(start)
            await send_all(app, settings.ledger, await asyncio.to_thread(desk.hellos))
        except Exception as error:  # outermost here: Faust would log it and run on, answering nobody
            end(name, error, AGAIN)
        opening.done((desk, answering))

    async def handle(stream: Any) -> None:
        desk, answering = await opening.wait()
        async for events in batches(stream, most):
            records = [record_of(event, settings.ledger) for event in events]
            for record in reversed(records):  # of each partition the first is where the worker stands
                desk.pace.begins(record)
            for part in await asyncio.to_thread(_parts, desk, answering, records):
                await send_all(app, settings.ledger, part)
            for record in records:
                desk.pace.ends(record)

    def desk_if_open() -> Desk | None:
        return None if opening.result is None else opening.result[0]

    app.task(begin)
    _keep(app, name, desk_if_open)
    app.agent(topic(app, settings.ledger, base), name=f"{name}.{base}")(handle)
    return app


def _keep(app: Any, name: str, desk_if_open: Callable[[], Desk | None]) -> None:
    """Once a second: a hello under a new version, and how far the worker is."""

    async def renew() -> None:
        desk = desk_if_open()
        if desk is None:
            return
        try:
            await asyncio.to_thread(desk.following.refresh_if_due)
            await send_all(app, desk.settings.ledger, await asyncio.to_thread(desk.hellos))
        except LogError as error:
            end(name, error)
        desk.pace.reached_broker()

    async def tell() -> None:
        desk = desk_if_open()
        if desk is not None:
            desk.pace.tell()

    app.timer(interval=REFRESH_S)(renew)
    app.timer(interval=REFRESH_S)(tell)


def _parts(desk: Desk, answering: AnsweringAll, records: Sequence[Record]) -> tuple[Part, ...]:
    """What to send for these records; the registry is read anew at most once a second.

    Raises StepFailed, naming the record, on a bug, and LogError when the broker stays away.
    """
    desk.following.refresh_if_due(OVERDUE_S)
    skipped = [place_of(record) in desk.skips for record in records]
    asked = [record for record, passed in zip(records, skipped, strict=True) if not passed]
    found = iter(answers(answering, asked))
    said: list[tuple[Part, ...]] = []
    for record, passed in zip(records, skipped, strict=True):
        match SKIPPED if passed else next(found):
            case Said(parts=parts):
                said.append(parts)
            case Fault() as fault:
                logger.warning("%s[%d]@%d: %s", record.topic, record.partition, record.offset, fault)
                said.append(((desk.faulty(record, fault),),))
            case None:
                pass
    return (desk.hellos(), *together(said))
