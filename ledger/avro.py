"""A reader of Avro that knows one spelling of each value, written apart from the writer it checks.

It is no second use of fastavro on purpose: a verifier that shared the writer's decoder would share its blind
spots (fastavro reads a 48-digit decimal rounded, a boolean of any byte, an array in any number of blocks).
Each branch refuses what `schemas.codec` would never write, so nothing has to be encoded again to be compared.
"""

from collections.abc import Callable
from typing import Any

from ledger.avro_bytes import Malformed, read_bytes, read_long, take

Reader = Callable[[bytes, int], tuple[Any, int]]
Shape = Any

DEPTH_MAX = 16
_INT = range(-(1 << 31), 1 << 31)


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
    bits = (value if value >= 0 else ~value).bit_length()
    if not raw or len(raw) != bits // 8 + 1 or abs(value) >= 10**38:
        raise Malformed(f"a decimal before byte {at} is not its one spelling, or beyond 38 digits")
    return value, at


def _boolean(data: bytes, at: int) -> tuple[bool, int]:
    raw, at = take(data, at, 1)
    if raw not in (b"\x00", b"\x01"):
        raise Malformed(f"a boolean before byte {at} is neither 0 nor 1")
    return raw == b"\x01", at


def _int(data: bytes, at: int) -> tuple[int, int]:
    value, at = read_long(data, at)
    if value not in _INT:
        raise Malformed(f"an int before byte {at} is beyond 32 bits")
    return value, at


def _null(data: bytes, at: int) -> tuple[None, int]:
    return None, at


_PRIMITIVES: dict[str, Reader] = {
    "null": _null,
    "boolean": _boolean,
    "int": _int,
    "long": read_long,
    "bytes": read_bytes,
    "string": _string,
}


def reader_of(shape: Shape) -> Reader:
    """Compile a self-contained schema. Raises Malformed on one it does not know (floats, maps, …)."""
    return _compile(shape, {}, 0)


def fields_of(shape: Shape) -> list[tuple[str, Reader]]:
    """Compile a record's fields one by one, for a caller that needs the bytes of one. Raises Malformed."""
    if not (isinstance(shape, dict) and shape.get("type") == "record"):
        raise Malformed("only a record has fields")
    named: dict[str, Reader] = {}
    return [(str(each["name"]), _compile(each["type"], named, 1)) for each in shape["fields"]]


def read_whole(reader: Reader, data: bytes) -> Any:
    """Read one value that is all of `data`. Raises Malformed on anything else."""
    value, at = reader(data, 0)
    if at != len(data):
        raise Malformed(f"{len(data) - at} bytes left over")
    return value


def _compile(shape: Shape, named: dict[str, Reader], depth: int) -> Reader:
    if depth > DEPTH_MAX:
        raise Malformed("a schema is nested too deep")
    if isinstance(shape, list):
        return _union([_compile(each, named, depth + 1) for each in shape])
    if isinstance(shape, str):
        # A name is only known after its definition, so a schema that holds itself cannot be compiled.
        known = _PRIMITIVES.get(shape) or named.get(shape.rpartition(".")[2])
        if known is None:
            raise Malformed(f"a schema names {shape!r}, which nothing defines before")
        return known
    if not isinstance(shape, dict):
        raise Malformed("a schema is a name, a list or a map")
    reader = _compound(shape, named, depth)
    if "name" in shape:
        named[shape["name"]] = reader
    return reader


def _compound(shape: dict[str, Any], named: dict[str, Reader], depth: int) -> Reader:
    match shape:
        case {"type": "record", "fields": [*fields]}:
            return _record([(str(each["name"]), _compile(each["type"], named, depth + 1)) for each in fields])
        case {"type": "array", "items": items}:
            return _array(_compile(items, named, depth + 1))
        case {"type": "enum", "symbols": [*symbols]}:
            return _enum([str(each) for each in symbols])
        case {"type": "fixed", "size": int(size)} if size >= 0:
            return lambda data, at: take(data, at, size)
        case {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 18}:
            return _decimal
        case {"type": str(name)} if name in _PRIMITIVES and shape.get("logicalType") != "decimal":
            return _PRIMITIVES[name]
        case _:
            raise Malformed(f"a schema has a type this reader does not know: {str(shape)[:80]}")


def _record(fields: list[tuple[str, Reader]]) -> Reader:
    def read(data: bytes, at: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}
        for name, field in fields:
            found[name], at = field(data, at)
        return found, at

    return read


def _array(item: Reader) -> Reader:
    def read(data: bytes, at: int) -> tuple[list[Any], int]:
        count, at = read_long(data, at)
        if count == 0:
            return [], at
        # One block, as the writer writes it; no item is empty, so a count beyond the bytes is a lie.
        if not 0 < count <= len(data) - at:
            raise Malformed(f"an array at byte {at} claims {count} items")
        found = []
        for _ in range(count):
            value, at = item(data, at)
            found.append(value)
        end, at = read_long(data, at)
        if end != 0:
            raise Malformed(f"an array before byte {at} has a second block")
        return found, at

    return read


def _enum(symbols: list[str]) -> Reader:
    def read(data: bytes, at: int) -> tuple[str, int]:
        index, at = read_long(data, at)
        if not 0 <= index < len(symbols):
            raise Malformed(f"an enum before byte {at} has no symbol {index}")
        return symbols[index], at

    return read


def _union(branches: list[Reader]) -> Reader:
    def read(data: bytes, at: int) -> tuple[Any, int]:
        index, at = read_long(data, at)
        if not 0 <= index < len(branches):
            raise Malformed(f"a union before byte {at} has no branch {index}")
        return branches[index](data, at)

    return read
