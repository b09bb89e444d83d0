"""Proofs, appending and replay: the parts of `bench.ledger` that need no large file."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from random import Random
from typing import Any

from bench import ledger_decided as decided
from kernel.replay import replay
from ledger.chain import Head
from ledger.envelope import seal
from ledger.merkle import leaf_hash
from ledger.merkle_proof import included
from ledger.merkle_tree import Tree
from schemas import models as m
from schemas.kinds import EntryKind
from tests.build import LEDGER, NOW, World, signer

TREE_LEAVES, PROOFS = 1_000_000, 5_000


def say(line: str) -> None:
    """A line for the reader, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextmanager
def timed() -> Iterator[list[float]]:
    """Give a list that holds the seconds once the block is left."""
    found, began = list[float](), time.perf_counter()
    yield found
    found.append(time.perf_counter() - began)


def proofs() -> None:
    """Proofs from a built tree, made and checked."""
    leaves = [sha256(number.to_bytes(8, "big")).digest() for number in range(TREE_LEAVES)]
    tree, draw = Tree(leaves), Random(1)
    root, places = tree.root(), [draw.randrange(TREE_LEAVES) for _ in range(PROOFS)]
    with timed() as took:
        held = all(included(leaves[at], at, TREE_LEAVES, tree.inclusion(at), root) for at in places)
    assert held
    with timed() as node:
        for _ in range(PROOFS * 20):
            sha256(b"\x01" + root + root).digest()
    each, least = took[0] / PROOFS * 1e6, node[0] / PROOFS * 1e6
    told = f"{each:.0f} us; its 20 hashes alone: {least:.0f} us"
    say(f"a proof from {TREE_LEAVES} leaves, made and checked: {told}")


def append() -> None:
    """Entries appended by the one writer: encoded, linked, hashed into the frontier."""
    messages: list[tuple[EntryKind, Any]] = []
    for one in decided.real()[1].values():
        messages += [(EntryKind.FLOW, m.FlowEntry(flow=seal(one.flow, signer("selector"))))]
        messages += [(EntryKind.DECISION, one.entry)]
        messages += [] if one.receipt is None else [(EntryKind.RECEIPT, one.receipt)]
    head, rounds = Head(ledger=LEDGER, partition=0), 200
    with timed() as took:
        for _ in range(rounds):
            for kind, message in messages:
                head, _value = head.append(kind, message, NOW)
    say(
        f"append: {took[0] / head.seq * 1e6:.0f} us an entry, over {len(messages)} flows, decisions, receipts"
    )


def replayed(decisions: int) -> None:
    """A kernel's own ledger judged again, and the bytes that a decision takes by lane."""
    world, filled = World(deposit="100000000"), 0
    opening = len(world.ledger)  # contracts and schemas: paid once, so not any decision's
    for number in range(decisions):
        flow = world.flow()
        world.propose(flow, world.intent(flow, m.Action.HOLD if number % 3 else m.Action.BUY))
        world.run()
        if world.told(m.Envelope):
            filled += 1
            world.receipt(world.order, m.ReceiptStatus.FILLED)
            world.run()
    values = world.ledger
    with timed() as opened:
        replay(values[:opening])
    with timed() as took:
        found = replay(values)
    took[0] -= opened[0]
    assert found.identical, found
    with timed() as hashed:
        for value in values:
            leaf_hash(value)
    share = f"{filled} filled; hashing them alone takes {100 * hashed[0] / took[0]:.2f} % of that"
    each = f"{decisions / took[0]:.0f} decisions/s, {(len(values) - opening) / took[0]:.0f} entries/s"
    say(f"replay: {each}, {share}")
    for (lane, buys), size in decided.bytes_by_lane().items():
        say(f"bytes of one {lane.value} decision that {'is filled' if buys else 'holds'}: {size}")
