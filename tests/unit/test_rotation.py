"""Keys give their places to others: the kernel goes on, verification holds, the revoked count no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from interlock.rotation import exchange
from interlock.tamper.run import found_in
from kernel.consumer import Kernel
from kernel.replay import replay
from ledger.findings import Code, Outcome
from ledger.keys import KeyDocument
from ledger.verify import Level
from ledger.witness import Refusal, Witness
from ledger.witness_depth import Depth
from schemas import models as m
from schemas.kinds import EntryKind, Role
from schemas.reasons import Reason
from tests.build import BTC, World, identity, signer
from tests.tamper_world import trust, values
from transport.card import key_path, seed, write_seed


def enrol(world: World, name: str, role: Role, *bound: str, revoked: bool = False) -> None:
    """A KEY document as the registry signs it, folded."""
    public = signer(name)
    body = KeyDocument(public=public.public, role=role, bound=bound, revoked=revoked).body()
    version = "2" if revoked else "1"
    world.put("registry", world.document(m.DocumentKind.KEY, public.keyid.hex(), version, body))
    world.run()


def restarted(world: World, log: str, intent: str) -> None:
    """The kernel's process again, with the keys that now lie there."""
    world.restart()
    queue = world.queue
    world.kernel = Kernel(identity=identity(), log_signer=signer(log), intent_signer=signer(intent))
    world.kernel.restore(world.topics)
    world.queue = queue


def covered(world: World) -> list[bytes]:
    """The ledger up to a CHECKPOINT."""
    for _ in range(2):
        world.tick(2)
        world.quote(BTC, "4000", "4001")
        world.run()
    world.tick(61)
    world.run()
    return world.ledger


def test_both_keys_of_the_kernel_are_exchanged_and_the_old_ones_revoked_without_a_gap():
    world = World()
    world.bought("0.1")
    enrol(world, "kernel-log-b", Role.KERNEL_LOG)
    enrol(world, "kernel-intent-b", Role.KERNEL_INTENT)
    restarted(world, "kernel-log-b", "kernel-intent-b")
    enrol(world, "kernel-log", Role.KERNEL_LOG, revoked=True)
    enrol(world, "kernel-intent", Role.KERNEL_INTENT, revoked=True)
    world.bought("0.1")
    found = covered(world)
    assert found_in(found, Level.EVIDENCE, (), trust())[1] == {Code.UNANCHORED}
    assert replay(found).identical
    witness = Witness()
    for value in found:
        seen = witness.see(value)
        assert not isinstance(seen, Refusal)
        witness, _ = seen


def test_a_kernel_that_missed_its_rotation_signs_nothing_more_instead_of_signing_wrongly():
    world = World()
    enrol(world, "kernel-log-b", Role.KERNEL_LOG)
    enrol(world, "kernel-log", Role.KERNEL_LOG, revoked=True)
    found = covered(world)
    _, codes = found_in(found, Level.SIGN, (), trust())
    assert codes == {Code.UNANCHORED, Code.TAIL_UNSIGNED}


@pytest.mark.parametrize("revoked", [False, True])
def test_an_agent_and_the_selector_sign_by_their_new_keys_and_the_old_ones_only_until_revoked(revoked):
    world = World()
    enrol(world, "sovereign-b", Role.AGENT, "sovereign")
    enrol(world, "selector-b", Role.SELECTOR)
    for name, role, bound in (("sovereign", Role.AGENT, ("sovereign",)), ("selector", Role.SELECTOR, ())):
        if revoked:
            enrol(world, name, role, *bound, revoked=True)
    flow = world.flow()
    world.propose(flow, world.intent(flow), by="sovereign-b")
    world.run()
    reasons = [Reason(each.reason) for each in world.entries(EntryKind.REFUSAL)]
    assert bool(reasons) is revoked, "the selector's old key opened the flow"
    found = covered(world)
    assert found_in(found, Level.EVIDENCE, (), trust())[0] is Outcome.INCOMPLETE
    assert not found_in(found, Level.SIGN, (), trust())[1] & {Code.KEY_NOT_VALID, Code.SIGNATURE_BAD}


# -- the files -------------------------------------------------------------------------------------------


def test_the_new_seed_takes_the_place_and_every_old_one_is_kept(tmp_path: Path):
    write_seed(tmp_path, "l", "kernel-log", b"a" * 32)
    for new in (b"b", b"c"):
        write_seed(tmp_path, "l", "kernel-log.next", new * 32)
        exchange(tmp_path, "l", "kernel-log")
    names = ("kernel-log", "kernel-log.1", "kernel-log.2")
    assert [seed(tmp_path, "l", each)[:1] for each in names] == [b"c", b"a", b"b"]
    assert not key_path(tmp_path, "l", "kernel-log.next").exists()


# -- what a witness looks at -----------------------------------------------------------------------------


def test_a_witness_finds_nothing_in_an_honest_ledger():
    depth = Depth(trust())
    assert [each for each in map(depth.wrong, values()) if each is not None] == []


@pytest.mark.parametrize("name", ["a key of another role", "one agent signs as another", "a revoked key",
                                  "an agent that enrols itself", "an intent of another ledger"])  # fmt: skip
def test_a_witness_refuses_what_the_kernels_own_key_has_covered_though_nobody_might_sign_it(name):
    from interlock.tamper.forge import Copy
    from interlock.tamper.run import ATTACKS

    (attack,) = [each for each in ATTACKS if each.name == name]
    depth = Depth(trust())
    forged = attack.done(Copy.of(values(), signer))
    assert [each for each in map(depth.wrong, forged) if each is not None]
