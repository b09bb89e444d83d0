"""What the kernel answered, and what is said in the place of those who never answered."""

from __future__ import annotations

from ledger.envelope import seal
from ledger.hashes import flow_hash
from ledger.signing import Signer
from schemas.models import (
    FlowOpened,
    FlowStatus,
    Proposal,
    Report,
    ReportKind,
    Usage,
    Verdict,
    VerdictRecord,
)
from schemas.reasons import LaneReason
from schemas.wire import SchemaIds
from topologies.selector.directory import Directory
from topologies.selector.open_flows import OpenFlow, OpenFlows
from transport.log import Produce

SELECTOR = "selector"
NO_VERSION = "0.0.0"
NO_EXPLANATION = bytes(32)  # there is nobody whose reasons could be told
STILL_OPEN = (FlowStatus.ACTIVE, FlowStatus.VALIDATING)
WINDOW_S = 3_600  # for agents whose contract is not in force any more


def window_of(verdict: VerdictRecord, directory: Directory) -> int:
    """How many seconds a proposal counts against its agent's budget."""
    grant = directory.grants.get(verdict.agent_id or "")
    return WINDOW_S if grant is None else grant.contract.budget.window_s


def answer(verdict: VerdictRecord, flows: OpenFlows, directory: Directory, now: int) -> None:
    """Fold a verdict into the open flows: it ends the waiting, asks for a new attempt, or changes nothing.

    Refusals of forgeries leave a flow ACTIVE, and so it goes on waiting for its real answer.
    """
    one = flows.get(verdict.dfid)
    if one is None or verdict.verdict is Verdict.DUPLICATE or verdict.flow_status in STILL_OPEN:
        return
    if verdict.attempt < one.flow.attempt and verdict.flow_status is FlowStatus.REJECTED:
        return  # the refusal that led to the attempt now open
    if verdict.verdict is Verdict.REJECTED and verdict.reopens and _may_reopen(one, verdict, directory, now):
        flows.mark(verdict.dfid, reopens=True)
    else:
        flows.drop(verdict.dfid)


def _may_reopen(one: OpenFlow, verdict: VerdictRecord, directory: Directory, now: int) -> bool:
    return now < one.flow.flow_expires_at and one.flow.attempt < directory.max_attempts(verdict.agent_id)


def no_answer(one: OpenFlow, signer: Signer, now: int) -> Proposal:
    """The report that closes an attempt nobody answered in time."""
    flow: FlowOpened = one.flow
    report = Report(
        ledger=flow.ledger,
        account=flow.account,
        lane=flow.lane,
        dfid=flow.dfid,
        flow_hash=flow_hash(one.record.flow.payload),
        step_id=flow.steps[0],
        attempt=flow.attempt,
        agent_id=SELECTOR,
        contract_version=NO_VERSION,
        kind=ReportKind.REFUSED,
        reason=LaneReason.NO_ANSWER,
        facts=(),
        usage=Usage(model_calls=0, tool_calls=0, tokens_in=0, tokens_out=0, rounds=0, inference_ms=0),
        explain_commitment=NO_EXPLANATION,
        at=now,
    )
    return Proposal(flow=one.record.flow, body=seal(report, signer), attestations=())


def submitted(one: OpenFlow, signer: Signer, ids: SchemaIds, shard: int, now: int) -> Produce:
    """The NO_ANSWER report on its way to the kernel."""
    value = ids.pack(no_answer(one, signer, now))
    return Produce(topic="proposals", partition=shard, key=one.flow.account.encode(), value=value)
