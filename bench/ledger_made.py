"""A ledger of any size: a real kernel's entries of eight decisions, again and again under new names.

The beginning (genesis, schemas, keys, contracts) and the eight decisions are a real kernel's. Each repetition
opens other flows (other signals, so other DFIDs) a second later, and all that follows from that is made anew
and true: hashes, digests, idempotency keys, every signature, the chain and a checkpoint each second.
Prices and quantities stay as they were, so no kernel would have ruled all of this on one account: `verify`
finds it whole, `replay` is measured on a ledger that a kernel wrote.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing import Pool
from pathlib import Path
from typing import Any

from ledger.archive import MAGIC
from ledger.chain import Head
from ledger.cosign import cosign, log_signature
from ledger.entry import Leaf, decode_entry
from ledger.entry_writer import encode_entry
from ledger.envelope import digest, opened, seal
from ledger.hashes import dfid, evidence_hash, flow_hash, state_hash
from ledger.intents import key_of_intent
from ledger.merkle import leaf_hash
from ledger.note import COSIGNATURE, Checkpoint, Note, VerifierKey, origin_of
from ledger.trust import Trust
from ledger.trust_text import trust_text
from schemas import models as m
from schemas.codec import decode, encode, schema_hash
from schemas.kinds import EntryKind
from tests.build import ACCOUNT, LEDGER, NOW, SECOND, World, signer

OPERATOR, WITNESS = "interlock.test", "witness.test"
LANES = {m.Lane.SDS: "sovereign", m.Lane.DLPCI: "prover", m.Lane.EOAM: "strategy"}
# One second: of eight decisions five buy and are filled, three hold. Streams decide most, proofs least.
CYCLE = (
    *[(m.Lane.SDS, True)] * 3, *[(m.Lane.SDS, False)] * 2,
    (m.Lane.EOAM, True), (m.Lane.EOAM, False), (m.Lane.DLPCI, True),
)  # fmt: skip
Body = tuple[EntryKind, bytes, bytes]  # kind, schema hash, body


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


def second(job: tuple[int, int]) -> list[Body]:
    """The entries of one second but its CHECKPOINT: (number of the second, seq of its first entry)."""
    number, seq = job
    now, made, receipts = NOW + (number + 1) * SECOND, real()[1], []
    span = m.InputRange(topic="proposals", partition=0, first=8 * number, next=8 * number + 8)
    found = [_body(EntryKind.BATCH, m.BatchEntry(now=now, inputs=(span,), marks=(), refusals_uncounted=0))]
    for at, kind in enumerate(CYCLE):
        name = f"s{8 * number + at:012}"
        flow, decision, receipt = again(made[kind], name, now, seq + len(found) + 1)
        found += [_body(EntryKind.FLOW, flow), _body(EntryKind.DECISION, decision)]
        receipts += [] if receipt is None else [_body(EntryKind.RECEIPT, receipt)]
    done = len(receipts) * number
    span = m.InputRange(topic="venue.receipts", partition=0, first=done, next=done + len(receipts))
    batch = m.BatchEntry(now=now, inputs=(span,), marks=(), refusals_uncounted=0)
    return [*found, _body(EntryKind.BATCH, batch), *receipts]


SECOND_ENTRIES = 2 * len(CYCLE) + sum(buys for _, buys in CYCLE) + 3  # two BATCHes, a CHECKPOINT


def _body(kind: EntryKind, message: Any) -> Body:
    return kind, schema_hash(type(message)), encode(message)


def made(entries: int, processes: int) -> Iterator[bytes]:
    """Yield the values of a ledger of at least so many entries, ended by a CHECKPOINT."""
    head = Head(ledger=LEDGER, partition=0)
    for value in real()[0]:
        head = head.after(value)
        yield value
    first, seconds = head.seq, -(-(entries - head.seq) // SECOND_ENTRIES)
    jobs = ((number, first + number * SECOND_ENTRIES) for number in range(seconds))
    with Pool(processes) as pool:
        for number, bodies in enumerate(pool.imap(second, jobs, chunksize=8)):
            now = NOW + (number + 1) * SECOND
            for kind, schema, body in bodies:
                leaf = Leaf(
                    prev=head.prev, ledger=LEDGER, partition=0, seq=head.seq, ts=now, kind=kind,
                    schema=schema, body=body,
                )  # fmt: skip
                value = encode_entry(leaf)
                head = replace(
                    head, prev=leaf_hash(value), ts=now, frontier=head.frontier.append(leaf_hash(value))
                )
                yield value
            point = point_of(head)
            text = signer("kernel-log").sign(point.text().encode())
            own = m.CheckpointEntry(
                size=point.size, root=point.root, keyid=signer("kernel-log").keyid, signature=text
            )
            head, value = head.append(EntryKind.CHECKPOINT, own, now)
            yield value


def point_of(head: Head) -> Checkpoint:
    """What a checkpoint of the tree so far says."""
    origin = origin_of(OPERATOR, LEDGER, 0)
    return Checkpoint(origin=origin, size=head.seq, root=head.frontier.root())


def write(path: Path, entries: int, processes: int = 2) -> int:
    """Write the ledger, its note and its trust file beside it; return how many entries it has."""
    count, value = 0, b""
    with path.open("wb") as file:
        file.write(MAGIC)
        for value in made(entries, processes):
            file.write(len(value).to_bytes(4, "big") + value)
            count += 1
    body = decode(m.CheckpointEntry, decode_entry(value).body)
    point = Checkpoint(origin=origin_of(OPERATOR, LEDGER, 0), size=body.size, root=body.root)
    own = log_signature(point, signer("kernel-log").public, body.signature)
    note = cosign(Note(text=point.text(), signatures=(own,)), WITNESS, signer("witness"), 1).render()
    path.with_suffix(".note").write_text(note, encoding="utf-8")
    path.with_suffix(".trust").write_text(trust_text(trust()), encoding="utf-8")
    return count


def trust() -> Trust:
    """What an auditor of it trusts."""
    witness = VerifierKey(name=WITNESS, algorithm=COSIGNATURE, public=signer("witness").public)
    return Trust(ledger=LEDGER, operator=OPERATOR, roots=(signer("root").public,), witnesses=(witness,))
