"""`interlock summary`: the topologies of a ledger side by side."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import typer

from interlock.cli_trading import seconds
from interlock.context import Context, context
from interlock.say import as_json, command, data, say
from interlock.summary import Summary, Topology
from ledger.entry import decode_entry
from ledger.envelope import opened
from schemas.codec import Unreadable
from schemas.models import FlowOpened, FlowRecord
from schemas.money import plain
from schemas.wire import Refused, unframed
from topologies.thinker import FLOWS

app = typer.Typer()


@app.command()
@command
def summary(
    window: Annotated[str | None, typer.Option(help="only the last 45s, 30m, 2h, 1d of ledger time")] = None,
    ledger: Annotated[str | None, typer.Option("--ledger", help="the current one unless said")] = None,
    json_: Annotated[bool, typer.Option("--json", help="as one JSON document")] = False,
) -> None:
    """Compare the topologies: flows, verdicts, latency and cost, by class of decision and lane."""
    there = context(ledger)
    found = _read(there, 0 if window is None else seconds(window) * 1_000_000)
    rows = sorted(found.topologies.items())
    if json_:
        as_json([{"class": name, "lane": lane, **_plain(each)} for (name, lane), each in rows])
        return
    data(f"{'CLASS':<12} {'LANE':<6} {'FLOWS':>6} {'P50 MS':>7} {'P99 MS':>7} {'ANSWERS':>7} {'CALLS':>6}"
         f" {'TOKENS':>8} {'FEES USD':>9}  VERDICTS")  # fmt: skip
    for (name, lane), each in rows:
        middle, high = _or_dash(each.wait_ms(50)), _or_dash(each.wait_ms(99))
        data(f"{name:<12} {lane:<6} {each.flows:>6} {middle:>7} {high:>7}"
             f" {each.answers:>7} {each.model_calls:>6} {each.tokens_in + each.tokens_out:>8}"
             f" {plain(_fees(each)):>9}  {_ruled(each)}")  # fmt: skip
    say(
        f"ledger {there.name}: from the flow's record on Kafka to the ruling's; cost as the answers signed it"
    )


def _read(there: Context, window_us: int) -> Summary:
    """Count every partition of the ledger; a window ends with the newest entry of all."""
    newest = 0
    if window_us:
        for partition in range(there.card.shards):
            for record in there.last("kernel.ledger", 8, partition):  # some offsets are commit marks
                if record.value is not None:
                    newest = max(newest, decode_entry(record.value).ts)
    found = Summary(since=max(0, newest - window_us) if window_us else 0, opened=_opened(there))
    for partition in range(there.card.shards):
        for record in there.read("kernel.ledger", partition):
            found.take(record)
    return found


def _opened(there: Context) -> dict[tuple[bytes, int], int]:
    """When each flow was put on its topic, as far as the topics still hold them."""
    found: dict[tuple[bytes, int], int] = {}
    for topic in FLOWS.values():
        for partition in range(there.card.shards):
            for record in there.read(topic, partition):
                try:
                    flow = opened(unframed(FlowRecord, record.value).flow, FlowOpened)
                except (Refused, Unreadable):
                    continue
                found.setdefault((flow.dfid, flow.attempt), record.timestamp_ms)
    return found


def _ruled(each: Topology) -> str:
    counted = sorted(each.ruled.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{count} {verdict}{'' if reason == 'NONE' else ' ' + reason}"
                     for (verdict, reason), count in counted)  # fmt: skip


def _fees(each: Topology) -> Decimal:
    return sum(each.fees.values(), Decimal(0))


def _or_dash(value: int | None) -> str:
    return "-" if value is None else str(value)


def _plain(each: Topology) -> dict[str, Any]:
    return {
        "flows": each.flows, "answers": each.answers, "model_calls": each.model_calls, "rounds": each.rounds,
        "tokens_in": each.tokens_in, "tokens_out": each.tokens_out, "fees_usd": plain(_fees(each)),
        "measured": len(each.waits),
        "latency_ms": {f"p{percent}": each.wait_ms(percent) for percent in (50, 90, 99)},
        "verdicts": {f"{verdict}/{reason}": count for (verdict, reason), count in sorted(each.ruled.items())},
    }  # fmt: skip
