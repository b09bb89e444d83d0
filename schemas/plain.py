"""Messages as plain JSON values, both ways: what people write and read."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, TypeVar

from schemas import avsc, models
from schemas.codec import encode
from schemas.money import NotExact, plain, unscaled

Message = TypeVar("Message")


class NotPlain(ValueError):
    """A JSON value that is no such message: ``where`` it went wrong and why."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where, self.why = where, why


def to_plain(value: Any) -> Any:
    """JSON values of a message: decimals as shortest text, bytes as hex, records of a union by name."""
    if isinstance(value, StrEnum):
        return value.value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    fields = avsc.written()[f"{avsc.NAMESPACE}.{type(value).__name__}"]["fields"]
    return {field["name"]: _field(field["type"], getattr(value, field["name"])) for field in fields}


def _field(schema: Any, value: Any) -> Any:
    if isinstance(schema, list) and sum(1 for branch in schema if branch != "null") > 1:
        return {type(value).__name__: to_plain(value)}
    return to_plain(value)


def from_plain(cls: type[Message], value: object) -> Message:
    """The message that JSON values spell (floats read as Decimal: ``json.loads(…, parse_float=Decimal)``).

    Raises NotPlain naming the field.
    """
    message = _record(f"{avsc.NAMESPACE}.{cls.__name__}", value, cls.__name__)
    assert isinstance(message, cls)
    try:
        encode(message)
    except (ValueError, TypeError, OverflowError) as error:
        raise NotPlain(cls.__name__, str(error)) from None
    return message


def _record(name: str, value: object, where: str) -> Any:
    schema = avsc.written()[name]
    if not isinstance(value, Mapping):
        raise NotPlain(where, f"a {schema['name']} is a JSON object, not {type(value).__name__}")
    known = {field["name"]: field for field in schema["fields"]}
    for extra in value.keys() - known.keys():
        raise NotPlain(f"{where}.{extra}", f"no such field; there are {', '.join(known)}")
    found: dict[str, Any] = {}
    for field_name, field in known.items():
        if field_name in value:
            found[field_name] = _value(field["type"], value[field_name], f"{where}.{field_name}")
        elif "default" not in field:
            raise NotPlain(f"{where}.{field_name}", "is missing")
    cls: type[Any] = getattr(models, schema["name"])
    return cls(**found)


def _value(schema: Any, value: Any, where: str) -> Any:
    match schema:
        case list():
            return _union(schema, value, where)
        case {"type": "array"}:
            if not isinstance(value, list | tuple):
                raise NotPlain(where, "is a JSON list")
            return tuple(_value(schema["items"], item, f"{where}[{n}]") for n, item in enumerate(value))
        case {"logicalType": "decimal"}:
            return _decimal(value, where)
        case {"type": inner}:
            return _value(inner, value, where)
        case "string" if isinstance(value, str):
            return value
        case "int" | "long" if isinstance(value, int) and not isinstance(value, bool):
            return value
        case "boolean" if isinstance(value, bool):
            return value
        case "bytes":
            return _hex(value, None, where)
        case str() if schema.startswith(avsc.NAMESPACE):
            return _named(schema, value, where)
        case _:
            raise NotPlain(where, f"{value!r} is no {schema}")


def _named(name: str, value: Any, where: str) -> Any:
    schema = avsc.written()[name]
    match schema["type"]:
        case "record":
            return _record(name, value, where)
        case "fixed":
            return _hex(value, schema["size"], where)
        case _:
            if value not in schema["symbols"]:
                raise NotPlain(where, f"{value!r} is none of {', '.join(schema['symbols'])}")
            enum: type[StrEnum] = getattr(models, schema["name"])
            return enum(value)


def _union(branches: list[Any], value: Any, where: str) -> Any:
    others = [branch for branch in branches if branch != "null"]
    if value is None and "null" in branches:
        return None
    if len(others) == 1:
        return _value(others[0], value, where)
    names = {branch.removeprefix(avsc.NAMESPACE + "."): branch for branch in others}
    if not isinstance(value, Mapping) or len(value) != 1 or next(iter(value)) not in names:
        raise NotPlain(where, f"is one of {', '.join(f'{{{name!r}: {{…}}}}' for name in names)}")
    ((name, inner),) = value.items()
    return _record(names[name], inner, f"{where}.{name}")


def _decimal(value: Any, where: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise NotPlain(where, f'{value!r} is no exact decimal: write it as text, "4200.50"')
    try:
        found = Decimal(value)
        unscaled(found)
    except (InvalidOperation, NotExact):
        raise NotPlain(where, f"{value!r} is no decimal(38,18)") from None
    return found


def _hex(value: Any, size: int | None, where: str) -> bytes:
    try:
        found = bytes.fromhex(value)
    except (TypeError, ValueError):
        raise NotPlain(where, f"{value!r} is no hex text") from None
    if size is not None and len(found) != size:
        raise NotPlain(where, f"{len(found)} bytes where {size} belong")
    return found
