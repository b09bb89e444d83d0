"""What became of one signal, gathered from the selector's state, the flows and the quarantine."""

from __future__ import annotations

from collections.abc import Iterator

from interlock.context import Context
from ledger.envelope import opened
from schemas.models import FlowOpened, FlowRecord, MarketSignal, Quarantined
from schemas.wire import Refused, unframed
from topologies.selector.why import Evidence, Why, why
from transport.kafka_reader import KafkaTail
from transport.names import physical

FLOWS = ("flows.eoam", "flows.sds", "flows.dlpci")


def story(there: Context, source: str, signal_id: str) -> list[Why]:
    """One answer per shard that knows the signal, or the first shard's if none does."""
    found = []
    for shard in range(there.card.shards):
        evidence = Evidence(
            state=_state(there, shard), flows=_flows(there, shard), quarantine=_quarantine(there, shard)
        )
        found.append(why(source, signal_id, evidence))
    known = [one for one in found if one.flows or one.suppressed or one.quarantined or one.fate is not None]
    return known or found[:1]


def _state(there: Context, shard: int) -> dict[bytes, bytes]:
    group = physical(there.name, "interlock-console-read")
    tail = KafkaTail(there.settings(), there.name, group, "selector.state", shard, 0)
    records: dict[bytes, bytes] = {}
    for record in tail.read():
        assert record.key is not None, "a state record has a bucket"
        if record.value is None:
            records.pop(record.key, None)
        else:
            records[record.key] = record.value
    tail.close()
    return records


def _flows(there: Context, shard: int) -> Iterator[FlowOpened]:
    for topic in FLOWS:
        for record in there.read(topic, shard):
            yield opened(unframed(FlowRecord, record.value).flow, FlowOpened)


def _quarantine(there: Context, shard: int) -> Iterator[tuple[Quarantined, MarketSignal | None]]:
    for record in there.read("quarantine", shard):
        held = unframed(Quarantined, record.value)
        try:
            yield held, unframed(MarketSignal, held.value)
        except Refused:
            yield held, None
