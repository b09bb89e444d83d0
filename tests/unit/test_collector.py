"""What a start builds is never walked by the collector again; what comes after it is, as ever."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from transport.collector import building


@pytest.fixture(autouse=True)
def _enabled() -> Iterator[None]:
    yield
    gc.enable()


def test_what_is_built_is_kept_out_and_what_follows_is_not() -> None:
    with building():
        assert not gc.isenabled()
        built = [[number] for number in range(10_000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= len(built)
    assert not any(each is built for each in gc.get_objects())
    after: list[object] = []
    assert any(each is after for each in gc.get_objects())


def test_a_start_that_fails_leaves_the_collector_at_work() -> None:
    with pytest.raises(RuntimeError), building():
        raise RuntimeError
    assert gc.isenabled()


def test_who_had_turned_it_off_finds_it_off() -> None:
    gc.disable()
    with building():
        pass
    assert not gc.isenabled()
