"""A reader of Avro that knows one spelling of each value, written apart from the writer it checks.

It is no second use of fastavro on purpose: a verifier that shared the writer's decoder would share its blind
spots (fastavro reads a 48-digit decimal rounded, a boolean of any byte, an array in any number of blocks), and
it would have to encode all again to compare. This one refuses what `schemas.codec` would never write, in the
time fastavro needs to decode alone.
"""

from collections.abc import Callable
from typing import Any

from ledger.avro_bytes import Malformed, read_bytes, read_long, take

Reader = Callable[[bytes, int], tuple[Any, int]]
Shape = Any

DEPTH_MAX = 16


def _string(data: bytes, at: int) -> tuple[str, int]:
    raw, at = read_bytes(data, at)
    try:
        return raw.decode("utf-8"), at
    except UnicodeDecodeError:
        raise Malformed(f"a string before byte {at} is not UTF-8") from None


def _decimal(data: bytes, at: int) -> tuple[int, int]:
    """Read decimal(38,18) as its unscaled int: two's complement, as short as it can be."""
    raw, at = read_bytes(data, at)
    value = int.from_bytes(raw, "big", signed=True)
    if len(raw) != (value if value >= 0 else ~value).bit_length() // 8 + 1 or abs(value) >= 10**38:
        raise Malformed(f"a decimal before byte {at} is not its one spelling, or beyond 38 digits")
    return value, at


def _int(data: bytes, at: int) -> tuple[int, int]:
    value, at = read_long(data, at)
    if not -(1 << 31) <= value < 1 << 31:
        raise Malformed(f"an int before byte {at} is beyond 32 bits")
    return value, at


def _chosen(branches: list[Reader]) -> Reader:
    """A union, or an enum: one whose branches take no bytes."""

    def read(data: bytes, at: int) -> tuple[Any, int]:
        index, at = read_long(data, at)
        if not 0 <= index < len(branches):
            raise Malformed(f"a choice before byte {at} has no branch {index}")
        return branches[index](data, at)

    return read


def _constant(value: Any) -> Reader:
    return lambda _, at: (value, at)


def _boolean(data: bytes, at: int) -> tuple[bool, int]:
    raw, at = take(data, at, 1)
    if raw > b"\x01":
        raise Malformed(f"a boolean before byte {at} is neither 0 nor 1")
    return raw == b"\x01", at


def _record(fields: list[tuple[str, Reader]]) -> Reader:
    def read(data: bytes, at: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        for name, field in fields:
            found[name], at = field(data, at)
        return found, at

    return read


def _array(item: Reader) -> Reader:
    def read(data: bytes, at: int) -> tuple[list[Any], int]:
        found = []
        count, at = read_long(data, at)
        # One block, as the writer writes it; no item is empty, so a count beyond the bytes is a lie.
        if not 0 <= count <= len(data) - at:
            raise Malformed(f"an array at byte {at} claims {count} items")
        for _ in range(count):
            value, at = item(data, at)
            found.append(value)
        end, at = read_long(data, at) if count else (0, at)
        if end != 0:
            raise Malformed(f"an array before byte {at} has a second block")
        return found, at

    return read


_PRIMITIVES: dict[str, Reader] = {
    "null": _constant(None),
    "boolean": _boolean,
    "int": _int,
    "long": read_long,
}
_PRIMITIVES |= {"bytes": read_bytes, "string": _string}


def reader_of(shape: Shape) -> Reader:
    """Compile a self-contained schema. Raises Malformed on one it does not know (floats, maps, …)."""
    return _compile(shape, {}, 0)


def fields_of(shape: Shape) -> list[tuple[str, Reader]]:
    """Compile a record's fields one by one, for a caller that needs the bytes of one. Raises Malformed."""
    named: dict[str, Reader] = {}
    return [(str(each["name"]), _compile(each["type"], named, 1)) for each in shape["fields"]]


def read_whole(reader: Reader, data: bytes) -> Any:
    """Read one value that is all of `data`. Raises Malformed on anything else."""
    value, at = reader(data, 0)
    if at != len(data):
        raise Malformed(f"{len(data) - at} bytes left over")
    return value


def _compile(shape: Shape, named: dict[str, Reader], depth: int) -> Reader:
    """A name is known only after its definition, so a schema that holds itself cannot be compiled."""
    match shape if depth <= DEPTH_MAX else None:
        case str(name) if name in _PRIMITIVES or name.rpartition(".")[2] in named:
            return _PRIMITIVES.get(name) or named[name.rpartition(".")[2]]
        case [*branches]:
            return _chosen([_compile(each, named, depth + 1) for each in branches])
        case {"type": "record", "fields": [*fields], "name": str(name)}:
            named[name] = _record([(str(f["name"]), _compile(f["type"], named, depth + 1)) for f in fields])
        case {"type": "enum", "symbols": [*symbols], "name": str(name)}:
            named[name] = _chosen([_constant(str(each)) for each in symbols])
        case {"type": "fixed", "size": int(size), "name": str(name)} if size >= 0:
            named[name] = lambda data, at: take(data, at, size)
        case {"type": "array", "items": items}:
            return _array(_compile(items, named, depth + 1))
        case {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 18}:
            return _decimal
        case {"type": str(primitive), **more} if (
            primitive in _PRIMITIVES and more.get("logicalType") != "decimal"
        ):
            return _PRIMITIVES[primitive]
        case _:
            raise Malformed(f"a schema has a type this reader does not know: {str(shape)[:80]}")
    return named[name]
