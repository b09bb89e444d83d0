"""What operators sign: whose key, which number, what time, and the kernel's answer to a signed command."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from interlock.context import Context
from interlock.following import Following, refused_unsigned
from interlock.genesis import Message, command_of, send
from interlock.say import Exit, Stop
from ledger.envelope import digest, opened, seal, signed_by
from ledger.hashes import shard_of
from ledger.signing import Signer
from schemas.codec import Unreadable, decode
from schemas.kinds import EntryKind
from schemas.models import ClockTick, Control, ControlEntry, Envelope, HumanDecision, Verb
from schemas.reasons import ControlReason, Reason
from schemas.topics import BY_NAME, partitions
from schemas.wire import Refused, unframed
from transport.card import CardError, seed

OPERATOR = "operator"  # the operator that every ledger is born with
REGISTRY = "registry"
Numbered = TypeVar("Numbered", Control, HumanDecision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A command as one shard of the ledger took it. seq: of its CONTROL entry, or of a REFUSAL."""

    partition: int
    seq: int
    reason: ControlReason


def signer_of(there: Context, who: str) -> Signer:
    """The key of ``who``, from the state folder. Raises Stop when it does not lie there."""
    try:
        return Signer(seed(there.running.root, there.name, who))
    except CardError as error:
        fix = "sign where the ledger was made" if who == REGISTRY else f"interlock keys new OPERATOR {who}"
        raise Stop(Exit.FAILED, str(error), fix=fix) from None


def now_of(there: Context) -> int:
    """The ledger's time in micros: the wall's, or on a TAPE ledger the last tick's."""
    if there.card.clock == "LIVE":
        return time.time_ns() // 1_000
    last = 0
    for record in there.read("clock"):
        try:
            last = max(last, unframed(ClockTick, record.value).now)
        except Refused:
            continue
    return last


def next_serial(there: Context, topic: str, cls: type[Numbered], publics: Sequence[bytes]) -> int:
    """One more than any number these keys have signed on the topic: folded or not, none is used twice."""
    used = 0
    for partition in range(partitions(BY_NAME[topic], there.card.shards)):
        for record in there.read(topic, partition):
            try:
                envelope = unframed(Envelope, record.value)
                message = opened(envelope, cls)
            except (Refused, Unreadable):
                continue
            mine = message.ledger == there.card.ledger and message.serial > used
            if mine and any(signed_by(envelope, each) for each in publics):
                used = message.serial
    return used + 1


def issue(there: Context, verb: Verb, who: str, **scope: Any) -> list[Answered]:
    """Sign a command, send it, and wait for every shard it concerns; one answer a shard, the worst first.

    ``scope``: fields of Control. Raises Stop with TIMED_OUT, naming the command, when a shard stays silent.
    """
    signer = signer_of(there, who)
    serial = next_serial(there, "control", Control, (signer.public,))
    wanted = replace(command_of(there.card, serial, verb, now_of(there)), **scope)
    return _answers(there, wanted, seal(wanted, signer))


def _answers(there: Context, wanted: Control, envelope: Envelope) -> list[Answered]:
    shards = range(there.card.shards)
    if wanted.account is not None:
        shards = range(own := shard_of(wanted.account, there.card.shards), own + 1)
    value = there.schema_ids().pack(envelope)
    record = Message(topic="control", partition=0, key=(wanted.account or "").encode(), value=value)
    found: list[Answered] = []
    with ExitStack() as open_:
        followed = [open_.enter_context(Following(there, shard)) for shard in shards]
        send(there.running, "console", there.name, [record])
        for ledger in followed:
            answer = _answer(ledger, digest(envelope))
            if answer is None:
                raise Stop(
                    Exit.TIMED_OUT, f"sent, but no kernel has folded it: {wanted.verb.value}",
                    where=f"command {wanted.serial} on topic control of ledger {there.name},"
                    f" shard {ledger.partition}",
                    why="nothing is lost: it stands signed on its topic and is folded once a kernel reads it",
                    fix="interlock ps, interlock start",
                )  # fmt: skip
            found.append(answer)
    return sorted(found, key=lambda each: (each.reason is ControlReason.FOLDED, each.partition))


def _answer(ledger: Following, name: bytes) -> Answered | None:
    for leaf in ledger.entries():
        if leaf.kind == EntryKind.CONTROL:
            entry = decode(ControlEntry, leaf.body)
            if digest(entry.command) == name:
                return Answered(partition=ledger.partition, seq=leaf.seq, reason=ControlReason(entry.reason))
        refused = refused_unsigned(leaf, name)
        if refused is not None:
            reason = ControlReason[Reason(refused).name]
            return Answered(partition=ledger.partition, seq=leaf.seq, reason=reason)
    return None
