"""What whoever writes the ledger could still try with keys: each shows in what the entries say together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from interlock.tamper.attacks import KERNEL, Attack, Bytes
from interlock.tamper.forge import Copy, Impossible, key_document, resealed
from ledger.envelope import opened, seal
from ledger.findings import Code
from ledger.signing import Signer
from ledger.tag import sha256, tagged
from ledger.verify import Level
from ledger.verify_bodies import RECEIPT_MARGIN_US
from schemas.canonical import jcs
from schemas.kinds import EntryKind, Role
from schemas.models import Intent, IntentKind, KernelIntent, Receipt, ReceiptEntry, SchemaEntry

MALLORY = Signer(tagged("interlock/1/tamper-demo", "mallory"))
NOWHERE = bytes(16)


def _said(copy: Copy, by: Signer, **changed: object) -> Bytes:
    """The first accepted intent changed and signed by ``by``, its order and all checkpoints signed anew."""
    place, body, intent = copy.accepted()
    forged = resealed(body, replace(intent, **changed), by)  # type: ignore[arg-type]  # fields by name
    return copy.put(place, forged).linked(signed=True).values()


def _own(copy: Copy) -> Signer:
    return copy.keys(copy.accepted()[2].agent_id)


def _as_another(copy: Copy) -> Bytes:
    agent = copy.accepted()[2].agent_id
    for other in ("strategy", "sovereign", "risk", "sentiment", "prover"):
        if other != agent:
            return _said(copy, copy.keys(other))
    raise Impossible("no second agent")


def _wrong_role(copy: Copy) -> Bytes:
    return _said(copy, copy.keys("operator"))


def _stranger(copy: Copy) -> Bytes:
    return _said(copy, MALLORY)


def _self_enrolled(copy: Copy) -> Bytes:
    place, body, intent = copy.accepted()
    copy = copy.put(place, resealed(body, intent, MALLORY))
    enrolled = key_document(MALLORY, Role.AGENT, (intent.agent_id,), MALLORY, revoked=False)
    before = copy.place(EntryKind.FLOW)
    return copy.spliced(before, 0, [copy.entry(EntryKind.KEY, enrolled, before)]).linked(signed=True).values()


def _revoked(copy: Copy) -> Bytes:
    agent = copy.accepted()[2].agent_id
    gone = key_document(copy.keys(agent), Role.AGENT, (agent,), copy.keys("registry"), revoked=True)
    before = copy.place(EntryKind.FLOW)
    return copy.spliced(before, 0, [copy.entry(EntryKind.KEY, gone, before)]).linked(signed=True).values()


def _foreign_ledger(copy: Copy) -> Bytes:
    return _said(copy, _own(copy), ledger=NOWHERE)


def _foreign_account(copy: Copy) -> Bytes:
    return _said(copy, _own(copy), account="somebody-else")


def _other_snapshot(copy: Copy) -> Bytes:
    return _said(copy, _own(copy), state_hash=bytes(32))


def _other_evidence(copy: Copy) -> Bytes:
    for place, leaf in enumerate(copy.leaves):
        if leaf.kind != EntryKind.DECISION:
            continue
        body = copy.body(place)
        direct = body.body.payload_type.endswith(".intent.v1") and body.intent is not None
        intent = opened(body.body, Intent) if direct else None
        if intent is not None and intent.kind is IntentKind.PCI:
            forged = resealed(body, replace(intent, evidence=bytes(32)), copy.keys(intent.agent_id))
            return copy.put(place, forged).linked(signed=True).values()
    raise Impossible("no accepted proof-carrying intent")


def _twice(copy: Copy) -> Bytes:
    place, body, _ = copy.accepted()
    return (
        copy.spliced(place + 1, 0, [copy.entry(EntryKind.DECISION, body, place)]).linked(signed=True).values()
    )


def _orphan(copy: Copy) -> Bytes:
    place = copy.place(EntryKind.RECEIPT)
    entry: ReceiptEntry = copy.body(place)
    receipt = replace(opened(entry.receipt, Receipt), key=bytes(32))
    forged = replace(entry, receipt=seal(receipt, copy.keys("executor")))
    return copy.put(place, forged).linked(signed=True).values()


def _without_receipt(copy: Copy) -> Bytes:
    """The receipt of the first order, left out: it was due long before the ledger ends."""
    _, body, _ = copy.accepted()
    assert body.intent is not None
    due = opened(body.intent, KernelIntent).valid_until + RECEIPT_MARGIN_US
    if copy.leaves[-1].ts <= due:
        raise Impossible("the ledger ends before the first order's receipt was due")
    gone = [
        place
        for place, leaf in enumerate(copy.leaves)
        if leaf.kind == EntryKind.RECEIPT and copy.body(place).dfid == body.dfid
    ]
    if not gone:
        raise Impossible("no receipt of the first accepted order")
    for place in reversed(gone):
        copy = copy.spliced(place, 1, [])
    return copy.linked(signed=True).values()


def _own_shape(copy: Copy) -> Bytes:
    """A HUMAN entry in a shape that the forger gives it: without the act that is signed."""
    place = copy.place(EntryKind.BATCH, last=True)
    field = {"name": "approved", "type": "string"}
    text = jcs({"type": "record", "namespace": "interlock", "name": "HumanEntry", "fields": [field]})
    named = copy.entry(EntryKind.SCHEMA, SchemaEntry(name="HumanEntry", schema=text), place)
    said = replace(named, kind=EntryKind.HUMAN, schema=sha256(text), body=b"\x06all")
    return copy.spliced(place, 0, [named, said]).linked(signed=True).values()


def _of(name: str, code: Code, level: Level, keys: str, done: Callable[[Copy], Bytes]) -> Attack:
    return Attack(name=name, who=f"{KERNEL}{keys}", codes=frozenset({code}), level=level, done=done)


_SIGN, _EVIDENCE = Level.SIGN, Level.EVIDENCE
OF_SIGNERS: tuple[Attack, ...] = (
    _of("a shape of the forger's own", Code.KIND_UNKNOWN, Level.COMMIT, "", _own_shape),
    _of("one agent signs as another", Code.SIGNED_AS_ANOTHER, _SIGN, ", another agent's", _as_another),
    _of("a key of another role", Code.KEY_WRONG_ROLE, _SIGN, ", an operator's", _wrong_role),
    _of("a key nobody enrolled", Code.KEY_UNKNOWN, _SIGN, "", _stranger),
    _of("an agent that enrols itself", Code.KEY_REFUSED, _SIGN, "", _self_enrolled),
    _of("a revoked key", Code.KEY_NOT_VALID, _SIGN, ", the registry's", _revoked),
    _of("an intent of another ledger", Code.FOREIGN_LEDGER, _SIGN, ", the agent's", _foreign_ledger),
    _of("an intent of another account", Code.FOREIGN_ACCOUNT, _SIGN, ", the agent's", _foreign_account),
    _of("another snapshot", Code.STATE_MISMATCH, _EVIDENCE, ", the agent's", _other_snapshot),
    _of("another evidence hash", Code.EVIDENCE_MISMATCH, _EVIDENCE, ", the prover's", _other_evidence),
    _of("a step accepted twice", Code.STEP_TWICE, _EVIDENCE, "", _twice),
    _of("a receipt of no order", Code.RECEIPT_ORPHAN, _EVIDENCE, ", the executor's", _orphan),
    _of("a receipt left out", Code.RECEIPT_MISSING, _EVIDENCE, "", _without_receipt),
)
