"""Which quotes fold as marks: news of what somebody holds, and no quote a second time."""

from __future__ import annotations

from decimal import Decimal

from schemas.kinds import EntryKind
from tests.build import BTC, SECOND, World
from transport.log import Record


def delivered_again(world: World, record: Record) -> None:
    world.queue.append(world.topics.append(record.topic, record.partition, record.key, record.value))
    world.run()


def folded(world: World) -> list[Decimal]:
    """The bids of every mark in the ledger."""
    return [mark.bid for batch in world.entries(EntryKind.BATCH) for mark in batch.marks]


def test_a_quote_delivered_again_does_not_fold_though_somebody_holds_its_instrument_by_now() -> None:
    world = World()
    _, quoted = world.quotes[BTC]
    world.run()
    world.bought()
    delivered_again(world, quoted)
    assert folded(world) == []


def test_a_quote_that_was_overtaken_does_not_fold_either() -> None:
    world = World()
    _, older = world.quotes[BTC]
    world.tick(2)
    world.quote(BTC, "4002", "4003")
    world.run()
    world.bought()
    delivered_again(world, older)
    assert folded(world) == []


def test_the_next_quote_folds_and_one_nobody_can_mean_hides_none() -> None:
    world = World()
    world.bought()
    world.tick(2)
    world.quote(BTC, "0", "4003", at=world.now + 4 * SECOND)
    world.quote(BTC, "4002", "4003")
    world.run()
    assert folded(world) == [Decimal(4002)]


def test_a_kernel_that_was_stopped_knows_which_quotes_are_none() -> None:
    world = World()
    _, quoted = world.quotes[BTC]
    world.bought()
    world.restart()
    delivered_again(world, quoted)
    assert folded(world) == []
