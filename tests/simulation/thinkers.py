"""Scripted agents: some answer well, some slowly, twice, never, too late, wrongly, or in another's name.

What an agent thinks is a function of the flow it was shown, so that two runs of one tape compare; how
reliably it says so is drawn from the faults.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from agents import heuristic
from agents.answers import answer
from agents.opinions import Answer, Case
from ledger.envelope import opened, seal
from schemas.models import (
    Action,
    AttestationRecord,
    Envelope,
    EvidenceRequest,
    FlowRecord,
    Intent,
    Lane,
    Proposal,
    Report,
    Verdict,
    VerdictRecord,
)
from tests.build import LEDGER, signer
from tests.simulation.faults import Faults
from tests.simulation.opinions import HUNDREDTH, decide, dice_of, wronged
from tests.simulation.setting import contracts, framed, ids
from topologies.genuine import Flow, genuine_flow
from topologies.grants import Grants
from transport.log import Record
from transport.simulated_broker import SimulatedBroker

TOPIC = {Lane.EOAM: "flows.eoam", Lane.SDS: "flows.sds", Lane.DLPCI: "flows.dlpci"}


@dataclass
class Reading:
    """A position in a topic, kept at least once: a death goes back to what was committed."""

    broker: SimulatedBroker
    topic: str
    at: int = 0
    kept: int = 0

    def fresh(self, limit: int = 50) -> list[Record]:
        records, self.at = self.broker.read((self.topic, 0), self.at, limit)
        return records

    @property
    def behind(self) -> bool:
        return self.at < self.broker.end((self.topic, 0))


@dataclass
class Later:
    """Records that a thinker says at a time of its own."""

    waiting: list[tuple[int, str, bytes, bytes]] = field(default_factory=list)

    def put(self, due_ms: int, topic: str, key: bytes, value: bytes) -> None:
        self.waiting.append((due_ms, topic, key, value))

    def flush(self, broker: SimulatedBroker) -> None:
        due = [each for each in self.waiting if each[0] <= broker.now_ms]
        self.waiting = [each for each in self.waiting if each[0] > broker.now_ms]
        for _, topic, key, value in due:
            broker.append(topic, 0, key, value)


class Thinker:
    """One agent. ``open_keys``: orders it has heard of, oldest first, that a CANCEL may name."""

    def __init__(
        self, agent: str, lane: Lane, broker: SimulatedBroker, grants: Grants, faults: Faults,
        character: str,
    ) -> None:  # fmt: skip
        self.agent, self.lane, self.broker, self.grants, self.faults = agent, lane, broker, grants, faults
        self.flows = Reading(broker, TOPIC[lane])
        self.verdicts = Reading(broker, "kernel.verdicts")
        self.later = Later()
        self.character = character
        self.heard: dict[str, list[bytes]] = {}

    @property
    def busy(self) -> bool:
        return bool(self.later.waiting) or self.flows.behind or self.verdicts.behind

    def turn(self) -> None:
        for record in self.verdicts.fresh():
            verdict = ids().unpack(VerdictRecord, record.value)
            if verdict.verdict is Verdict.ACCEPTED and verdict.intent_key is not None:
                self.heard.setdefault(verdict.account, []).append(verdict.intent_key)
        if self.faults.happens("thinker dies and reads again"):
            self.flows.at = self.flows.kept
        for record in self.flows.fresh(self.faults.rng.randint(1, 8) if self.faults.intensity else 50):
            self._think(record)
        if not self.faults.happens("thinker dies and reads again"):
            self.flows.kept = self.flows.at
        self.later.flush(self.broker)

    def _think(self, record: Record) -> None:
        found = genuine_flow(ids().unpack(FlowRecord, record.value), LEDGER, self.lane, self.grants)
        assert isinstance(found, Flow), found
        woken = next((each for each in found.opened.woken if each.agent_id == self.agent), None)
        if woken is None:
            return
        contract = self.grants.contract(woken.contract_hash)
        assert contract is not None
        case = Case(
            flow=found.opened, flow_hash=found.h_flow, record=found.record, woken=woken, contract=contract,
            terms=self.grants.terms,
        )  # fmt: skip
        dice = dice_of(self.character, self.agent, found.opened)
        heard = self.heard.get(found.opened.account, [])
        opinion = decide(self.agent, case, dice, can_cancel=bool(heard))
        if opinion is None:
            return  # silent by content: the clock must answer in its place
        body = wronged(answer(case, Answer(opinion=opinion), bytes(32)).body, dice)
        if isinstance(body, Intent) and body.action is Action.CANCEL:
            body = replace(body, target=heard[-1])
        self._say(found, body, case)

    def _say(self, flow: Flow, body: Intent | Report, case: Case) -> None:
        if self.faults.happens("thinker is silent"):
            return
        key = flow.opened.account.encode()
        wait = 0
        if self.faults.happens("thinker is slow"):
            wait = self.faults.rng.randint(50, 1_500)
        elif self.faults.happens("thinker is late"):
            wait = self.faults.rng.randint(3_500, 12_000)
        topic, value = self._record(flow, seal(body, signer(self.agent)))
        due = self.broker.now_ms + wait
        if self.faults.happens("forged answer"):
            self.later.put(due, *self._forged(flow, body, key))
        self.later.put(due, topic, key, value)
        if self.faults.happens("thinker says it twice"):
            self.later.put(due + self.faults.rng.randint(0, 3_000), topic, key, value)
        if self.faults.happens("thinker thinks again otherwise") and isinstance(body, Intent):
            other = replace(body, confidence=(body.confidence / 2).quantize(HUNDREDTH))
            again = self._record(flow, seal(other, signer(self.agent)))
            self.later.put(due + self.faults.rng.randint(0, 3_000), again[0], key, again[1])

    def _forged(self, flow: Flow, body: Intent | Report, key: bytes) -> tuple[str, bytes, bytes]:
        """In this agent's name by a stranger's key, or by another agent's, or on a flow nobody opened."""
        by = self.faults.rng.choice(("stranger", "prover-b", "operator"))
        forged: Any = body
        if self.faults.rng.random() < 0.3:
            forged = replace(body, dfid=bytes(6) + b"\x80\x00" + b"\x80" + bytes(7))
        topic, value = self._record(flow, seal(forged, signer(by)))
        return topic, key, value

    def _record(self, flow: Flow, envelope: Envelope) -> tuple[str, bytes]:
        match self.lane:
            case Lane.EOAM:
                return "mesh.proposals", framed(envelope)
            case Lane.SDS:
                proposal = Proposal(flow=flow.record.flow, body=envelope, attestations=())
                return "proposals", framed(proposal)
            case Lane.DLPCI:
                return "evidence.requests", framed(EvidenceRequest(flow=flow.record, intent=envelope))


class Attestor:
    """The heuristic reader, at least once."""

    def __init__(self, broker: SimulatedBroker, faults: Faults) -> None:
        self.broker, self.faults = broker, faults
        self.requests = Reading(broker, "evidence.requests")
        self.later = Later()

    @property
    def busy(self) -> bool:
        return bool(self.later.waiting) or self.requests.behind

    def turn(self) -> None:
        for record in self.requests.fresh():
            self._attest(record)
        self.later.flush(self.broker)

    def _attest(self, record: Record) -> None:
        from schemas.codec import Unreadable
        from schemas.models import FlowOpened
        from schemas.wire import Refused

        try:
            request = ids().unpack(EvidenceRequest, record.value)
            flow, intent = opened(request.flow.flow, FlowOpened), opened(request.intent, Intent)
        except (Refused, Unreadable):
            return  # garbage, or a report: nothing to attest
        found = heuristic.attest(request, flow, intent)
        if self.faults.happens("thinker is silent"):
            return
        value = framed(AttestationRecord(attestation=seal(found, signer("heuristic"))))
        wait = self.faults.rng.randint(50, 6_000) if self.faults.happens("thinker is slow") else 0
        for _ in range(2 if self.faults.happens("thinker says it twice") else 1):
            self.later.put(self.broker.now_ms + wait, "evidence.attestations", record.key or b"", value)


ROLES = {
    "risk": Lane.EOAM, "strategy": Lane.EOAM, "sentiment": Lane.EOAM, "sovereign": Lane.SDS,
    "prover": Lane.DLPCI, "prover-b": Lane.DLPCI,
}  # fmt: skip
assert set(ROLES) <= set(contracts()), "every scripted agent has a contract"
