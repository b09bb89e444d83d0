"""The tamper matrix: every attack of the design, each seen from its level on and by its own code."""

import pytest

from interlock.tamper.attacks import Attack
from interlock.tamper.forge import Copy
from interlock.tamper.ruled_attacks import RULED
from interlock.tamper.run import ATTACKS, demonstrate, found_in
from kernel.replay import replay
from ledger.findings import Outcome
from ledger.verify import Level
from tests.build import signer
from tests.tamper_world import anchors, trust, values

COPY = Copy.of(values(), signer)


def test_the_copy_is_whole_before_anybody_touches_it():
    assert found_in(values(), Level.EVIDENCE, anchors(), trust()) == (Outcome.INTACT, frozenset())
    assert replay(values()).identical
    assert COPY.values() == list(values())


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.name)
def test_every_attack_is_seen_at_every_level_that_must_see_it(attack: Attack, level: Level):
    forged = attack.done(COPY)
    assert forged != list(values())
    kept = anchors() if attack.anchored else ()
    outcome, codes = found_in(forged, level, kept, trust())
    if level < attack.level:
        assert not codes & attack.codes, "the level named is the first that sees it"
    else:
        assert codes & attack.codes
        assert outcome is not Outcome.INTACT


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.name)
def test_no_attack_passes_against_a_witnesss_note(attack: Attack):
    for level in Level:
        outcome, _ = found_in(attack.done(COPY), level, anchors(), trust())
        assert outcome is not Outcome.INTACT


def test_no_two_attacks_of_signers_are_told_by_the_same_code():
    codes = [attack.codes for attack in ATTACKS if attack.level >= Level.SIGN]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("name", sorted(RULED))
def test_what_no_signature_shows_is_found_by_judging_again(name: str):
    forged = RULED[name](COPY)
    _, codes = found_in(forged, Level.EVIDENCE, (), trust())
    assert {code.name for code in codes} <= {"UNANCHORED", "RECEIPT_ORPHAN", "KEY_MISMATCH"}
    assert not replay(forged).identical


def test_the_demonstration_catches_all_and_skips_nothing():
    told = list(demonstrate(values(), signer, anchors(), trust()))
    assert len(told) == len(ATTACKS) + len(RULED)
    assert [each.name for each in told if not each.caught or each.skipped] == []
