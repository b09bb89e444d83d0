"""Back to where the ledger stands: the last snapshot, and every entry after it, checked link by link."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.entries import next_entry
from kernel.fold import Diverged, fold
from kernel.folds.batches import SIGNALS
from kernel.journal import LEDGER
from kernel.kept import segmented
from kernel.quotes import Quotes
from kernel.snapshot import hashes_of, restored
from kernel.state.whole import Identity, State
from ledger.chain import Head
from ledger.entry import decode_entry
from ledger.registry import RegistryRefused
from ledger.shapes import Malformed
from ledger.skips import granted_by, skipped
from transport.log import Reader

STATE = "kernel.state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A kernel as it was when it stopped. written: key -> hash on `kernel.state`; ledger_next: the next
    entry's offset lies at or after it; since: entries folded after the snapshot.
    """

    state: State
    head: Head
    quotes: Quotes
    written: dict[bytes, bytes]
    ledger_next: int
    since: int


def resume(identity: Identity, reader: Reader) -> Resumed:
    """Rebuild everything from what is committed.

    Raises Diverged (stop, and let a person look) when snapshot, chain or positions contradict each other.
    """
    records = reader.compacted(STATE, identity.shard)
    snapshot = restored(identity, records)
    if snapshot is None:
        state, written = segmented(State(identity)), hashes_of(records)
        head, at = Head(ledger=identity.ledger, partition=identity.shard), 0
    else:
        state, head, at = snapshot.state, snapshot.head, snapshot.ledger_from
        written = snapshot.written
    first = head.seq
    for record in reader.records(LEDGER, identity.shard, at):
        value = record.value or b""
        if _is_before(value, first):
            continue
        entry = next_entry(head, value)
        try:
            fold(state, entry.kind, entry.body, entry.seq)
        except RegistryRefused as error:
            raise Diverged(f"entry {entry.seq}: {error}") from None
        head, at = entry.head, record.offset + 1
    state.touched.clear()
    return Resumed(
        state=state,
        head=head,
        quotes=quotes_from(state, reader),
        written=written,
        ledger_next=at,
        since=head.seq - first,
    )


def quotes_from(state: State, reader: Reader) -> Quotes:
    """The quotes that may still be asked for, re-read up to the position and folded into nothing."""
    quotes, core = Quotes(), state.core
    end = core.positions.get((SIGNALS, 0), 0)
    if not core.quote_reads:
        return quotes
    for record in reader.records(SIGNALS, 0, core.quote_reads[0][1]):
        if record.offset >= end:
            break
        quotes.read(record, state.registry.schema_ids, core.now)
    quotes.forget(core.now)
    return quotes


def unread_skips(state: State, reader: Reader) -> frozenset[tuple[str, int, int]]:
    """Places in signed skips that stand unread on `control`: one may lie behind the record it is about.

    Nothing is folded: the skip becomes its own entry when it is read. The registry is read whole only then,
    since the key may be enrolled there and not yet here.
    """
    start = state.core.positions.get(("control", 0), 0)
    values = [record.value for record in reader.records("control", 0, start)]
    if not values:
        return frozenset()
    documents = ((record.offset, record.value) for record in reader.records("registry", 0, 0))
    registry = granted_by(state.identity.root, documents)
    return skipped(values, registry, state.identity.ledger)


def _is_before(value: bytes, first: int) -> bool:
    """Whether an entry was in the snapshot already: offsets are only a bound, sequences are exact."""
    try:
        return decode_entry(value).seq < first
    except Malformed as error:
        raise Diverged(f"kernel.ledger: {error}") from None
