"""A ledger as Parquet: the raw value of every entry, and columns beside it for those who count and plot.

The value is what counts; each column is a projection that can be made again from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ledger.entry import decode_entry
from ledger.merkle import leaf_hash
from ledger.plain_body import plain_entry
from ledger.shapes import Shapes
from schemas.kind_table import EntryKind
from schemas.reasons import ControlReason, LaneReason, Reason

ROWS_MAX = 10_000  # a row group in memory, whatever the ledger's length
TEXT = pa.string()
SCHEMA = pa.schema(
    [
        ("partition", pa.int32()),
        ("seq", pa.int64()),
        ("ts", pa.timestamp("us", tz="UTC")),
        ("kind", TEXT),
        ("leaf", pa.binary(32)),
        ("dfid", TEXT),
        ("account", TEXT),
        ("attempt", pa.int32()),
        ("verdict", TEXT),
        ("reason", TEXT),
        ("flow_status", TEXT),
        ("body", TEXT),
        ("value", pa.binary()),
    ]
)


def write_parquet(path: Path, values: Iterable[bytes]) -> int:
    """Write a partition; how many entries. Raises Malformed on an entry that cannot be read."""
    count, waiting = 0, list[dict[str, Any]]()
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for row in _rows(values):
            waiting.append(row)
            count += 1
            if len(waiting) == ROWS_MAX:
                writer.write_table(pa.Table.from_pylist(waiting, schema=SCHEMA))
                waiting.clear()
        writer.write_table(pa.Table.from_pylist(waiting, schema=SCHEMA))
    return count


def read_values(path: Path) -> Iterator[bytes]:
    """The entries again, in order: what a verifier is given."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["value"]):
            yield from batch.column("value").to_pylist()


def _rows(values: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    shapes = Shapes()
    for value in values:
        entry = decode_entry(value)
        shown = plain_entry(entry, shapes)
        body = shown["body"]
        projected = {
            name: body.get(name) for name in ("dfid", "account", "attempt", "verdict", "flow_status")
        }
        yield {
            "partition": entry.partition,
            "seq": entry.seq,
            "ts": entry.ts,
            "kind": str(shown["kind"]),
            "leaf": leaf_hash(value),
            **projected,
            "reason": reason_name(entry.kind, body.get("reason")),
            "body": json.dumps(body),
            "value": value,
        }


def reason_name(kind: int, number: int | None) -> str | None:
    """A reason by the table of its kind of entry; a later version's number stays a number."""
    if number is None:
        return None
    tables = {EntryKind.REPORT: LaneReason, EntryKind.CONTROL: ControlReason}
    table = tables.get(EntryKind(kind), Reason) if kind in EntryKind.__members__.values() else Reason
    return table(number).name if number in table.__members__.values() else str(number)
