"""An atom said again: the same model on the ledger's own flow, and the first place where the bytes differ.

Everything asked for stands in the ledger: the flow, the contracts and terms in force, the model's record.
Only the salt of the explanation stands beside, and the model's files lie where they lie.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ledger.entry import Leaf, decode_entry
from ledger.envelope import PAYLOAD_TYPES, opened
from schemas.codec import decode
from schemas.kinds import BODY, EntryKind
from schemas.models import (
    DecisionEntry,
    DocumentEntry,
    Envelope,
    FlowEntry,
    FlowOpened,
    FlowRecord,
    Intent,
    Lane,
    Report,
    ReportEntry,
    SchemaEntry,
)
from schemas.reasons import LaneReason
from topologies.genuine import Fault, genuine_flow
from topologies.grants import Grants
from topologies.stream.released import Released, releases
from topologies.stream.thinking import AGENT, Pending, answered, pending
from topologies.stream.voice import Speaking
from topologies.thinking import woken_in

UNASKED = frozenset({LaneReason.DEADLINE, LaneReason.CONTRACT_UNKNOWN, LaneReason.CONTRACT_CHANGED})
"""Reports that come of the moment and not of the model: nothing can say them again."""


class NotFound(ValueError):
    """The ledger has no answer of the stream agent to this flow; the text says what it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One answer as it stands at ``seq``, its flow, and what was granted then. model: its record, by hash."""

    seq: int
    flow: Envelope
    body: Envelope
    said: Intent | Report
    grants: Grants
    model: Released | None

    @property
    def model_hash(self) -> bytes | None:
        """The model that spoke, as the atom says; of a report the one in force."""
        if isinstance(self.said, Intent) and self.said.generation is not None:
            return self.said.generation.model_hash
        return None if self.model is None else self.model.model_hash

    @property
    def mode(self) -> str:
        """How the engine read it: the fingerprint begins with that; of a report the record says."""
        if isinstance(self.said, Intent) and self.said.generation is not None:
            return self.said.generation.fingerprint.partition("/")[0]
        return "" if self.model is None else self.model.mode


def recorded(values: Iterable[bytes], root: bytes, dfid: bytes, attempt: int | None = None) -> Recorded:
    """The stream agent's answer to a flow, of its last attempt or of the one named. Raises NotFound.

    values: entries of one partition in order; root: the ledger's root key, 32 public bytes.
    """
    documents: list[tuple[int, Envelope]] = []
    flows: dict[int, Envelope] = {}
    found: tuple[int, Envelope, Intent | Report] | None = None
    for value in values:
        leaf = decode_entry(value)
        document = _document(leaf)
        if document is not None:
            documents.append((leaf.seq, document))
        if leaf.kind == EntryKind.FLOW:
            envelope = decode(FlowEntry, leaf.body).flow
            flow = opened(envelope, FlowOpened)
            if flow.dfid == dfid:
                flows[flow.attempt] = envelope
        answer = _answer(leaf, dfid)
        if answer is not None and attempt in (None, answer[1].attempt):
            found = (leaf.seq, *answer)
    if found is None:
        raise NotFound(_what_there_is(flows, attempt))
    seq, body, said = found
    grants = Grants(root)
    for at, document in documents:
        if at < seq:
            grants.take(at, document)
    model = _model(said, list(releases(grants.registry, AGENT)))
    return Recorded(seq=seq, flow=flows[said.attempt], body=body, said=said, grants=grants, model=model)


def said_again(found: Recorded, speaker: Speaking, salt: bytes | None) -> Intent | Report:
    """What the model says to the recorded flow now. salt: of the explanation; None where it was erased.

    Without the salt the commitment cannot be made again, and the recorded one is taken. Raises NotFound where
    the flow is not the selector's or its contract not in the ledger.
    """
    flow = genuine_flow(FlowRecord(flow=found.flow, headlines=()), found.said.ledger, Lane.SDS, found.grants)
    if isinstance(flow, Fault):
        raise NotFound(f"the recorded flow is not believed: {flow.reason.name} {flow.detail}")
    woken = woken_in(flow, AGENT)
    asked = None if woken is None else pending(flow, woken, found.grants, salt or bytes(32), now=0)
    if not isinstance(asked, Pending):
        raise NotFound("the contract that the flow names stood in no entry before the answer")
    (spoken,) = answered([asked], speaker, lambda: None, lambda: 0)
    if salt is None:
        return replace(spoken.body, explain_commitment=found.said.explain_commitment)
    return spoken.body


def _document(leaf: Leaf) -> Envelope | None:
    if leaf.kind == EntryKind.SCHEMA:
        return decode(SchemaEntry, leaf.body).document
    if BODY.get(EntryKind(leaf.kind)) is DocumentEntry:
        return decode(DocumentEntry, leaf.body).document
    return None


def _answer(leaf: Leaf, dfid: bytes) -> tuple[Envelope, Intent | Report] | None:
    match leaf.kind:
        case EntryKind.DECISION:
            entry: DecisionEntry | ReportEntry = decode(DecisionEntry, leaf.body)
        case EntryKind.REPORT:
            entry = decode(ReportEntry, leaf.body)
        case _:
            return None
    if entry.dfid != dfid or entry.body.payload_type not in (PAYLOAD_TYPES[Intent], PAYLOAD_TYPES[Report]):
        return None
    reported = entry.body.payload_type == PAYLOAD_TYPES[Report]
    said: Intent | Report = opened(entry.body, Report) if reported else opened(entry.body, Intent)
    return (entry.body, said) if said.agent_id == AGENT else None


def _model(said: Intent | Report, known: list[Released]) -> Released | None:
    """The record of the model that spoke; of a report the newest."""
    made = said.generation if isinstance(said, Intent) else None
    those = [each for each in known if made is None or each.model_hash == made.model_hash]
    return those[-1] if those else None


def _what_there_is(flows: dict[int, Envelope], attempt: int | None) -> str:
    if not flows:
        return "the ledger has no such flow"
    which = "" if attempt is None else f" to attempt {attempt}"
    return f"the ledger has the flow, but no answer of {AGENT}{which}"
