"""An entry as people read it: every field by name, envelopes opened, bytes in hex, amounts as text."""

from typing import Any

from ledger.entry import Leaf
from ledger.kind_body import body_of
from ledger.shapes import Form, Malformed, Shapes
from ledger.verify_sign import open_envelope
from schemas.kind_table import EntryKind
from schemas.money import from_unscaled, plain


def plain_entry(entry: Leaf, shapes: Shapes) -> dict[str, Any]:
    """Return the entry's fields; a SCHEMA entry is learnt. Raises Malformed on what cannot be read."""
    form, body = body_of(entry, shapes)
    if entry.kind == EntryKind.SCHEMA:
        shapes.learn(body["name"], body["schema"])
    known = entry.kind in EntryKind.__members__.values()
    return {
        "seq": entry.seq,
        "kind": EntryKind(entry.kind).name if known else entry.kind,
        "ts": entry.ts,
        "body": _record(body, form, shapes),
    }


def _record(body: dict[str, Any], form: Form, shapes: Shapes) -> dict[str, Any]:
    reading = _Reading(shapes, _named(form.schema, {}))
    return reading.fields(body, form.schema)


class _Reading:
    """One message by its schema: only a schema tells an amount from a count."""

    def __init__(self, shapes: Shapes, named: dict[str, Any]) -> None:
        self._shapes, self._named = shapes, named

    def fields(self, value: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
        kinds = {field["name"]: field["type"] for field in record["fields"]}
        return {name: self._value(each, kinds[name]) for name, each in value.items()}

    def _value(self, value: Any, kind: Any) -> Any:
        match value:
            case dict():
                return self._opened(value) if "payload_type" in value else self._inner(value, kind)
            case list() | tuple():
                items = next(each["items"] for each in self._branches(kind) if each["type"] == "array")
                return [self._value(each, items) for each in value]
            case bytes():
                return value.hex()
            case int() if any(each.get("logicalType") == "unscaled" for each in self._branches(kind)):
                return plain(from_unscaled(value))
            case _:
                return value

    def _inner(self, value: dict[str, Any], kind: Any) -> dict[str, Any]:
        """A record of a union is the branch that has its fields."""
        records = [each for each in self._branches(kind) if each["type"] == "record"]
        names = set(value)
        return self.fields(
            value, next(each for each in records if {f["name"] for f in each["fields"]} == names)
        )

    def _branches(self, kind: Any) -> list[dict[str, Any]]:
        kinds = kind if isinstance(kind, list) else [kind]
        found = (self._named.get(each) if isinstance(each, str) else each for each in kinds)
        return [each for each in found if each is not None]

    def _opened(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """An envelope as its signers and what they signed; what nobody can read stays hex."""
        told: dict[str, Any] = {"by": [each["keyid"].hex() for each in envelope["signatures"]]}
        try:
            name, message = open_envelope(envelope, self._shapes)
        except Malformed:
            return {"sealed": envelope["payload_type"], **told, "payload": envelope["payload"].hex()}
        form = self._shapes.get(envelope["payload"][:32])
        assert form is not None  # open_envelope has just read by it
        return {"sealed": name, **told, "message": _record(message, form, self._shapes)}


def _named(schema: Any, known: dict[str, Any]) -> dict[str, Any]:
    """Every named type of a schema; a second use of one is its bare name."""
    for each in schema if isinstance(schema, list) else [schema]:
        if not isinstance(each, dict):
            continue
        if "name" in each:
            known[each["name"]] = each
        for inner in (each.get("items"), *(field["type"] for field in each.get("fields", ()))):
            _named(inner, known)
    return known
