"""Which instructions may pass: signed by a principal of the account, opened by their text, never seen."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.envelope import opened, signed_by, well_formed
from ledger.hashes import explain_commitment, shard_of
from schemas.codec import Unreadable
from schemas.kinds import Role
from schemas.models import Instruction, InstructionRecord
from schemas.reasons import QuarantineReason
from schemas.wire import Refused
from topologies.selector.accounts import Accounts
from topologies.selector.directory import Directory
from topologies.selector.faults import Fault, unreadable
from topologies.selector.ids import bad_id
from topologies.selector.seen import Seen, seen_key
from topologies.selector.signals import time_fault
from transport.log import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructed:
    """An instruction that was read; ``source`` is its signer's key id in hex, which with its id names it."""

    record: InstructionRecord
    instruction: Instruction
    source: str


def read_instruction(record: Record, directory: Directory) -> Instructed | Fault:
    """The instruction in a record of ``instructions``, or why it cannot be read."""
    try:
        found = directory.registry.schema_ids.unpack(InstructionRecord, record.value)
    except Refused as error:
        return unreadable(error)
    try:
        instruction = opened(found.envelope, Instruction)
    except Unreadable as error:
        return Fault(reason=QuarantineReason.UNREADABLE, detail=str(error))
    if not well_formed(found.envelope) or len(found.envelope.signatures) != 1:
        return Fault(reason=QuarantineReason.BAD_SIGNATURE, detail="exactly one signature is wanted")
    source = found.envelope.signatures[0].keyid.hex()
    return Instructed(record=found, instruction=instruction, source=source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What an instruction is checked against."""

    ledger: bytes
    shards: int
    directory: Directory
    accounts: Accounts
    seen: Seen


def instruction_fault(record: Record, order: Instructed, desk: Desk, now: int) -> Fault | None:
    """Why a readable instruction may not pass. Identity is first: a forger learns nothing from the rest."""
    for check in (_identity, _place, _content):
        fault = check(record, order, desk)
        if fault is not None:
            return fault
    late = time_fault(order.instruction.event_time, desk.seen, now)
    if late is not None:
        return late
    first = desk.seen.sighting(seen_key(order.source, order.instruction.instruction_id))
    if first is not None:
        detail = f"{order.instruction.instruction_id} was seen at offset {first.offset}"
        return Fault(reason=QuarantineReason.SIGNAL_DUPLICATE, detail=detail)
    return None


def _identity(_: Record, order: Instructed, desk: Desk) -> Fault | None:
    instruction, registry = order.instruction, desk.directory.registry
    if instruction.ledger != desk.ledger:
        return Fault(reason=QuarantineReason.WRONG_LEDGER, detail=instruction.ledger.hex())
    key = registry.keys.valid(bytes.fromhex(order.source), Role.PRINCIPAL, registry.seq)
    if key is None or instruction.account not in key.bound:
        detail = f"{order.source} is no principal of {instruction.account[:64]}"
        return Fault(reason=QuarantineReason.KEY_NOT_VALID, detail=detail)
    if not signed_by(order.record.envelope, key.public):
        return Fault(reason=QuarantineReason.BAD_SIGNATURE, detail=f"not the signature of {order.source}")
    return None


def _place(record: Record, order: Instructed, desk: Desk) -> Fault | None:
    account = order.instruction.account
    if record.key != account.encode() or record.partition != shard_of(account, desk.shards):
        detail = f"key {record.key!r} in partition {record.partition} for account {account[:64]}"
        return Fault(reason=QuarantineReason.WRONG_KEY, detail=detail)
    if desk.accounts.view(account) is None:
        return Fault(reason=QuarantineReason.UNKNOWN_ACCOUNT, detail=f"{account[:64]} has not been opened")
    return None


def _content(_: Record, order: Instructed, desk: Desk) -> Fault | None:
    instruction, beside = order.instruction, order.record
    wrong = bad_id(
        account=instruction.account,
        instruction_id=instruction.instruction_id,
        instrument=instruction.instrument,
        decision_class=instruction.decision_class,
    )
    if wrong is None and instruction.notional_usd is not None and instruction.notional_usd < 0:
        wrong = f"notional_usd={instruction.notional_usd}"
    if wrong is not None:
        return Fault(reason=QuarantineReason.MALFORMED, detail=wrong)
    if instruction.instrument not in desk.directory.instruments:
        return Fault(reason=QuarantineReason.UNKNOWN_INSTRUMENT, detail=instruction.instrument)
    if explain_commitment(beside.text, beside.salt) != instruction.text_commitment:
        return Fault(reason=QuarantineReason.BAD_COMMITMENT, detail="text and salt open another commitment")
    return None
