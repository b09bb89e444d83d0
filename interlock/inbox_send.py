"""An answer on its way: the text before the act, the act, and the kernel's two entries in reply."""

from __future__ import annotations

from dataclasses import dataclass

from interlock.context import Context
from interlock.following import Following, refused_unsigned
from interlock.genesis import Message, send
from interlock.inbox import Waiting, fold
from interlock.operators import now_of
from interlock.say import Exit, Stop
from ledger.envelope import digest
from ledger.hashes import explain_commitment, explain_salt, shard_of, tagged
from schemas.codec import decode
from schemas.kinds import EntryKind, Role
from schemas.models import (
    DecisionEntry,
    Envelope,
    Escalation,
    Explanation,
    HumanChoice,
    HumanDecision,
    HumanEntry,
)
from schemas.reasons import Reason
from schemas.wire import Refused, unframed
from transport.card import seed

# Why an act was not taken, and what to do; the kernel gives no others to a signed act.
WORDS = {
    Reason.WRONG_LEDGER: ("it was signed for another ledger", "name the ledger with --ledger"),
    Reason.WRONG_ACCOUNT: ("no such flow on that account", "interlock inbox ls"),
    Reason.FLOW_CLOSED: ("the flow has its outcome", "interlock why DFID"),
    Reason.APPROVAL_EXPIRED: ("the act is too old, or its number was used", "decide again"),
    Reason.APPROVAL_MISMATCH: (
        "it does not fit what waits: another payload, too large a quantity, no price, or a signature missing",
        "interlock inbox show DFID, and decide again",
    ),
    Reason.KEY_NOT_VALID: ("its keys are not operators' keys in force", "interlock keys ls"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """What became of an act. seq: of its HUMAN entry; decided: the verdict after it, None for an ABORT."""

    seq: int
    entry: HumanEntry
    decided_seq: int | None = None
    decided: DecisionEntry | None = None


def inbox_of(there: Context) -> tuple[list[Waiting], int]:
    """What waits now, and the ledger's now."""
    told: dict[tuple[bytes, bytes], Escalation] = {}
    for partition in range(there.card.shards):
        for record in there.read("escalations", partition):
            try:
                each = unframed(Escalation, record.value)
            except Refused:
                continue
            told[each.dfid, each.payload_digest] = each
    now = now_of(there)
    found = [
        each for partition in range(there.card.shards) for each in fold(there.ledger(partition), told, now)
    ]
    return sorted(found, key=lambda each: (each.at, each.dfid)), now


def explain(there: Context, waiting: Waiting, text: str, who: str, serial: int) -> Message:
    """The record on `explanations`; its salt is the operator's own and the same each time."""
    intent = waiting.intent
    step = "none" if intent is None else intent.step_id
    secret = tagged("interlock/1/salt-key", seed(there.running.root, there.name, who))
    salt = explain_salt(secret, waiting.dfid, step, serial)
    return Message(
        topic="explanations",
        partition=shard_of(waiting.account, there.card.shards),
        key=f"{waiting.dfid.hex()}:{step}:human-{serial}:{who}".encode(),
        value=there.schema_ids().pack(Explanation(text=text, salt=salt)),
    )


def commitment_of(there: Context, message: Message) -> bytes:
    """What the act says of its text."""
    said = unframed(Explanation, message.value)
    return explain_commitment(said.text, said.salt)


def operators(there: Context) -> dict[bytes, bytes]:
    """Public keys of all operators in force, by key id."""
    return {
        name: key.public
        for name, key in there.registry().keys.keys.items()
        if key.role is Role.OPERATOR and key.revoked_seq is None
    }


def submit(there: Context, act: HumanDecision, envelope: Envelope) -> Ruled:
    """Send a whole act and wait for the kernel. Raises Stop: REFUSED by name, or TIMED_OUT."""
    shard = shard_of(act.account, there.card.shards)
    value = there.schema_ids().pack(envelope)
    record = Message(topic="human.decisions", partition=shard, key=act.account.encode(), value=value)
    with Following(there, shard) as ledger:
        send(there.running, "console", there.name, [record])
        found = _ruled(ledger, act, digest(envelope))
    if found is None:
        raise Stop(Exit.TIMED_OUT, "sent, but no kernel has taken it",
                   where=f"flow {act.dfid.hex()} on topic human.decisions, shard {shard}",
                   why="nothing is lost: it is folded once a kernel reads it, unless it is too old by then",
                   fix="interlock ps, interlock start")  # fmt: skip
    reason = Reason(found.entry.reason)
    if reason is not Reason.NONE:
        _refused(reason, found.seq)
    return found


def _ruled(ledger: Following, act: HumanDecision, name: bytes) -> Ruled | None:
    human: Ruled | None = None
    for leaf in ledger.entries():
        refused = refused_unsigned(leaf, name)
        if refused is not None:
            _refused(Reason(refused), leaf.seq)
        if leaf.kind == EntryKind.HUMAN:
            entry = decode(HumanEntry, leaf.body)
            if digest(entry.act) == name:
                human = Ruled(seq=leaf.seq, entry=entry)
                if entry.reason != Reason.NONE or act.choice is HumanChoice.ABORT:
                    return human
        elif human is not None and leaf.kind == EntryKind.DECISION:
            decided = decode(DecisionEntry, leaf.body)
            if decided.dfid == act.dfid:
                return Ruled(seq=human.seq, entry=human.entry, decided_seq=leaf.seq, decided=decided)
    return human


def _refused(reason: Reason, seq: int) -> None:
    why, fix = WORDS.get(reason, ("the kernel did not believe it", "docs/reasons.md names every reason"))
    raise Stop(Exit.REFUSED, f"{reason.name}: the act changed nothing", where=f"ledger seq {seq}", why=why,
               fix=fix)  # fmt: skip
