"""A map in segments is a map: whatever is done to it, and wherever it is written down and read back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel import segments
from kernel.packing import keys_of, packed, priors_of, times_of
from kernel.segments import Segmented
from kernel.state.memory import Prior
from schemas.models import Verdict
from tests.campaign import FEW

ACTS = st.lists(
    st.tuples(st.sampled_from(("put", "put", "put", "drop", "look", "change", "write", "restart")),
              st.integers(0, 40)),
    max_size=60,
)  # fmt: skip


def key_of(number: int) -> bytes:
    return number.to_bytes(32, "big")


def prior_of(number: int) -> Prior:
    return Prior(dfid=bytes(16), verdict=Verdict.ACCEPTED, reason=0, key=None, seq=number)


class Kept:
    """A map in segments, what was written of it, and the plain map it must equal."""

    def __init__(self) -> None:
        self.map: Segmented[Prior] = Segmented(priors_of)
        self.plain: dict[bytes, Prior] = {}
        self.written: dict[int, bytes] = {}

    def act(self, what: str, number: int) -> None:
        key = key_of(number)
        match what:
            case "put":
                self.map[key] = self.plain[key] = prior_of(number)
            case "drop":
                assert self.map.pop(key, None) == self.plain.pop(key, None)
            case "look":
                assert self.map.get(key) == self.plain.get(key)
            case "change" if key in self.plain:
                self.map[key].seq += 1  # in place, as a fold changes a flow
                assert self.map[key] == self.plain[key], "the same object, or an equal one"
            case "write":
                self.write()
            case "restart":
                self.restart()
            case _:
                assert (key in self.map) == (key in self.plain)

    def write(self) -> None:
        for number, values in self.map.changed():
            if values:
                self.written[number] = packed(values, lambda key: int.from_bytes(key, "big"))
            else:
                self.written.pop(number, None)

    def restart(self) -> None:
        """Only what was written comes back, so it is written first."""
        self.write()
        self.map = Segmented(priors_of)
        for number in sorted(self.written):
            self.map.restored(number, keys_of(self.written[number]), self.written[number])
        self.plain = {key: Prior(**{name: getattr(each, name) for name in Prior.__slots__})
                      for key, each in self.plain.items()}  # fmt: skip


@FEW
@given(ACTS)
def test_a_segmented_map_is_a_map_across_any_writes_and_restarts(acts: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "SEGMENT_KEYS", 3)
        kept = Kept()
        for what, number in acts:
            if what == "change" and kept.plain.get(key_of(number)) is not None:
                mine = kept.plain[key_of(number)]
                if kept.map[key_of(number)] is not mine:
                    mine.seq += 1
            kept.act(what, number)
        kept.restart()
        assert dict(kept.map) == kept.plain
        assert len(kept.map) == len(kept.plain)


def test_only_segments_that_were_looked_into_are_written_again() -> None:
    kept = Kept()
    for number in range(5 * segments.SEGMENT_KEYS):
        kept.map[key_of(number)] = prior_of(number)
    kept.write()
    assert [number for number, _ in kept.map.changed()] == []
    assert kept.map[key_of(segments.SEGMENT_KEYS + 1)].seq == segments.SEGMENT_KEYS + 1
    assert kept.map.peek(key_of(1)).seq == 1
    assert [number for number, _ in kept.map.changed()] == [1]


def test_keys_and_times_stand_in_front_of_what_is_packed() -> None:
    values = {key_of(number): prior_of(number) for number in range(3)}
    data = packed(values, lambda key: -int.from_bytes(key, "big"))
    assert keys_of(data) == list(values)
    assert list(times_of(data)) == [0, -1, -2]
    assert priors_of(data) == values
