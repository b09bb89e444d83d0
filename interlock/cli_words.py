"""Commands that put words on topics and read them: signal, produce, encode, tap."""

from __future__ import annotations

import json
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from interlock.context import Context, context
from interlock.genesis import Message, send
from interlock.say import Exit, Stop, as_json, command, data, say
from ledger.hashes import shard_of
from schemas import models
from schemas.models import MarketSignal, Quote
from schemas.plain import from_plain, to_plain
from schemas.topics import BY_NAME, Topic, partitions
from schemas.wire import Refused, unframed
from transport.names import LIVE

LedgerOption = Annotated[str, typer.Option("--ledger", help="which ledger; LIVE unless said")]
LINES_MAX = 100_000

app = typer.Typer(no_args_is_help=True)


def topic_of(name: str) -> Topic:
    """A topic of the table. Raises Stop naming the ones there are."""
    if name not in BY_NAME or BY_NAME[name].value == "bytes":
        readable = ", ".join(topic.name for topic in BY_NAME.values() if topic.value != "bytes")
        raise Stop(Exit.USAGE, f"no topic {name!r}", fix=f"one of {readable}")
    return BY_NAME[name]


def message_of(topic: Topic, line: str, where: str) -> Any:
    """One JSON line as the message its topic holds. Raises NotPlain or Stop."""
    cls = getattr(models, topic.value)
    try:
        value = json.loads(line, parse_float=Decimal)
    except ValueError as error:
        raise Stop(Exit.FAILED, f"{where}: no JSON: {error}") from None
    return from_plain(cls, value)


def key_of(message: Any) -> bytes:
    """The record key by the topic table's rule: account or instrument."""
    for name in ("account", "instrument"):
        if hasattr(message, name):
            return str(getattr(message, name)).encode()
    return b""


def placed(where: Context, topic: Topic, key: bytes) -> int:
    """The partition a record of this key belongs to."""
    count = partitions(topic, where.card.shards)
    return shard_of(key.decode(), count) if count > 1 else 0


@app.command()
@command
def signal(
    kind: Annotated[str, typer.Argument(help="quote")],
    instrument: str,
    bid: str,
    ask: str,
    size: Annotated[str, typer.Option(help="size on both sides")] = "1",
    ledger: LedgerOption = LIVE,
) -> None:
    """Send one market signal: `interlock signal quote BTC-USD 4200 4201`."""
    if kind != "quote":
        raise Stop(
            Exit.USAGE, f"{kind!r}: only quotes by hand", fix="interlock produce market.signals < lines.json"
        )
    now = time.time_ns() // 1000
    value = {
        "source": "cli", "signal_id": f"cli-{now}", "instrument": instrument.lower(), "venue": "cli",
        "event_time": now, "body": {"Quote": {"bid": bid, "ask": ask, "bid_size": size, "ask_size": size}},
    }  # fmt: skip
    message = from_plain(MarketSignal, value)
    assert isinstance(message.body, Quote)
    there = context(ledger)
    packed = there.schema_ids().pack(message)
    send(there.running, "feeder", there.name, [
        Message(topic="market.signals", partition=0, key=message.instrument.encode(), value=packed)
    ])  # fmt: skip
    say(f"sent; interlock why signal cli {message.signal_id} --ledger {ledger}")
    data(message.signal_id)


@app.command()
@command
def produce(
    topic: str,
    principal: Annotated[str, typer.Option("--as", help="broker principal")] = "feeder",
    ledger: LedgerOption = LIVE,
) -> None:
    """Read JSON lines from stdin and write them to a topic as Avro; nothing is sent if one line is wrong."""
    wanted, there = topic_of(topic), context(ledger)
    ids = there.schema_ids()
    messages = []
    for number, line in enumerate(sys.stdin, 1):
        if number > LINES_MAX:
            raise Stop(Exit.FAILED, f"more than {LINES_MAX} lines", fix="split the file")
        if line.strip():
            message = message_of(wanted, line, f"line {number}")
            key = key_of(message)
            partition = placed(there, wanted, key)
            messages.append(Message(topic=topic, partition=partition, key=key, value=ids.pack(message)))
    send(there.running, principal, there.name, messages)
    say(f"{len(messages)} records on {topic}")


@app.command()
@command
def encode(
    topic: str,
    out: Annotated[Path, typer.Option("-o", "--out", help="file to write")],
    ledger: LedgerOption = LIVE,
) -> None:
    """Write one JSON message from stdin as the bytes kcat sends: `kcat -P -t market.signals s.bin`."""
    message = message_of(topic_of(topic), sys.stdin.read(), "stdin")
    value = context(ledger).schema_ids().pack(message)
    out.write_bytes(value)
    say(f"{len(value)} bytes in {out}")


@app.command()
@command
def tap(
    topic: str,
    count: Annotated[int, typer.Option("-n", min=1, help="the last N records")] = 10,
    ledger: Annotated[str | None, typer.Option("--ledger")] = None,
) -> None:
    """Show the last records of a topic as JSON."""
    wanted, there = topic_of(topic), context(ledger)
    cls = getattr(models, wanted.value)
    for partition in range(partitions(wanted, there.card.shards)):
        for record in list(there.read(topic, partition))[-count:]:
            try:
                value = to_plain(unframed(cls, record.value))
            except Refused as refused:
                value = {"unreadable": refused.detail, "bytes": (record.value or b"").hex()}
            as_json({"partition": partition, "offset": record.offset, "value": value})
