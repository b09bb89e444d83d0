"""Every flipped byte of a ledger with all kinds in it is reported, by the chain alone: no crash, no hang.

Short: every byte of one entry of each kind, and 2,000 random flips. SWEEP=all: every byte of the ledger.
"""

import copy
import os
import random

import pytest

from interlock.tamper.run import found_in
from ledger.entry import decode_entry
from ledger.findings import Findings, Outcome
from ledger.verify import Common, Level, Partition
from schemas.kinds import EntryKind
from tests.all_kinds import values
from tests.tamper_world import trust

ALL = os.environ.get("SWEEP") == "all"
FLIPS = 2_000
SEED = 20261121
FOUND = (Outcome.TAMPERED, Outcome.UNREADABLE)
KINDS = [EntryKind(decode_entry(value).kind) for value in values()]


def smallest(kind):
    """The place of the shortest entry of a kind."""
    return min((at for at, each in enumerate(KINDS) if each is kind), key=lambda at: len(values()[at]))


def mine(value):
    """A copy of what a verification changes in place; what it only exchanges may be shared."""
    return copy.copy(value) if isinstance(value, dict | set | list) else value


class Sweep:
    """A verification that stands right before one entry, and goes on from there as often as it is asked."""

    def __init__(self, place):
        self.findings = Findings()
        common = Common(level=Level.EVIDENCE, findings=self.findings, anchors=(), trust=trust())
        self.read = Partition(source="x", common=common)
        self.read.read(values()[:place])
        self.value, self.rest = values()[place], values()[place + 1 : place + 2]
        bodies = self.read.bodies
        self.parts = [self.read, bodies, bodies.sign, bodies.evidence]
        self.kept = [{name: mine(getattr(part, name)) for name in part.__slots__} for part in self.parts]
        self.forms = dict(bodies.shapes._forms)

    def reported(self, at, bit):
        """Whether the entry with one bit flipped, and the true one after it, are found without an anchor."""
        flipped = bytearray(self.value)
        flipped[at] ^= 1 << bit
        return self.found(bytes(flipped))

    def found(self, changed):
        self._back()
        for value in (changed, *self.rest):
            self.read._entry(value)
        return self.findings.outcome() in FOUND

    def _back(self):
        for part, kept in zip(self.parts, self.kept, strict=True):
            for name, value in kept.items():
                object.__setattr__(part, name, mine(value))
        forms = self.read.bodies.shapes._forms
        forms.clear()
        forms.update(self.forms)
        self.findings.counts.clear()
        self.findings.kept.clear()


def test_the_ledger_swept_has_every_kind_and_is_whole():
    assert set(KINDS) == set(EntryKind)
    assert {code.name for code in found_in(values(), Level.EVIDENCE, (), trust())[1]} == {"UNANCHORED"}


def test_an_entry_that_nobody_touched_is_not_reported_so_a_report_means_something():
    for place, value in enumerate(values()):
        sweep = Sweep(place)
        assert [sweep.found(value), sweep.found(value)] == [False, False]


@pytest.mark.parametrize("kind", list(EntryKind), ids=lambda each: each.name)
def test_every_byte_of_one_entry_of_each_kind_is_reported(kind):
    sweep = Sweep(smallest(kind))
    # The entry after it holds its hash; what lies beyond says nothing more of this one.
    passed = [at for at in range(len(sweep.value)) if not sweep.reported(at, at % 8)]
    assert passed == []


def test_random_flips_anywhere_are_reported():
    drawn = random.Random(SEED)
    sweeps, passed = [Sweep(place) for place in range(len(values()))], []
    for _ in range(FLIPS):
        place = drawn.randrange(len(values()))
        at, bit = drawn.randrange(len(values()[place])), drawn.randrange(8)
        if not sweeps[place].reported(at, bit):
            passed.append((place, at, bit))
    assert passed == [], f"seed {SEED}"


@pytest.mark.skipif(not ALL, reason="SWEEP=all flips every byte of the ledger")
def test_every_byte_of_the_whole_ledger_is_reported():
    for place in range(len(values())):
        sweep = Sweep(place)
        passed = [at for at in range(len(sweep.value)) if not sweep.reported(at, at % 8)]
        assert passed == [], place
