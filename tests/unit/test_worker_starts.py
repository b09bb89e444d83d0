"""How a thinker's worker begins: it waits for its broker, and being cancelled harms nobody else."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from topologies.opening_worker import Opening
from transport import kafka_config
from transport.faust_app import listening
from transport.settings import TRANSACTION_TIMEOUT_MS, KafkaSettings, SettingsError, read


def test_who_waits_for_the_opening_may_be_cancelled_and_the_others_are_let_in():
    async def scene() -> str:
        opening: Opening[str] = Opening()
        one, other = asyncio.create_task(opening.wait()), asyncio.create_task(opening.wait())
        await asyncio.sleep(0)
        one.cancel()
        await asyncio.sleep(0)
        opening.done("open")
        return await other

    assert asyncio.run(scene()) == "open"


def test_a_broker_that_comes_back_is_waited_for():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert not asyncio.run(listening([address], 0.1))

        async def scene() -> bool:
            waiting = asyncio.create_task(listening(["127.0.0.1:1", address], 20.0))
            await asyncio.sleep(0.1)
            server.listen()
            return await waiting

        began = time.monotonic()
        assert asyncio.run(scene())
        assert time.monotonic() - began < 10.0


def test_clients_do_not_forget_a_broker_that_is_away():
    settings = KafkaSettings(bootstrap="127.0.0.1:9092")
    for config in (kafka_config.writing(settings, "one"), kafka_config.reading(settings, "group")):
        assert config["metadata.recovery.strategy"] == "none"


def test_the_transaction_time_out_is_a_setting_with_bounds():
    assert read({}).kafka.transaction_timeout_ms == TRANSACTION_TIMEOUT_MS
    assert read({"INTERLOCK_TRANSACTION_TIMEOUT_MS": "3000"}).kafka.transaction_timeout_ms == 3_000
    for wrong in ("0", "-1", "60001", "3 s", "٣000"):
        with pytest.raises(SettingsError, match="INTERLOCK_TRANSACTION_TIMEOUT_MS"):
            read({"INTERLOCK_TRANSACTION_TIMEOUT_MS": wrong})
