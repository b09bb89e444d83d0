"""Gate 8 looks at every price of a snapshot, not only at the one the intent is about."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kernel.entries import next_entry
from kernel.replay import replay
from ledger.chain import Head
from schemas import models as m
from schemas.kinds import EntryKind
from schemas.reasons import Reason
from tests.build import BTC, ETH, LEDGER, SECOND, World, new_kernel

BUY, HOLD = m.Action.BUY, m.Action.HOLD


def ruled(world: World, action: m.Action = BUY, **market: Any) -> tuple[m.Verdict, int]:
    """What a decision about BTC gets whose context shows ETH as given beside it."""
    views = (world.market_view(BTC), world.market_view(ETH, **market))
    flow = world.flow(snapshot={"instruments": views})
    world.propose(flow, world.intent(flow, action))
    world.run()
    return world.verdict.verdict, world.verdict.reason


def identical(world: World) -> None:
    found = replay(world.ledger)
    assert (found.differences, found.stopped) == ([], "")


@pytest.mark.parametrize("action", [BUY, HOLD])
def test_a_context_whose_every_price_was_so_passes_and_its_quotes_ride_along(action: m.Action) -> None:
    world = World()
    assert ruled(world, action) == (m.Verdict.ACCEPTED, Reason.NONE)
    (entry,) = world.entries(EntryKind.DECISION)
    assert [(each.instrument, each.quote.bid) for each in entry.other_quotes] == [(ETH, Decimal(300))]
    identical(world)


NOTHING = {"bid": None, "ask": None, "mid": None, "price_offset": None, "price_partition": None}


@pytest.mark.parametrize("action", [BUY, HOLD])
@pytest.mark.parametrize(
    ("market", "passes"),
    [
        ({"bid": Decimal(299)}, False),
        ({"ask": Decimal(301)}, False),
        ({"mid": Decimal(300)}, False),
        ({"price_offset": 0}, False),  # another instrument's quote
        ({"price_offset": 999}, False),
        ({"price_offset": None}, False),
        ({"price_partition": None}, False),
        ({"bid": None}, False),
        ({"quote_time": 5}, False),  # the quote is there, and it is not from then
        ({"quote_time": None}, False),
        (NOTHING, True),  # no price yet: nothing is claimed
        ({"last": Decimal(1)}, True),  # a trade's, which names no quote
    ],
)
def test_a_price_of_another_instrument_that_was_not_so_is_a_mismatch(
    market: dict[str, Any], passes: bool, action: m.Action
) -> None:
    world = World()
    assert (ruled(world, action, **market)[1] == Reason.NONE) is passes
    identical(world)


def test_a_quiet_instrument_may_show_a_quote_older_than_quotes_are_kept() -> None:
    world = World()
    world.tick(601)
    world.quote(BTC, "4000", "4001")
    assert ruled(world) == (m.Verdict.ACCEPTED, Reason.NONE)
    (entry,) = world.entries(EntryKind.DECISION)
    assert entry.other_quotes[0].quote is None
    recent = {"quote_time": world.now - 599 * SECOND}
    assert ruled(world, **recent)[1] == Reason.SNAPSHOT_MISMATCH
    identical(world)


def test_replay_names_another_instruments_quote_that_was_changed() -> None:
    world = World()
    ruled(world)

    def change(kind: EntryKind, body: Any) -> Any:
        if kind is not EntryKind.DECISION:
            return body
        (other,) = body.other_quotes
        changed = replace(other, quote=replace(other.quote, bid=Decimal(299)))
        return replace(body, other_quotes=(changed,))

    old, new, values = new_kernel().head, Head(ledger=LEDGER, partition=0), []
    for value in world.ledger:
        entry = next_entry(old, value)
        old = entry.head
        new, written = new.append(entry.kind, change(entry.kind, entry.body), entry.head.ts)
        values.append(written)
    assert [each.kind for each in replay(values).differences] == ["DECISION"]
