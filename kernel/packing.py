"""A segment as bytes: its keys and when each leaves stand plainly in front, the values behind them packed.

A start reads the front of every segment and the values of none.
"""

from __future__ import annotations

import json
import struct
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping
from sys import byteorder
from typing import Any

from kernel.state.flows import Flow
from kernel.state.memory import Prior
from kernel.state.plain import dumped, loaded

HEAD = struct.Struct(">IB")  # how many keys, and how long each is
LEVEL = 1  # of zlib: most of it is names of fields, and hashes that no level makes shorter


def packed(values: Mapping[bytes, Any], leaves: Callable[[bytes], int]) -> bytes:
    """The bytes of a segment; keys are of one length. leaves: the time (micros) at which a key may go."""
    width = len(next(iter(values)))
    times = array("q", map(leaves, values))
    if byteorder == "little":
        times.byteswap()
    body = json.dumps([dumped(value) for value in values.values()], separators=(",", ":")).encode()
    front = HEAD.pack(len(values), width) + b"".join(values) + times.tobytes()
    return front + zlib.compress(body, LEVEL)


def keys_of(data: bytes) -> list[bytes]:
    """The keys of a packed segment."""
    count, width = HEAD.unpack_from(data)
    end = HEAD.size + count * width
    return [data[at : at + width] for at in range(HEAD.size, end, width)]


def times_of(data: bytes) -> array[int]:
    """When each of them leaves, in the order of the keys."""
    count, width = HEAD.unpack_from(data)
    begin = HEAD.size + count * width
    times = array("q", data[begin : begin + count * 8])
    if byteorder == "little":
        times.byteswap()
    return times


def flows_of(data: bytes) -> dict[bytes, Flow]:
    """The flows of a packed segment."""
    return dict(_values(data, Flow))


def priors_of(data: bytes) -> dict[bytes, Prior]:
    """The prior answers of a packed segment."""
    return dict(_values(data, Prior))


def _values(data: bytes, hint: Any) -> Iterator[tuple[bytes, Any]]:
    count, width = HEAD.unpack_from(data)
    rows = json.loads(zlib.decompress(data[HEAD.size + count * (width + 8) :]))
    return zip(keys_of(data), (loaded(hint, row) for row in rows), strict=True)
