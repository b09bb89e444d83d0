"""A few mutants in every check: drawn by a seed, so that they are the same ones until the law changes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.mutate.breaks import broken
from tests.mutate.campaign import FILES
from tests.mutate.equivalent import listed
from tests.mutate.weave import ROOT, Woven, woven_file

SAMPLE = 25


def test_twenty_five_ways_to_break_the_law_are_noticed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutate", "--sample", str(SAMPLE), "--jobs", "2"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_a_listed_mutant_is_a_mutant() -> None:
    """So that the list of the equivalent ones cannot rot: a line that changed is looked at again."""
    woven = Woven()
    for file in FILES:
        woven_file(file, woven)
    keys = {each.key for each in woven.mutants}
    assert [key for key in listed() if key not in keys] == []


@pytest.mark.parametrize(
    ("code", "others"),
    [
        ("a < b", ["a <= b", "a >= b"]),
        ("a and b", ["a or b", "b", "a"]),
        ("not a", ["a"]),
        ("min(a, b)", ["max(a, b)"]),
        ("exact.plus(a, b)", ["exact.minus(a, b)"]),
        ("(a, b) != (c, d)", ["(a, b) == (c, d)", "(b,) != (d,)", "(a,) != (c,)"]),
        ("Decimal('0.25')", ["Decimal('0.26')", "Decimal('0.24')"]),
        ("mark.bid", ["mark.ask"]),
        ("Refusal(reason=r, facts=f)", ["Refusal(reason=r)"]),
        ("x.copy_abs()", ["x"]),
    ],
)
def test_an_expression_is_broken_in_these_ways(code: str, others: list[str]) -> None:
    import ast

    node = ast.parse(code, mode="eval").body
    assert [ast.unparse(each) for each in broken(node)] == others
