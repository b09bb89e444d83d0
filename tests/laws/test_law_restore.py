"""Restored from buckets and the entries after them, at every cut: the state folded from the beginning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import consumer, snapshot
from kernel.entries import next_entry
from kernel.fold import Diverged, fold
from kernel.restart import resume
from kernel.state.whole import State
from ledger.chain import Head
from tests.build import Topics, World, identity
from tests.campaign import FEW
from tests.laws.test_kernel_laws import ACTS, Story

EVERY = st.sampled_from((1, 7, 30))


@dataclass
class Cut:
    """What was committed at one moment: the buckets, how long the ledger was, and the state itself."""

    buckets: dict[bytes, bytes]
    ledger: int
    texts: dict[str, bytes]


@dataclass
class Played:
    world: World
    cuts: list[Cut] = field(default_factory=list)

    def cut(self) -> None:
        world = self.world
        state = snapshot.texts(world.kernel.state)
        self.cuts.append(Cut(dict(world.topics.state), len(world.ledger), state))

    def at(self, buckets: Cut, end: Cut) -> Topics:
        """The topics as they would be with these buckets and the ledger up to that end."""
        found = Topics(logs=dict(self.world.topics.logs), state=dict(buckets.buckets))
        found.logs[("kernel.ledger", 0)] = self.world.topics.logs[("kernel.ledger", 0)][: end.ledger]
        return found


def played(acts: list[Any], every: int) -> Played:
    """A story with buckets written every so many entries, cut after every step."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consumer, "SNAPSHOT_EVERY", every)
        story = Story()
        found = Played(story.world)
        found.cut()
        for act in acts:
            story.play(act)
            story.settle()
            found.cut()
    return found


@FEW
@given(ACTS, EVERY)
def test_at_every_cut_buckets_and_later_entries_give_the_state_folded_from_the_beginning(
    acts: list[Any], every: int
) -> None:
    found = played(acts, every)
    assert found.cuts[-1].buckets or every > 1
    whole, head = State(identity()), Head(ledger=identity().ledger, partition=0)
    values = found.world.ledger
    for number, end in enumerate(found.cuts):
        for value in values[head.seq : end.ledger]:
            entry = next_entry(head, value)
            fold(whole, entry.kind, entry.body, entry.seq)
            head = entry.head
        assert snapshot.texts(whole) == end.texts
        for early in {number // 2: found.cuts[number // 2], number: end}.values():
            resumed = resume(identity(), found.at(early, end))
            assert snapshot.texts(resumed.state) == end.texts
            assert resumed.head == head


def test_a_bucket_that_was_changed_is_not_believed() -> None:
    found = played([("buy", 1, 1), ("fill", 0, 0)], 1)
    end = found.cuts[-1]
    name = next(key for key, value in end.buckets.items() if b'"cash"' in value)
    end.buckets[name] = end.buckets[name].replace(b'"cash":"', b'"cash":"9')
    with pytest.raises(Diverged, match="is not what its manifest names"):
        resume(identity(), found.at(end, end))
