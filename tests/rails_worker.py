"""A Faust worker in its own process: answers each record of `market.signals` on `out`; `boom` is a bug."""

from __future__ import annotations

from typing import Any

from transport.faust_app import make_app, record_of, send_all, topic
from transport.log import Produce
from transport.settings import read

SETTINGS = read()
app = make_app("echo", SETTINGS)


@app.agent(topic(app, SETTINGS.ledger, "market.signals"))
async def echo(stream: Any) -> None:
    async for event in stream.events():
        record = record_of(event, SETTINGS.ledger)
        if record.value == b"boom":
            raise RuntimeError("told to")
        assert record.topic == "market.signals"
        await send_all(
            app, SETTINGS.ledger, [Produce(topic="out", partition=0, key=record.key, value=record.value)]
        )
