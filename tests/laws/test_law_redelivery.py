"""A redelivery consumes nothing: a world where every record comes twice is the one where it comes once."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from interlock.projection import projection
from kernel.folds.batches import QUOTES_US
from kernel.state.plain import dumped
from schemas import models as m
from schemas.reasons import Reason
from tests.build import World
from tests.campaign import FEW
from tests.laws.test_kernel_laws import ACTS, Story
from tests.unnumbered import unnumbered

REPEATED = (
    "market.signals", "proposals", "venue.receipts", "human.decisions", "control", "agents.manifest",
)  # fmt: skip


def lived(acts: list[Any], repeats: int, *, apart: bool, comes: bool = True) -> World:
    """A story whose records come once and ``repeats`` times more, in the same step or in the next one.

    The last quote of each instrument comes again after every act, as long as the kernel remembers quotes:
    somebody may hold by now what nobody held when it was new.
    comes: else the copies take their offsets, which snapshots name, and are never read.
    """
    story = Story()
    asked_until = {record.offset: story.world.now + QUOTES_US for _, record in story.world.quotes.values()}
    for act in acts:
        story.play(act)
        copies = [record for record in story.world.queue if record.topic in REPEATED] * repeats
        for _, record in story.world.quotes.values():
            if story.world.now < asked_until.setdefault(record.offset, story.world.now + QUOTES_US):
                copies.append(record)
        for record in copies if not apart else ():
            story.world.queue += [again(story.world, record)] * comes
        story.settle()
        for record in copies if apart else ():
            story.world.queue += [again(story.world, record)] * comes
            story.settle()
    return story.world


def again(world: World, record: Any) -> Any:
    """The same key and bytes at a later offset."""
    return world.topics.append(record.topic, record.partition, record.key, record.value)


def consumed(world: World) -> dict[str, Any]:
    """What anybody could be robbed of: accounts, flows, windows, budgets, tokens, and what was ruled."""
    state = world.kernel.state
    core = state.core
    shared = (core.curbs, core.standings, core.manifests, core.serials, core.marks)
    return {
        "accounts": {name: unnumbered(account) for name, account in state.accounts.items()},
        "flows": dumped(state.flows),
        "agents": {"/".join(name): dumped(record) for name, record in state.agents.items()},
        "answers": sorted(
            (name.hex(), each.verdict, each.reason) for name, each in state.memory.priors.items()
        ),
        "shared": dumped(shared),
        "told": {account: bound(lines) for account, lines in projection(world.ledger).items()},
    }


def bound(lines: list[Any]) -> list[Any]:
    """The lines that something follows from.

    Gates 1 and 2 remember nothing and say it again; so does the deadline, once a flow is so old that its
    answer is forgotten. A receipt that is no news stands in the ledger and moves nothing.
    """
    found: list[Any] = []
    for line in lines:
        _, kind, *said = line
        refused = Reason[said[2]] if kind == "DECISION" and said[1] == "REJECTED" else None
        free = refused is not None and refused.gate <= 2
        told_again = line in found and (kind == "RECEIPT" or refused is Reason.TTL_EXPIRED)
        if not free and not told_again:
            found.append(line)
    return found


@FEW
@given(ACTS, st.integers(1, 2), st.booleans())
def test_a_redelivery_consumes_nothing_wherever_it_comes(acts: list[Any], repeats: int, apart: bool) -> None:
    once = lived(acts, repeats, apart=apart, comes=False)
    assert consumed(lived(acts, repeats, apart=apart)) == consumed(once)


def test_what_the_campaigns_found() -> None:
    """A redelivery after the horizon: its answer is forgotten, so it is told the deadline every time."""
    acts = [("close", 0, 0), ("tick", 4, 0), ("redeliver", 0, 0)]
    assert consumed(lived(acts, 1, apart=True)) == consumed(lived(acts, 1, apart=True, comes=False))


def test_a_redelivered_proposal_is_told_its_first_answer() -> None:
    world = World()
    flow = world.flow()
    record = world.propose(flow, world.intent(flow))
    world.run()
    key = world.verdict.intent_key
    world.queue.append(again(world, record))
    world.run()
    assert (world.verdict.verdict, world.verdict.intent_key) == (m.Verdict.DUPLICATE, key)
    assert world.told(m.Envelope) == []
