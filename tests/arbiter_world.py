"""Answers of a mesh and of a proof lane as records, and an arbiter whose state topic is a dictionary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from agents import heuristic
from agents.answers import answer
from agents.opinions import Answer, Draft, Nothing, Opinion
from ledger.envelope import opened, seal
from schemas.models import (
    Action,
    AttestationRecord,
    Envelope,
    EvidenceRequest,
    Intent,
    Proposal,
    Quarantined,
    Report,
    ReportKind,
    WindowRecord,
)
from schemas.reasons import LaneReason
from tests.road_world import ETH, LEDGER, NOON, SECOND, Pen, case, grants, record, registry_records, signer
from topologies.arbiter.processor import Arbiter
from topologies.genuine import Flow
from transport.log import Output, Produce, Record, StateChange

GRANTS = grants()
IDS = GRANTS.ids
DURING = NOON + 5 * SECOND
AT_DEADLINE = NOON + 30 * SECOND
AFTER = AT_DEADLINE + 1

HALT = Draft(action=Action.HALT, instrument=ETH, confidence=Decimal(1), explain="HALT")
HOLD = Draft(action=Action.HOLD, instrument=ETH, confidence=Decimal(1), explain="HOLD")
BUY = Draft(action=Action.BUY, instrument=ETH, quantity=Decimal(1), confidence=Decimal("0.8"), explain="BUY")
NOTHING = Nothing(reason=LaneReason.NO_EDGE, explain="nothing")
ESCALATE = Nothing(kind=ReportKind.ESCALATE, reason=LaneReason.ESCALATED, explain="a person")
REFUSED = Nothing(kind=ReportKind.REFUSED, reason=LaneReason.CONTRACT_UNKNOWN, explain="blind")


def body(agent: str, flow: Flow, opinion: Opinion) -> Intent | Report:
    """What an agent would have signed."""
    return answer(case(agent, flow, GRANTS), Answer(opinion=opinion), bytes(32)).body


def said(agent: str, flow: Flow, opinion: Opinion) -> Envelope:
    """A signed answer."""
    return Pen(agent).seal(body(agent, flow, opinion))


class Topics:
    """Numbers records as their topics would."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def put(self, topic: str, message: object) -> Record:
        """The next record of a topic."""
        offset = self._next.get(topic, 0)
        self._next[topic] = offset + 1
        return record(topic, message if isinstance(message, bytes) else IDS.pack(message), offset=offset)

    def flow(self, flow: Flow) -> Record:
        """A flow on its lane's topic."""
        return self.put(f"flows.{flow.opened.lane.value.lower()}", flow.record)

    def heard(self, agent: str, flow: Flow, opinion: Opinion) -> Record:
        """A mesh agent's answer."""
        return self.put("mesh.proposals", said(agent, flow, opinion))

    def claimed(self, flow: Flow, intent: Envelope) -> Record:
        """A request for evidence."""
        return self.put("evidence.requests", EvidenceRequest(flow=flow.record, intent=intent))

    def attested(self, flow: Flow, intent: Envelope, by: str = "heuristic") -> Record:
        """The heuristic attestor's finding on a claim."""
        request = EvidenceRequest(flow=flow.record, intent=intent)
        finding = heuristic.attest(request, flow.opened, opened(intent, Intent))
        return self.put("evidence.attestations", AttestationRecord(attestation=seal(finding, signer(by))))


class StateTopic:
    """What ``arbiter.state`` and ``registry`` hold: a Reader."""

    def __init__(self) -> None:
        self.state: dict[bytes, bytes] = {}

    def compacted(self, topic: str, partition: int) -> dict[bytes, bytes]:
        return dict(self.state) if topic == "arbiter.state" else {}

    def records(self, topic: str, partition: int, start: int) -> Iterator[Record]:
        return iter(registry_records() if topic == "registry" else ())

    def keep(self, outputs: Sequence[Output]) -> None:
        for each in outputs:
            if isinstance(each, StateChange) and each.value is None:
                self.state.pop(each.key, None)
            elif isinstance(each, StateChange):
                assert each.value is not None
                self.state[each.key] = each.value


class Bench:
    """An arbiter that can be stepped, stopped anywhere, and started again."""

    def __init__(self) -> None:
        self.topic = StateTopic()
        self.produced: list[Produce] = []
        self.arbiter = self._fresh()

    def step(self, records: Sequence[Record], now: int = DURING) -> list[Produce]:
        """Step, keep the state, and give back what was produced."""
        outputs = self.arbiter.step(records, now)
        self.topic.keep(outputs)
        produced = [each for each in outputs if isinstance(each, Produce)]
        self.produced += produced
        return produced

    def restart(self) -> None:
        """A new process with the old one's state topic."""
        self.arbiter = self._fresh()

    def proposals(self) -> list[Proposal]:
        """Everything that left for the kernel."""
        return [IDS.unpack(Proposal, each.value) for each in self.produced if each.topic == "proposals"]

    def windows(self) -> list[WindowRecord]:
        """Every window record among it."""
        return [opened(each.body, WindowRecord) for each in self.proposals()]

    def quarantine(self) -> list[Quarantined]:
        """Everything that was put aside."""
        return [IDS.unpack(Quarantined, each.value) for each in self.produced if each.topic == "quarantine"]

    def _fresh(self) -> Arbiter:
        arbiter = Arbiter(ledger=LEDGER, root_public=signer("root").public, signer=signer("arbiter"), shard=0)
        assert arbiter.restore(self.topic) is None
        return arbiter


def lying(flow: Flow, intent: Intent, **lie: object) -> Envelope:
    """A claim by the genuine prover that is not what was instructed."""
    return Pen("prover").seal(replace(intent, **lie))  # type: ignore[arg-type]  # any field may be lied about
