"""The two maps of the state that are kept in segments, and the heaps that follow from them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import cast

from kernel.packing import flows_of, keys_of, packed, priors_of, times_of
from kernel.segments import Segmented
from kernel.state.flows import Flow
from kernel.state.memory import Prior
from kernel.state.whole import State

FLOWS, PRIORS = KINDS = ("flow", "prior")  # what the names of segments begin with
EXPIRY = struct.Struct(">q16s")


def segmented(state: State) -> State:
    """The state with both maps as segments; what they held is taken over."""
    flows, priors = Segmented(flows_of), Segmented(priors_of)
    flows.update(state.flows)
    priors.update(state.memory.priors)
    # They are maps in everything that the law does with them.
    state.flows = cast("dict[bytes, Flow]", flows)
    state.memory.priors = cast("dict[bytes, Prior]", priors)
    return state


def segments(state: State) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every segment that was looked into since the last call; b"" when nothing is left."""
    flows, priors = _maps(state)
    told = list(priors.changed())  # first: they ask the flows for their times
    for number, flow in flows.changed():
        yield f"{FLOWS}/{number:08d}", packed(flow, _leaving(state, flow)) if flow else b""
    for number, prior in told:
        yield f"{PRIORS}/{number:08d}", packed(prior, _triggered(flows, prior)) if prior else b""


def kept(state: State, texts: Mapping[str, bytes]) -> None:
    """Give a state its segments back, packed as they are, and what leaves when."""
    flows, priors = _maps(state)
    for name in sorted(texts):
        kind, _, number = name.partition("/")
        data = texts[name]
        keys = keys_of(data)
        (state.leaving if kind == FLOWS else state.memory.leaving).restored(times_of(data), keys)
        (flows if kind == FLOWS else priors).restored(int(number), keys, data)


def pack_expiries(heap: list[tuple[int, bytes]]) -> bytes:
    """The heap as it lies."""
    return b"".join(EXPIRY.pack(*each) for each in heap)


def expiries_of(data: bytes) -> list[tuple[int, bytes]]:
    """The inverse of `pack_expiries`."""
    return list(EXPIRY.iter_unpack(data))


def _maps(state: State) -> tuple[Segmented[Flow], Segmented[Prior]]:
    flows, priors = cast("object", state.flows), cast("object", state.memory.priors)
    assert isinstance(flows, Segmented), "`segmented` made them so"
    assert isinstance(priors, Segmented), "`segmented` made them so"
    return flows, priors


def _leaving(state: State, flows: Mapping[bytes, Flow]) -> Callable[[bytes], int]:
    """When each flow is looked at to be forgotten: at its trigger's time, or later if it outlived that."""
    horizon = state.memory.horizon
    old = {key for key, flow in flows.items() if flow.trigger_time <= horizon}
    late = {key: at for at, key in state.leaving if key in old} if old else {}
    return lambda key: late.get(key, flows[key].trigger_time)


def _triggered(flows: Segmented[Flow], priors: Mapping[bytes, Prior]) -> Callable[[bytes], int]:
    """When each answer leaves: with the trigger of its flow, which stays as long as the answer does."""
    return lambda key: flows.peek(priors[key].dfid).trigger_time
