"""The kernel and the naive specification say the same of any history: every entry, order, view and flow."""

import ast
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests import spec
from tests.history import profiles
from tests.history.campaign import ROW, drawn, played

HISTORIES = max(int(os.environ.get("LAWS", "0")), 500)
ROWS = st.lists(st.binary(min_size=ROW, max_size=ROW), min_size=50, max_size=54)


@pytest.mark.timeout(1_200)  # a failing history is made short and plain before it is shown
@settings(max_examples=HISTORIES, deadline=None, suppress_health_check=list(HealthCheck),
          phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink))  # fmt: skip
@given(st.integers(0, profiles.COUNT - 1), ROWS)
def test_the_kernel_says_what_the_specification_says(profile, rows):
    played(profile, rows)


@pytest.mark.parametrize("seed", [40003093, 40004420, 40005223, 40014502, 40015754, 50016091])
def test_where_the_two_once_differed_they_agree(seed):
    """Persons by a frame's price, a second trigger, a halt that ends as a loss latches."""
    played(*drawn(seed))


def test_the_specification_shares_no_code_with_the_kernel():
    """It may import the standard library, the words of messages and reasons, and itself."""
    allowed = ("datetime", "zoneinfo", "fractions", "dataclasses", "types", "typing", "re", "math",
               "schemas.models", "schemas.reasons", "tests.spec")  # fmt: skip
    for path in Path(spec.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                whole = {"schemas": [f"schemas.{x.name}" for x in node.names],
                         "tests.spec": ["tests.spec"]}  # fmt: skip
                names = whole.get(node.module or "", [node.module or ""])
            for name in names:
                assert name in allowed or name.startswith("tests.spec."), f"{path.name} imports {name}"
