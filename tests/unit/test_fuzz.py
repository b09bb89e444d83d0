"""Anything may come in: fifty thousand records become something each, and what once failed goes through."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from schemas import models as m
from tests.build import World
from tests.fuzz.campaign import BATCH, again, batch, kept
from tests.fuzz.shapes import nudged, scrambled

RECORDS = int(os.environ.get("FUZZ", "50000"))
SLICES = 5  # so that both cores of `make check` have some


@pytest.mark.parametrize("part", range(SLICES))
def test_every_record_becomes_an_entry_or_is_quarantined_and_the_ledger_replays(part: int) -> None:
    jobs = range(part, RECORDS // BATCH, SLICES)
    for number in jobs:
        counts, failed = batch((1_000 + number, BATCH))
        assert failed is None, f"seed {1_000 + number}: {failed.error if failed else ''}"
        assert counts.total() == BATCH


@pytest.mark.parametrize("path", kept(), ids=lambda path: path.stem)
def test_what_once_failed_goes_through(path: Path) -> None:
    again(path)


def test_a_seed_makes_the_same_records() -> None:
    flow = World().flow()
    assert nudged(flow, Random(3)) == nudged(flow, Random(3)) != flow
    assert scrambled(b"some bytes", Random(3)) == scrambled(b"some bytes", Random(3))


def test_every_field_of_a_message_is_reached() -> None:
    signal = m.MarketSignal(source="tape", signal_id="q1", instrument="btc-usd", venue="paper", event_time=1,
                            body=m.Quote(bid=Decimal(1), ask=Decimal(2), bid_size=Decimal(1),
                                         ask_size=Decimal(1)))  # fmt: skip
    draw = Random(1)
    changed = [nudged(signal, draw) for _ in range(300)]
    for name in ("source", "signal_id", "instrument", "venue", "event_time", "body"):
        assert any(getattr(each, name) != getattr(signal, name) for each in changed), name
