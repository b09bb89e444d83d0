"""Real decisions of a real kernel, and each of them once more under another name, true in every hash."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

from ledger.envelope import digest, opened, seal
from ledger.hashes import dfid, evidence_hash, flow_hash, state_hash
from ledger.intents import key_of_intent
from schemas import models as m
from schemas.codec import encode
from schemas.kinds import EntryKind
from tests.build import ACCOUNT, LEDGER, NOW, World, signer

LANES = {m.Lane.SDS: "sovereign", m.Lane.DLPCI: "prover", m.Lane.EOAM: "strategy"}
# One second: of eight decisions five buy and are filled, three hold. Streams decide most, proofs least.
CYCLE = (
    *[(m.Lane.SDS, True)] * 3, *[(m.Lane.SDS, False)] * 2,
    (m.Lane.EOAM, True), (m.Lane.EOAM, False), (m.Lane.DLPCI, True),
)  # fmt: skip
ENTRY_HEAD = 96  # prev, ledger, schema and the numbers; a byte or two more or less


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One real decision, opened."""

    flow: m.FlowOpened
    entry: m.DecisionEntry
    body: m.Intent | m.WindowRecord
    answers: tuple[m.Intent | m.Report, ...]
    attested: m.Attestation | None
    order: m.KernelIntent | None
    receipt: m.ReceiptEntry | None


@functools.cache
def real() -> tuple[tuple[bytes, ...], dict[tuple[m.Lane, bool], Decided]]:
    """A kernel's first entries up to its first BATCH of flows, and a decision of each kind that it made."""
    world = World(deposit="100000000")
    first, made = tuple(world.ledger), {}
    for lane, buys in sorted(set(CYCLE), key=str):
        agents = ("strategy", "risk") if lane is m.Lane.EOAM else (LANES[lane],)
        flow = world.flow(agents, lane=lane)
        intent = world.intent(flow, m.Action.BUY if buys else m.Action.HOLD)
        attestations: tuple[m.Envelope, ...] = ()
        body: Any = intent
        if lane is m.Lane.EOAM:
            body = world.window(flow, (intent, world.report(flow, "risk")))
        elif lane is m.Lane.DLPCI:
            body = seal(intent, signer("prover"))
            attestations = (world.attest(flow, body),)
        world.propose(flow, body, attestations=attestations)
        world.run()
        (decision,) = world.entries(EntryKind.DECISION)
        assert decision.verdict is m.Verdict.ACCEPTED, decision
        receipt = None
        if buys:
            world.receipt(world.order, m.ReceiptStatus.FILLED)
            world.run()
            (receipt,) = world.entries(EntryKind.RECEIPT)
        made[lane, buys] = _opened(flow, decision, receipt)
    return first, made


def _opened(flow: m.FlowOpened, entry: m.DecisionEntry, receipt: m.ReceiptEntry | None) -> Decided:
    window = entry.body.payload_type.endswith("window-record.v1")
    body = opened(entry.body, m.WindowRecord) if window else opened(entry.body, m.Intent)
    held = body.answers if isinstance(body, m.WindowRecord) else ()
    answers = tuple(opened(each, m.Intent if "intent" in each.payload_type else m.Report) for each in held)
    return Decided(
        flow=flow, entry=entry, body=body, answers=answers, receipt=receipt,
        attested=opened(entry.attestations[0], m.Attestation) if entry.attestations else None,
        order=None if entry.intent is None else opened(entry.intent, m.KernelIntent),
    )  # fmt: skip


def again(decided: Decided, name: str, now: int, seq: int) -> tuple[m.FlowEntry, m.DecisionEntry, Any]:
    """The decision once more, for signal `name` at `now`; seq: of its DECISION entry."""
    later, flow = now - decided.flow.snapshot.taken_at, decided.flow
    d = dfid(LEDGER, "tape", name, ACCOUNT, flow.decision_class)
    snapshot = replace(flow.snapshot, taken_at=now)
    flow = replace(
        flow, dfid=d, trigger=replace(flow.trigger, signal_id=name, event_time=now), snapshot=snapshot,
        deadline=flow.deadline + later, flow_expires_at=flow.flow_expires_at + later,
    )  # fmt: skip
    sealed_flow = seal(flow, signer("selector"))
    h_flow, h_state = flow_hash(sealed_flow.payload), state_hash(encode(snapshot))
    names = {"dfid": d, "flow_hash": h_flow}

    def bound(said: m.Intent | m.Report) -> m.Intent | m.Report:
        if isinstance(said, m.Report):
            return replace(said, **names, at=now)
        woken = next(each for each in flow.woken if each.agent_id == said.agent_id)
        proof = evidence_hash(d, h_state, woken.contract_hash, snapshot.rules_hash)
        return replace(
            said, **names, state_hash=h_state, evidence=None if said.evidence is None else proof,
            valid_from=said.valid_from + later, valid_until=said.valid_until + later,
        )  # fmt: skip

    body = decided.body
    if isinstance(body, m.WindowRecord):
        said = [bound(each) for each in decided.answers]
        answers = tuple(seal(each, signer(each.agent_id)) for each in said)
        intent = next(each for each in said if isinstance(each, m.Intent))
        winner = digest(answers[said.index(intent)])
        signed = seal(replace(body, **names, answers=answers, winner=winner, at=now), signer("arbiter"))
    else:
        one = bound(body)
        assert isinstance(one, m.Intent)
        intent, signed = one, seal(one, signer(one.agent_id))
    key, placed, words = key_of_intent(intent), None, ()
    if decided.order is not None:
        until = decided.order.valid_until + later
        order = replace(decided.order, dfid=d, key=key, seq=seq, at=now, valid_until=until)
        placed = seal(order, signer("kernel-intent"))
    if decided.attested is not None:
        word = replace(decided.attested, dfid=d, intent_digest=digest(signed), at=now)
        words = (seal(word, signer("heuristic")),)
    entry = replace(
        decided.entry, **names, digest=digest(signed), body=signed, attestations=words, intent=placed
    )
    receipt = None
    if decided.receipt is not None:
        filled = opened(decided.receipt.receipt, m.Receipt)
        sealed_receipt = seal(replace(filled, dfid=d, key=key, at=now), signer("executor"))
        receipt = replace(decided.receipt, receipt=sealed_receipt, dfid=d)
    return m.FlowEntry(flow=sealed_flow), entry, receipt


def bytes_by_lane() -> dict[tuple[m.Lane, bool], int]:
    """The bytes of one decision's own entries (FLOW, DECISION, RECEIPT), by lane and whether it is filled."""
    found = {}
    for kind, decided in real()[1].items():
        own = [each for each in again(decided, "s000000000000", NOW, 1_000) if each is not None]
        found[kind] = sum(ENTRY_HEAD + len(encode(each)) for each in own)
    return found
