"""A ledger by the real kernel: a long random history, then everything that ends one, closed and cosigned."""

import random
from collections import Counter

from interlock.account_story import told
from interlock.tamper.run import found_in
from kernel.replay import replay
from ledger.cosign import cosign, log_signature
from ledger.entry import decode_entry
from ledger.envelope import opened
from ledger.findings import Code, Outcome
from ledger.keys import KeyDocument
from ledger.note import Checkpoint, Note
from ledger.trust import parse_anchor
from ledger.verify import Level
from schemas import models as m
from schemas.codec import decode
from schemas.kinds import EntryKind, Role
from schemas.reasons import Reason
from tests.build import BTC, LEDGER, signer
from tests.history.campaign import ROW
from tests.history.player import Player
from tests.tamper_world import OPERATOR, WITNESS, trust

STEPS = 420  # so that the packed file stays below the bound


def made(seed):
    """The entries, up to CLOSE and its CHECKPOINT."""
    dice = random.Random(seed)
    player = Player(dice.randrange(1_000))
    for _ in range(STEPS):
        player.play(dice.randbytes(ROW))
    player.settle()
    world = player.world
    world.queue = []
    _answered(world)
    _turned(world)
    _erased(world)
    world.control(m.Verb.CLOSE_LEDGER, reason="size")
    world.run()
    return world.ledger


def _answered(world):
    """Every order gets its final receipt: an honest ledger does not end in the middle of one."""
    for each in told(world.ledger).orders.values():
        world.receipt(each.order, m.ReceiptStatus.NOT_SENT)
    world.run()
    world.tick(5)
    world.quote(BTC, "4000", "4001")
    world.run()


def _turned(world):
    """Another kernel takes over, and a key of an agent gives its place to a new one."""
    world.restart()
    world.run()
    new = signer("risk-b")
    for public, version, gone in ((new, "1", False), (signer("risk"), "2", True)):
        body = KeyDocument(public=public.public, role=Role.AGENT, bound=("risk",), revoked=gone).body()
        world.put("registry", world.document(m.DocumentKind.KEY, public.keyid.hex(), version, body))
        world.run()


def _erased(world):
    """What was said about one flow goes."""
    for value in reversed(world.ledger):
        leaf = decode_entry(value)
        if leaf.kind == EntryKind.DECISION:
            body = decode(m.DecisionEntry, leaf.body)
            if body.body.payload_type.endswith(".intent.v1"):
                said = opened(body.body, m.Intent)
                key = f"{said.dfid.hex()}:{said.step_id}:{said.attempt}:{said.agent_id}"
                world.control(m.Verb.ERASE, target=said.explain_commitment, text_key=key, reason="request")
                break
    world.run()


def cosigned(values):
    """The last CHECKPOINT as the witness signs it."""
    body = decode(m.CheckpointEntry, decode_entry(values[-1]).body)
    point = Checkpoint(origin=f"{OPERATOR}/{LEDGER.hex()}/0", size=body.size, root=body.root)
    own = log_signature(point, signer("kernel-log").public, body.signature)
    return cosign(Note(text=point.text(), signatures=(own,)), WITNESS, signer("witness"), 1).render()


def holds(values):
    """Whether a ledger is intact to the last level and judged again as it stands: what is kept must be."""
    anchors = [parse_anchor(cosigned(values), trust())]
    outcome, codes = found_in(values, Level.EVIDENCE, anchors, trust())
    return outcome is Outcome.INTACT and codes <= {Code.ERASED} and replay(values).identical


def reached(values):
    """How often each kind and each reason stands in it."""
    found = Counter()
    for value in values:
        leaf = decode_entry(value)
        found[EntryKind(leaf.kind).name] += 1
        if leaf.kind == EntryKind.DECISION:
            found[f"reason {Reason(decode(m.DecisionEntry, leaf.body).reason).name}"] += 1
    return found
