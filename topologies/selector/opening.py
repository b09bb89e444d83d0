"""A flow is opened: named, dated, given its context, and signed; the texts travel beside it, unsigned."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.envelope import seal
from ledger.signing import Signer
from schemas.models import FlowOpened, FlowRecord, HeadlineText, Lane, Snapshot, Trigger, WokenAgent
from schemas.wire import SchemaIds
from topologies.selector.accounts import Accounts
from topologies.selector.bounds import HORIZON_US
from topologies.selector.directory import Grant
from topologies.selector.headlines import texts
from topologies.selector.snapshot import Compiled
from transport.log import Produce

MS_US = 1_000
FLOWS: dict[Lane, str] = {Lane.EOAM: "flows.eoam", Lane.SDS: "flows.sds", Lane.DLPCI: "flows.dlpci"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What travels with an instruction's flow and is not signed into it."""

    text: str
    salt: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What stays the same from attempt to attempt; times in micros, durations in milliseconds."""

    ledger: bytes
    dfid: bytes
    account: str
    decision_class: str
    lane: Lane
    steps: tuple[str, ...]
    trigger: Trigger
    routing_hash: bytes
    deadline_ms: int
    flow_expires_at: int
    parent: bytes | None = None
    parent_step: str | None = None
    child_number: int | None = None


def expires_at(now: int, expires_ms: int, event_time: int) -> int:
    """When a flow opened at ``now`` expires: its trigger must not be forgotten before it ends."""
    return min(now + expires_ms * MS_US, event_time + HORIZON_US)


def terms_of(flow: FlowOpened) -> Terms:
    """The terms of a flow as its first attempt was opened under."""
    return Terms(
        ledger=flow.ledger,
        dfid=flow.dfid,
        account=flow.account,
        decision_class=flow.decision_class,
        lane=flow.lane,
        steps=flow.steps,
        trigger=flow.trigger,
        routing_hash=flow.routing_hash,
        deadline_ms=(flow.deadline - flow.snapshot.taken_at) // MS_US,
        flow_expires_at=flow.flow_expires_at,
        parent=flow.parent,
        parent_step=flow.parent_step,
        child_number=flow.child_number,
    )


def woken_agents(grants: tuple[Grant, ...], account: str, accounts: Accounts) -> tuple[WokenAgent, ...]:
    """What each agent is handed: the grant it answers under, and its own past."""
    return tuple(
        WokenAgent(
            agent_id=grant.contract.agent_id,
            version=grant.contract.version,
            contract_hash=grant.contract_hash,
            veto=grant.contract.veto,
            priority=grant.contract.priority,
            trajectory=accounts.trajectory(account, grant.contract.agent_id),
        )
        for grant in grants
    )


def flow_of(terms: Terms, attempt: int, woken: tuple[WokenAgent, ...], snapshot: Snapshot) -> FlowOpened:
    """One attempt; its deadline counts from the moment its snapshot was taken."""
    deadline = min(snapshot.taken_at + terms.deadline_ms * MS_US, terms.flow_expires_at)
    return FlowOpened(
        ledger=terms.ledger,
        dfid=terms.dfid,
        parent=terms.parent,
        parent_step=terms.parent_step,
        child_number=terms.child_number,
        account=terms.account,
        decision_class=terms.decision_class,
        lane=terms.lane,
        attempt=attempt,
        steps=terms.steps,
        trigger=terms.trigger,
        woken=woken,
        routing_hash=terms.routing_hash,
        deadline=deadline,
        flow_expires_at=terms.flow_expires_at,
        snapshot=snapshot,
    )


def record_of(flow: FlowOpened, compiled: Compiled, beside: Beside | None, signer: Signer) -> FlowRecord:
    """The signed flow with the texts that its digests and commitments name."""
    headlines: tuple[HeadlineText, ...] = texts(compiled.shown)
    return FlowRecord(
        flow=seal(flow, signer),
        headlines=headlines,
        instruction_text=None if beside is None else beside.text,
        instruction_salt=None if beside is None else beside.salt,
    )


def produced(flow: FlowOpened, record: FlowRecord, ids: SchemaIds, shard: int) -> Produce:
    """The record on the lane's topic, in the account's partition."""
    return Produce(topic=FLOWS[flow.lane], partition=shard, key=flow.account.encode(), value=ids.pack(record))
