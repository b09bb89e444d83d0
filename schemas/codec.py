"""Strict Avro: a message has one spelling, and only that spelling is read."""

from __future__ import annotations

import functools
import io
import operator
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar, cast

import fastavro

from schemas import avsc, models, money

Message = TypeVar("Message")
Convert = Callable[[Any], Any]


class Unreadable(ValueError):
    """Bytes that are no message of the class asked for; ``str`` says why, for people."""


@dataclass(frozen=True, slots=True)
class Codec:
    """Everything compiled once for one message class."""

    cls: type[Any]
    name: str
    schema: Any  # fastavro's parsed schema, decimals left as raw bytes
    to_wire: Convert
    from_wire: Convert


def encode(message: object) -> bytes:
    """The Avro body of a message. Raises NotExact on an amount decimal(38,18) cannot hold."""
    codec = codec_of(type(message))
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, codec.schema, codec.to_wire(message))
    return buffer.getvalue()


def decode(cls: type[Message], data: bytes) -> Message:
    """The message that ``data`` spells. Raises Unreadable on any other bytes.

    Only bytes that re-encode to themselves, with nothing left over, are read: a message with two
    spellings would have two hashes.
    """
    codec, again = codec_of(cls), io.BytesIO()
    try:
        # A record where there could be no other comes without its name: the writer checks only what it must
        # find the branch of, and an int beyond 32 bits would pass.
        wire = fastavro.schemaless_reader(
            io.BytesIO(data), codec.schema, None, return_record_name=True, return_record_name_override=True
        )
        # What was read, as it was read: a decimal's bytes are not touched here, and have one spelling too.
        fastavro.schemaless_writer(again, codec.schema, wire)
        if again.getvalue() == data:
            return cast(Message, codec.from_wire(wire))
    except Exception as error:  # any exception inside decoding is a finding about the bytes, not a crash
        raise Unreadable(f"{codec.name}: {type(error).__name__}: {error}"[:300]) from None
    raise Unreadable(f"{codec.name}: {len(data)} bytes that re-encode to {again.tell()} other bytes")


def schema_hash(cls: type[Any]) -> bytes:
    """SHA-256 of the canonical self-contained schema of a message class."""
    return avsc.digest(codec_of(cls).name)


def schema_json(cls: type[Any]) -> bytes:
    """The canonical self-contained schema of a message class."""
    return avsc.canonical(codec_of(cls).name)


@functools.cache
def by_schema_hash() -> dict[bytes, type[Any]]:
    """Message class by schema hash, for every record the house knows."""
    classes: list[type[Any]] = [getattr(models, name) for name in models.__all__]
    return {schema_hash(cls): cls for cls in classes if not issubclass(cls, StrEnum)}


def codec_of(cls: type[Any]) -> Codec:
    """The compiled codec of a model class. Raises KeyError on a class no schema stands behind."""
    return _compiled(cls.__name__)


@functools.cache
def _compiled(bare: str) -> Codec:
    name = f"{avsc.NAMESPACE}.{bare}"
    schema = fastavro.parse_schema(_raw(avsc.full(name)), named_schemas={})
    to_wire, from_wire = _record(name)
    return Codec(cls=getattr(models, bare), name=name, schema=schema, to_wire=to_wire, from_wire=from_wire)


def _raw(schema: Any) -> Any:
    """The schema without logical types: decimals are read as the integers they are."""
    if isinstance(schema, list):
        return [_raw(branch) for branch in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: value for key, value in schema.items() if key not in ("logicalType", "precision", "scale")}
    if kept["type"] == "array":
        kept["items"] = _raw(kept["items"])
    elif kept["type"] == "record":
        kept["fields"] = [{**field, "type": _raw(field["type"])} for field in kept["fields"]]
    elif kept["type"] in ("bytes", "long") and len(kept) == 1:
        return kept["type"]
    return kept


def _same(value: Any) -> Any:
    return value


@functools.cache
def _record(name: str) -> tuple[Convert, Convert]:
    cls: type[Any] = getattr(models, name.removeprefix(avsc.NAMESPACE + "."))
    plans = [(field["name"], *_plan(field["type"])) for field in avsc.written()[name]["fields"]]
    names = [field for field, _, _ in plans]
    attributes = operator.attrgetter(*names, "__class__")  # never one name alone, which would give no tuple
    written = [(field, convert) for field, convert, _ in plans if convert is not _same]
    read = [(field, convert) for field, _, convert in plans if convert is not _same]

    def to_wire(message: Any) -> dict[str, Any]:
        wire = dict(zip(names, attributes(message), strict=False))
        for field, convert in written:
            wire[field] = convert(wire[field])
        return wire

    def from_wire(wire: dict[str, Any]) -> Any:
        for field, convert in read:
            wire[field] = convert(wire[field])
        return cls(**wire)

    return to_wire, from_wire


def _plan(schema: Any) -> tuple[Convert, Convert]:
    if isinstance(schema, list):
        return _union(schema)
    if isinstance(schema, dict):
        if schema["type"] == "array":
            to_item, from_item = _plan(schema["items"])
            return (lambda items: [to_item(item) for item in items]), (
                lambda items: tuple(map(from_item, items))
            )
        return (
            (money.to_bytes, money.from_bytes) if schema.get("logicalType") == "decimal" else (_same, _same)
        )
    if not str(schema).startswith(avsc.NAMESPACE + "."):
        return _same, _same
    target = avsc.written()[schema]
    if target["type"] == "record":
        return _record(schema)
    if target["type"] == "enum":
        enum: type[StrEnum] = getattr(models, target["name"])
        return (lambda member: enum(member).value), enum
    return _same, _same


def _union(branches: list[Any]) -> tuple[Convert, Convert]:
    others = [branch for branch in branches if branch != "null"]
    if len(others) == 1:
        to_one, from_one = _plan(others[0])
        return (lambda v: None if v is None else to_one(v)), (
            lambda v: None if v is None else from_one(_bare(v))
        )
    plans = {name.removeprefix(avsc.NAMESPACE + "."): (name, *_plan(name)) for name in others}

    def to_wire(value: Any) -> tuple[str, Any]:
        name, convert, _ = plans[type(value).__name__]
        return name, convert(value)

    def from_wire(value: tuple[str, Any]) -> Any:
        return plans[value[0].removeprefix(avsc.NAMESPACE + ".")][2](value[1])

    return to_wire, from_wire


def _bare(value: Any) -> Any:
    """fastavro names the record of a union even where there is only one."""
    return value[1] if isinstance(value, tuple) else value
