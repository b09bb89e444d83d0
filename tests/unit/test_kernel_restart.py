"""A kernel that finds its past contradicted stops; a replay that finds it altered says where."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kernel import snapshot
from kernel.consumer import Kernel
from kernel.entries import next_entry
from kernel.fold import Diverged
from kernel.replay import replay
from ledger.chain import Head
from ledger.hashes import shard_of
from schemas import models as m
from schemas.kinds import EntryKind
from schemas.reasons import Reason
from tests.build import LEDGER, World, identity, new_kernel, signer
from transport.log import Produce


def traded() -> World:
    world = World()
    world.bought()
    world.tick(2)
    world.run()
    return world


def closed(world: World) -> None:
    for output in world.kernel.closing(world.now):
        world._committed(output)


def rechained(world: World, change: Any) -> list[bytes]:
    """The ledger written again by whoever holds the pen, with one body changed."""
    old, new = new_kernel().head, Head(ledger=LEDGER, partition=0)
    values = []
    for value in world.ledger:
        entry = next_entry(old, value)
        old = entry.head
        new, written = new.append(entry.kind, change(entry.kind, entry.body), entry.head.ts)
        values.append(written)
    return values


def test_a_clean_stop_leaves_a_covered_ledger_and_a_state_to_start_from() -> None:
    world = traded()
    closed(world)
    positions = world.restart()
    assert positions is not None
    assert world.kernel.head.seq == len(world.ledger)
    assert world.kernel.state.core.checked_seq == len(world.ledger)


def test_an_entry_that_does_not_follow_stops_the_start() -> None:
    world = traded()
    log = world.topics.logs[("kernel.ledger", 0)]
    del log[len(log) // 2]
    with pytest.raises(Diverged, match="does not follow"):
        world.restart()


def test_a_piece_of_state_that_is_not_the_manifests_stops_the_start() -> None:
    world = traded()
    closed(world)
    key = next(key for key in world.topics.state if key.startswith(b"accounts/"))
    world.topics.state[key] = world.topics.state[key].replace(b"100000", b"900000")
    with pytest.raises(Diverged, match="accounts/0"):
        world.restart()


def test_a_ledger_of_another_card_stops_the_start() -> None:
    world = traded()
    told = replace(identity(), operator="somebody.else")
    stranger = Kernel(identity=told, log_signer=signer("kernel-log"), intent_signer=signer("kernel-intent"))
    with pytest.raises(Diverged, match="card"):
        stranger.restore(world.topics)


@pytest.mark.parametrize("stopped", [False, True])
def test_a_ledger_of_another_law_stops_the_start_with_and_without_a_state(
    monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    """Entries of two laws in one ledger could be replayed by neither."""
    world = traded()
    if stopped:
        closed(world)
    for module in ("kernel.fold", "kernel.snapshot"):
        monkeypatch.setattr(f"{module}.LAW", "a later one")
    with pytest.raises(Diverged, match=r"a ledger of law [0-9]+: this code judges by law a later one"):
        world.restart()


def test_replay_names_the_entry_whose_verdict_was_changed() -> None:
    def lie(kind: EntryKind, body: Any) -> Any:
        if kind is not EntryKind.DECISION:
            return body
        return replace(body, verdict=m.Verdict.REJECTED, reason=int(Reason.MAX_LOSS), intent=None)

    world = World()
    flow = world.flow()
    world.propose(flow, world.intent(flow))
    world.run()
    found = replay(rechained(world, lie))
    assert not found.identical
    assert [each.kind for each in found.differences] == ["DECISION"]


def test_replay_names_a_mark_that_was_changed() -> None:
    def lie(kind: EntryKind, body: Any) -> Any:
        if kind is not EntryKind.DECISION or body.mark is None:
            return body
        return replace(body, mark=replace(body.mark, ask=body.mark.ask * 2))

    assert not replay(rechained(traded(), lie)).identical


def test_replay_of_nothing_is_not_identical() -> None:
    assert not replay([]).identical


def test_each_shard_takes_only_its_own_accounts() -> None:
    other = next(name for name in (f"acct-{n}" for n in range(99)) if shard_of(name, 2) == 1)
    world = World()
    kernel = Kernel(
        identity=identity(shard=0, shards=2),
        log_signer=signer("kernel-log"),
        intent_signer=signer("kernel-intent"),
    )
    world.kernel = kernel
    registry = list(world.topics.records("registry", 0, 0))
    kernel.step(registry, world.now)
    kernel.step([world.control(m.Verb.OPEN, account=other, amount=world.views["paper-1"].equity)], world.now)
    assert other not in kernel.state.accounts


def test_a_proposal_on_another_shards_partition_is_refused_there() -> None:
    world = World()
    flow = world.flow()
    other = 1 - shard_of(flow.account, 2)
    kernel = Kernel(
        identity=identity(shard=other, shards=2),
        log_signer=signer("kernel-log"),
        intent_signer=signer("kernel-intent"),
    )
    for topic in ("registry", "control", "agents.manifest"):
        kernel.step([*world.topics.records(topic, 0, 0)], world.now)
    proposal = replace(world.propose(flow, world.intent(flow)), partition=other)
    world.kernel = kernel
    told = [world._read(each) for each in kernel.step([proposal], world.now) if isinstance(each, Produce)]
    refusals = [each.body for each in told if getattr(each, "kind", None) is EntryKind.REFUSAL]
    decisions = [each.body for each in told if getattr(each, "kind", None) is EntryKind.DECISION]
    assert [Reason(each.reason) for each in (*refusals, *decisions)] == [Reason.WRONG_ACCOUNT]
    assert not any(isinstance(each, m.Envelope) for each in told), "no order"


def test_after_a_restart_flows_leave_when_they_would_have() -> None:
    """A flow that outlived the horizon is looked at again later, and that later time is kept."""
    world = World()
    flow = world.flow()
    world.propose(flow, world.intent(flow))
    world.run()
    world.tick(3700)
    world.run()
    closed(world)
    before, flows = snapshot.texts(world.kernel.state), len(world.kernel.state.flows)
    assert flows, "its order has no receipt, so it stays"
    world.restart()
    assert snapshot.texts(world.kernel.state) == before
    for _ in range(3):
        world.tick(61)
        world.run()
    closed(world)
    again = snapshot.texts(world.kernel.state)
    world.restart()
    assert snapshot.texts(world.kernel.state) == again


def test_a_state_of_an_older_form_is_left_alone_and_the_ledger_folded() -> None:
    world = traded()
    closed(world)
    before = snapshot.texts(world.kernel.state)
    world.topics.state = {b"manifest": b'{"seq":1,"pieces":{}}', b"flows/0": b"{}"}
    world.restart()
    assert snapshot.texts(world.kernel.state) == before
    world.tick(1)
    world.run()
    closed(world)
    assert b"flows/0" not in world.topics.state, "what nobody reads is removed"
