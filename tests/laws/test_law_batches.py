"""Other batch sizes, same fold and same projection: how many records share a transaction decides nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from interlock.projection import balances, projection
from kernel.replay import replay
from kernel.state.plain import dumped
from schemas import models as m
from tests.build import ORDER, World
from tests.campaign import FEW
from tests.laws.test_kernel_laws import Story
from tests.unnumbered import unnumbered
from transport.log import Record

Batch = tuple[int, list[Record]]
KINDS = ("quote", "buy", "buy", "buy", "close", "hold", "halt", "fill", "partial", "decline", "tick", "again",
         "redeliver", "forge", "report", "doubt", "approve", "control", "garbage", "mandate", "child",
         "stand")  # fmt: skip
NO_REGISTRY = st.integers(0, 3)  # a grant is folded in a step of its own, whatever else came with it
ACTS = st.lists(st.tuples(st.sampled_from(KINDS), NO_REGISTRY, st.integers(0, 9)), min_size=3, max_size=14)


def delivered(acts: list[Any], at_once: int) -> tuple[World, list[Batch]]:
    """A story told, and its records as the loop handed them over: sorted by rank, with their step's time."""
    story, batches = Story(), []
    for number, act in enumerate(acts, 1):
        story.play(act)
        if number % at_once == 0 or number == len(acts):
            batch = sorted(story.world.queue, key=lambda each: ORDER.index(each.topic))
            batches.append((story.world.now, batch))
            story.settle()
    return story.world, batches


def redelivered(batches: list[Batch], size: int) -> World:
    """The same records in the same order at the same times, ``size`` a transaction."""
    world = Story().world
    for now, records in batches:
        world.now = now
        for start in range(0, len(records), size):
            world.queue = records[start : start + size]
            world.run()
    return world


def what_is_so(world: World) -> dict[str, Any]:
    """The fold without what counts entries, and the projection of the whole ledger."""
    state = world.kernel.state
    core = dumped(state.core)
    for name in ("seq", "checked_at", "checked_seq", "positions", "quote_reads"):
        del core[name]
    return {
        "core": core,
        "accounts": {name: unnumbered(account) for name, account in state.accounts.items()},
        "flows": dumped(state.flows),
        "agents": {"/".join(name): dumped(record) for name, record in state.agents.items()},
        "answers": sorted(
            (key.hex(), each.verdict, each.reason) for key, each in state.memory.priors.items()
        ),
        "told": projection(world.ledger),
        "balances": balances(view for view in world.views.values() if isinstance(view, m.AccountViewRecord)),
    }


@FEW
@given(ACTS, st.integers(2, 9), st.integers(1, 4))
def test_other_batch_sizes_same_fold_and_same_projection(acts: list[Any], at_once: int, size: int) -> None:
    world, batches = delivered(acts, at_once)
    other = redelivered(batches, size)
    assert what_is_so(other) == what_is_so(world)
    assert replay(other.ledger).identical


def test_a_batch_of_everything_and_one_record_at_a_time_agree() -> None:
    acts = [
        ("buy", 0, 1),
        ("buy", 1, 4),
        ("doubt", 0, 2),
        ("forge", 0, 0),
        ("hold", 0, 3),
        ("redeliver", 0, 0),
    ]
    world, batches = delivered(acts, len(acts))
    assert len(batches[0][1]) >= 6
    assert what_is_so(redelivered(batches, 1)) == what_is_so(world)
