"""A kernel's own ledger with an entry of every kind it writes, thinned to the shapes it uses."""

from __future__ import annotations

import functools
from decimal import Decimal

from interlock.tamper.forge import Copy
from ledger.chain import Chain, Head
from ledger.entry import decode_entry
from ledger.envelope import seal
from ledger.shapes import BUILT_IN
from ledger.tag import sha256
from schemas import models as m
from schemas.kinds import EntryKind
from tests.build import BTC, World, signer

OPERATOR = "interlock.test"


@functools.cache
def values() -> tuple[bytes, ...]:
    """Up to a CLOSE and its CHECKPOINT; every kind of the table stands in it."""
    world = World()
    world.bought("0.5")
    _reported(world)
    _asked(world)
    _forged(world)
    for _ in range(3):
        world.tick(400)
        world.quote(BTC, "4000", "4001")
        world.run()
    return tuple(_closed(_thinned(world.ledger)))


def _reported(world: World) -> None:
    flow = world.flow()
    world.propose(flow, world.report(flow, "sovereign"))
    world.run()


def _asked(world: World) -> None:
    """One flow a person overrides, one that nobody answers: time ends it."""
    for answered in (True, False):
        flow = world.flow()
        body = seal(world.intent(flow, confidence=Decimal("0.1")), signer("sovereign"))
        world.propose(flow, body)
        world.run()
        if answered:
            world.decide(flow, body, m.HumanChoice.ABORT)
            world.run()


def _forged(world: World) -> None:
    flow = world.flow()
    world.propose(flow, world.intent(flow), by="mallory")
    world.run()


def _thinned(found: list[bytes]) -> list[bytes]:
    """Without the schemas that nothing here is spelled by, linked and signed again."""
    copy = Copy.of(found, signer)
    used = {leaf.schema for leaf in copy.leaves} | {sha256(text) for text in BUILT_IN.values()}
    raw = b"".join(found)
    kept = []
    for place, leaf in enumerate(copy.leaves):
        if leaf.kind == EntryKind.SCHEMA:
            digest = sha256(copy.body(place).schema)
            # A payload names its shape by these 32 bytes, wherever it is held.
            if digest not in used and raw.count(digest) == 0:
                continue
        kept.append(leaf)
    return copy.spliced(0, len(copy.leaves), kept).linked(signed=True).values()


def _closed(found: list[bytes]) -> list[bytes]:
    first = decode_entry(found[0])
    head = Head(ledger=first.ledger, partition=first.partition)
    for value in found:
        head = head.after(value)
    chain = Chain(head=head, operator=OPERATOR)
    close = m.CloseEntry(reason="tests")
    schema = chain.schemas((m.CloseEntry,), head.ts)
    return [
        *found,
        *schema,
        chain.append(EntryKind.CLOSE, close, head.ts),
        chain.checkpoint(signer("kernel-log")),
    ]
