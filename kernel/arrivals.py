"""What a record of an input is: its message, or why nobody may act on it."""

from __future__ import annotations

from typing import Any

from kernel.state.whole import State
from ledger.hashes import sha256
from schemas.models import Envelope, InputRange, Proposal, RefusalEntry
from schemas.reasons import QuarantineReason, Reason
from schemas.wire import unframed
from transport.log import Record

WORKER = "kernel"
REFUSALS_MAX = 100  # entries a batch; a flood beyond is counted, and quarantined like the rest
CLASSES: dict[str, type[Any]] = {
    "proposals": Proposal,
    "venue.receipts": Envelope,
    "human.decisions": Envelope,
    "control": Envelope,
    "agents.manifest": Envelope,
}
ENVELOPES = frozenset(name for name, cls in CLASSES.items() if cls is Envelope) | {"registry"}


def message_of(state: State, record: Record) -> Any:
    """The message of a record. Raises Refused with the reason it goes to quarantine for."""
    if record.topic == "registry":
        return unframed(Envelope, record.value)
    return state.registry.schema_ids.unpack(CLASSES[record.topic], record.value)


def place_of(record: Record) -> InputRange:
    """Where a record stood."""
    return InputRange(
        topic=record.topic, partition=record.partition, first=record.offset, next=record.offset + 1
    )


def refusal(record: Record, digest: bytes | None, reason: Reason) -> RefusalEntry:
    """The REFUSAL entry of a record; without a readable body its digest is that of the value."""
    return RefusalEntry(
        digest=sha256(record.value or b"") if digest is None else digest,
        reason=int(reason),
        received=place_of(record),
        worker=WORKER,
    )


def quarantine_reason(reason: Reason) -> QuarantineReason:
    """The word of the quarantine for a refusal of gate 1 that binds nobody."""
    match reason:
        case Reason.KEY_NOT_VALID | Reason.BAD_SIGNATURE | Reason.WRONG_LEDGER:
            return QuarantineReason[reason.name]
        case Reason.WRONG_ACCOUNT:
            return QuarantineReason.UNKNOWN_ACCOUNT
        case _:
            return QuarantineReason.MALFORMED
