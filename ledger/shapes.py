"""How a body is read from the ledger alone: seven shapes are built in, the others follow SCHEMA entries.

A body is taken only if it encodes to itself again; decimals are read as the unscaled ints they are, because
fastavro reads one of 48 digits rounded and writes some longer than need be.
"""

import io
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import fastavro

from ledger.tag import sha256

_TEXTS = json.loads(Path(__file__).with_name("builtin_v1.json").read_text(encoding="utf-8"))
BUILT_IN = {name: text.encode() for name, text in _TEXTS.items()}
# What a ledger may spell its entries and signed messages in: SHA-256 of every released shape, by name.
_RELEASED = json.loads(Path(__file__).with_name("released_shapes.json").read_text(encoding="utf-8"))
SCHEMA_BYTES_MAX, SCHEMAS_MAX = 256 * 1024, 4_096
# All that fastavro is seen to raise on bytes or schemas that are none; anything else is a bug and crashes.
_BAD = fastavro.schema.SchemaParseException
FAULTS = (ValueError, TypeError, LookupError, EOFError, ArithmeticError, RecursionError, MemoryError, _BAD)


class Malformed(ValueError):
    """Bytes that are no Avro body of their schema, or not its one spelling."""


class Unreleased(Malformed):
    """A shape that this version knows of no release: a later one's, or somebody's who makes up the law."""


def _count(raw: bytes, *_: object) -> int:
    count = int.from_bytes(raw, "big", signed=True)
    if abs(count) >= 10**38:
        raise Malformed("a decimal beyond 38 digits")
    return count


def _shortest(count: int, *_: object) -> bytes:
    return count.to_bytes((count if count >= 0 else ~count).bit_length() // 8 + 1, "big", signed=True)


fastavro.read.LOGICAL_READERS["bytes-unscaled"] = _count
fastavro.write.LOGICAL_WRITERS["bytes-unscaled"] = _shortest


@dataclass(frozen=True, eq=False)
class Form:
    """A schema once compiled; `name` is the message's, without its namespace."""

    name: str
    schema: Any
    head: Any  # the record without its last field, which tells where that begins

    def read(self, body: bytes) -> dict[str, Any]:
        """Return the message's fields by name. Raises Malformed on another spelling."""
        again = io.BytesIO()
        try:
            found: dict[str, Any] = fastavro.schemaless_reader(io.BytesIO(body), self.schema, None)
            fastavro.schemaless_writer(again, self.schema, found)
        except FAULTS as error:
            raise Malformed(f"{type(error).__name__}: {error}") from None
        if again.getvalue() != body:
            raise Malformed(
                f"{len(body)} bytes of a {self.name} that is spelled in {again.tell()} other bytes"
            )
        return found

    def last_field(self, body: bytes) -> bytes:
        """Return the bytes of the last field of a body that `read` has accepted."""
        source = io.BytesIO(body)
        fastavro.schemaless_reader(source, self.head, None)
        return source.read()


@lru_cache(maxsize=SCHEMAS_MAX)
def form_of(schema: bytes) -> Form:
    """Compile the JSON of a record's schema. Raises Malformed on any other bytes."""
    try:
        shape = _bare(json.loads(schema) if len(schema) <= SCHEMA_BYTES_MAX else None)
        head = {**shape, "fields": shape["fields"][:-1]}
        parsed = [fastavro.parse_schema(each, named_schemas={}) for each in (shape, head)]
        return Form(str(shape["name"]), *parsed)
    except FAULTS as error:
        raise Malformed(f"a schema that cannot be read: {error}") from None


def _bare(shape: Any) -> Any:
    """Return a schema whose decimals are unscaled ints and whose times are the micros they are."""
    if isinstance(shape, list):
        return [_bare(each) for each in shape]
    if not isinstance(shape, dict):
        return shape
    amount = shape.get("logicalType") == "decimal"
    kept = {name: _bare(value) for name, value in shape.items() if name != "logicalType"}
    return {**kept, "logicalType": "unscaled"} if amount else kept


class Shapes:
    """The forms a ledger has named so far, by SHA-256 of their schema."""

    def __init__(self) -> None:
        self._forms = {sha256(schema): form_of(schema) for schema in BUILT_IN.values()}
        self._unknown = dict[bytes, Form]()

    def learn(self, name: str, schema: bytes) -> None:
        """Take a SCHEMA entry. Raises Malformed when it is not what it names, or there are too many."""
        form = form_of(schema)
        if form.name != name or len(self._forms) >= SCHEMAS_MAX:
            raise Malformed(f"a schema entry {name!r} that holds {form.name!r}")
        digest, released = sha256(schema), _RELEASED.get(name)
        (self._unknown if released and digest.hex() not in released else self._forms)[digest] = form

    def get(self, digest: bytes) -> Form | None:
        """Return the form with that schema hash, None if no entry has named it.

        Raises Unreleased for another shape under the name of an entry's or a signed message's.
        """
        if digest in self._unknown:
            raise Unreleased(f"a {self._unknown[digest].name} of no release that is known here")
        return self._forms.get(digest)
