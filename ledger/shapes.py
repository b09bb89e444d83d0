"""How a body is read from the ledger alone: six shapes are built in, the others follow SCHEMA entries."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ledger.avro import Reader, Shape, fields_of, read_whole, reader_of
from ledger.avro_bytes import Malformed
from ledger.hashes import sha256
from schemas.canonical import jcs

BUILT_IN = Path(__file__).with_name("builtin_v1.json")
SCHEMA_BYTES_MAX = 256 * 1024
SCHEMAS_MAX = 4_096


@dataclass(frozen=True)
class Form:
    """A schema once compiled; `name` is the message's, without its namespace."""

    name: str
    shape: Shape
    reader: Reader

    @cached_property
    def fields(self) -> list[tuple[str, Reader]]:
        """The record's fields, compiled one by one."""
        return fields_of(self.shape)

    def read(self, body: bytes) -> dict[str, Any]:
        """Return the message's fields by name. Raises Malformed on another spelling."""
        found: dict[str, Any] = read_whole(self.reader, body)
        return found

    def slice(self, body: bytes, field: str) -> bytes:
        """Return the bytes of one field of a body that `read` has accepted."""
        at = 0
        for name, reader in self.fields:
            start = at
            _, at = reader(body, at)
            if name == field:
                return body[start:at]
        raise Malformed(f"{self.name} has no field {field}")


def form_of(schema: bytes) -> Form:
    """Compile the RFC 8785 bytes of a record's schema. Raises Malformed on any other bytes."""
    if len(schema) > SCHEMA_BYTES_MAX:
        raise Malformed(f"a schema of {len(schema)} bytes; {SCHEMA_BYTES_MAX} is the most")
    try:
        shape = json.loads(schema)
        same = jcs(shape) == schema
        if not same or shape["type"] != "record":
            raise Malformed("a schema that is not the RFC 8785 form of a record")
        return Form(name=str(shape["name"]), shape=shape, reader=reader_of(shape))
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise Malformed(f"a schema that cannot be read: {error}") from None


class Shapes:
    """The forms a ledger has named so far, by SHA-256 of their schema."""

    def __init__(self) -> None:
        built_in = json.loads(BUILT_IN.read_text(encoding="utf-8"))
        self._forms = {sha256(jcs(shape)): form_of(jcs(shape)) for shape in built_in.values()}

    def learn(self, name: str, schema: bytes) -> None:
        """Take a SCHEMA entry. Raises Malformed when it is not what it names, or there are too many."""
        form = form_of(schema)
        if form.name != name or len(self._forms) >= SCHEMAS_MAX:
            raise Malformed(f"a schema entry {name!r} that holds {form.name!r}")
        self._forms[sha256(schema)] = form

    def get(self, digest: bytes) -> Form | None:
        """Return the form with that schema hash, None if no entry has named it."""
        return self._forms.get(digest)
