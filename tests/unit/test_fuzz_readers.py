"""No file from outside crashes what reads it: each is read, or refused in its format's own words."""

from __future__ import annotations

import os
from random import Random

import pytest

from tests.fuzz.readers import case, formats, run, spoiled

CASES = int(os.environ.get("FUZZ_READERS", "2500"))


def test_what_is_sound_is_read_in_every_format() -> None:
    for name, found in formats().items():
        if name != "fork":  # the example holds two notes that contradict nobody: a refusal is its answer
            found.read(found.sound)


def test_every_spoiled_file_is_answered() -> None:
    counts, crashed = run(CASES, 1)
    assert crashed is None
    assert counts.total() == CASES
    answered = {each.partition(":")[0] for each in counts}
    assert answered == set(formats())


@pytest.mark.parametrize("name", ["receipt", "audit receipt", "trust", "fork"])
def test_refusals_come_from_behind_the_spelling_too(name: str) -> None:
    found = formats()[name]
    told = {str(spoiled(found, Random(each))) for each in range(50)}
    assert len(told) > 40
    assert {case(name, Random(each)).partition(": ")[2] for each in range(300)} >= {found.refuses[0].__name__}
