"""When the ledger signs what it is, and how it begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kernel.documents import first_schemas
from kernel.fold import fold
from kernel.law import LAW
from kernel.state.whole import Identity, State
from ledger.chain import Chain, Head
from ledger.entry import decode_entry
from ledger.signing import Signer
from schemas.codec import decode
from schemas.kinds import EntryKind, Role
from schemas.models import CheckpointEntry, Genesis, InputRange
from transport.processor import Input

CHECKPOINT_US = 1_000_000  # at most one a second: each is a transaction and a signature
IDLE_US = 60_000_000  # an idle ledger still says the time, so that silence can be told from death
DEFER_STEPS = 50  # busy steps a due CHECKPOINT waits for an idle one


def due(state: State, now: int, signer: Signer) -> bool:
    """Whether something is uncovered, the last CHECKPOINT is a second old, and the signer's key stands in it.

    A CHECKPOINT before its own KEY entry would be a signature of nobody.
    """
    core = state.core
    if core.checked_seq >= core.seq or now - core.checked_at < CHECKPOINT_US:
        return False
    return state.registry.keys.valid(signer.keyid, Role.KERNEL_LOG, core.seq) is not None


def idle_batch_due(state: State, now: int) -> bool:
    """Whether a ledger without anything to say has been silent for a minute."""
    return now - state.core.now >= IDLE_US


def checkpoint(state: State, head: Head, signer: Signer) -> tuple[Head, bytes]:
    """Sign the tree as it stands: the head after, and the CHECKPOINT's value."""
    chain = Chain(head=head, operator=state.identity.operator)
    value = chain.checkpoint(signer)
    fold(state, EntryKind.CHECKPOINT, decode(CheckpointEntry, decode_entry(value).body), head.seq)
    return chain.head, value


def genesis_entries(identity: Identity, inputs: Sequence[Input]) -> list[tuple[EntryKind, Any]]:
    """What stands before the first BATCH: who the ledger is, where it begins to read, and its shapes."""
    positions = tuple(
        InputRange(topic=each.topic, partition=number, first=0, next=0)
        for each in inputs
        for number in each.partitions
    )
    genesis = Genesis(
        name=identity.name,
        operator=identity.operator,
        clock=identity.clock,
        law=LAW,
        shards=identity.shards,
        root_key=identity.root,
        positions=positions,
        continues=identity.continues,
    )
    return [(EntryKind.GENESIS, genesis), *((EntryKind.SCHEMA, each) for each in first_schemas())]
