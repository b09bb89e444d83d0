"""The Confluent prefix: which schema a record on a topic was written with."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from schemas.codec import Unreadable, by_schema_hash, decode, encode, schema_hash
from schemas.reasons import QuarantineReason

Message = TypeVar("Message")
PREFIX = struct.Struct(">bI")  # magic 0, registry id


class Refused(Unreadable):
    """A record value that goes to quarantine: ``reason`` names why."""

    def __init__(self, reason: QuarantineReason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaIds:
    """Registry ids by schema hash, learned from signed SCHEMA documents, never over HTTP.

    ids: registry id -> SHA-256 of the canonical schema.
    """

    ids: Mapping[int, bytes]

    def pack(self, message: object) -> bytes:
        """Prefix and Avro body. Raises KeyError when the message's schema was never released."""
        wanted = schema_hash(type(message))
        for number, digest in self.ids.items():
            if digest == wanted:
                return PREFIX.pack(0, number) + encode(message)
        raise KeyError(f"no schema id was released for {type(message).__name__}: interlock schema push")

    def unpack(self, cls: type[Message], value: bytes | None) -> Message:
        """The message of class ``cls`` in a record value. Raises Refused with its reason."""
        found = self.unpack_any(value, (cls,))
        assert isinstance(found, cls)
        return found

    def unpack_any(self, value: bytes | None, classes: tuple[type[Any], ...]) -> Any:
        """A message of one of ``classes``. Raises Refused with its reason."""
        if value is None:
            raise Refused(QuarantineReason.NULL_VALUE, "a null value")
        if len(value) < PREFIX.size or value[0] != 0:
            raise Refused(QuarantineReason.NOT_FRAMED, f"{len(value)} bytes without a schema id in front")
        _, number = PREFIX.unpack_from(value)
        digest = self.ids.get(number)
        cls = None if digest is None else by_schema_hash().get(digest)
        if cls is None:
            raise Refused(QuarantineReason.UNKNOWN_SCHEMA, f"schema id {number} was never released here")
        if cls not in classes:
            names = " or ".join(sorted(wanted.__name__ for wanted in classes))
            raise Refused(QuarantineReason.WRONG_TYPE, f"a {cls.__name__} where {names} belongs")
        try:
            return decode(cls, value[PREFIX.size :])
        except Unreadable as error:
            raise Refused(QuarantineReason.UNREADABLE, str(error)) from None


def unframed(cls: type[Message], value: bytes | None) -> Message:
    """The message behind any schema id: for ``registry`` alone, whose own documents teach the ids.

    Its shape is fixed by law (an Envelope), so nothing is believed here that the signature does not cover.
    Raises Refused with its reason.
    """
    if value is None:
        raise Refused(QuarantineReason.NULL_VALUE, "a null value")
    if len(value) < PREFIX.size or value[0] != 0:
        raise Refused(QuarantineReason.NOT_FRAMED, f"{len(value)} bytes without a schema id in front")
    try:
        return decode(cls, value[PREFIX.size :])
    except Unreadable as error:
        raise Refused(QuarantineReason.UNREADABLE, str(error)) from None
