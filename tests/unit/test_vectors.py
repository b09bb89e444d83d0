"""The published vectors: what others computed is what we compute."""

import pytest

from tests.vectors.runner import load_adapters, run, shared

FILES = ("ledger.json", "dir.json", "seeds.json")


@pytest.mark.parametrize("name", FILES)
def test_no_vector_that_has_an_adapter_differs(name):
    place = shared()
    if place is None:
        pytest.skip("no vectors beside this checkout; INTERLOCK_VECTORS names their folder")
    load_adapters()
    results = list(run(place / name))
    assert [each.line() for each in results if each.word == "differs"] == []
    if name == "ledger.json":
        assert [each.line() for each in results if each.word != "ok"] == []
