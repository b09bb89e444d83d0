"""A kernel's own ledger with one flow of each lane in it, anchored: what a forger is let loose on."""

from __future__ import annotations

import functools

from ledger.cosign import cosign, log_signature
from ledger.entry import decode_entry
from ledger.envelope import seal
from ledger.note import COSIGNATURE, Checkpoint, Note, VerifierKey
from ledger.trust import Anchor, Trust, parse_anchor
from schemas import models as m
from schemas.codec import decode
from schemas.kinds import EntryKind
from tests.build import BTC, LEDGER, World, signer

WITNESS = "witness.test"
OPERATOR = "interlock.test"


@functools.cache
def values() -> tuple[bytes, ...]:
    """Up to its last checkpoint: an atom, a proof and a window, each filled, and time for every receipt."""
    world = World()
    world.bought("0.5")
    proven = world.flow(("prover",), lane=m.Lane.DLPCI)
    body = seal(world.intent(proven), signer("prover"))
    world.propose(proven, body, attestations=(world.attest(proven, body),))
    world.run()
    world.receipt(world.order, m.ReceiptStatus.FILLED)
    world.run()
    meshed = world.flow(("strategy", "risk"), lane=m.Lane.EOAM)
    answers = (world.intent(meshed), world.report(meshed, "risk"))
    world.propose(meshed, world.window(meshed, answers))
    world.run()
    world.receipt(world.order, m.ReceiptStatus.FILLED)
    world.run()
    for _ in range(3):
        world.tick(120)
        world.quote(BTC, "4000", "4001")
        world.run()
    found = world.ledger
    ends = [at for at, value in enumerate(found) if decode_entry(value).kind == EntryKind.CHECKPOINT]
    return tuple(found[: ends[-1] + 1])


def note(size: int | None = None) -> str:
    """The last checkpoint (of the first `size` entries), as the witness cosigned it."""
    body = decode(m.CheckpointEntry, decode_entry(values()[:size][-1]).body)
    point = Checkpoint(origin=f"{OPERATOR}/{LEDGER.hex()}/0", size=body.size, root=body.root)
    own = log_signature(point, signer("kernel-log").public, body.signature)
    return cosign(Note(text=point.text(), signatures=(own,)), WITNESS, signer("witness"), 1).render()


def trust() -> Trust:
    """What the auditor trusts."""
    witness = VerifierKey(name=WITNESS, algorithm=COSIGNATURE, public=signer("witness").public)
    return Trust(ledger=LEDGER, operator=OPERATOR, roots=(signer("root").public,), witnesses=(witness,))


def anchors() -> list[Anchor]:
    """The witness's note, as an auditor keeps it."""
    return [parse_anchor(note(), trust())]
