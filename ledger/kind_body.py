"""What stands in an entry or envelope, for those who show it: only what belongs there is read."""

from typing import Any

from ledger.entry import Leaf
from ledger.shapes import Form, Malformed, Shapes
from ledger.verify_bodies import body_name
from ledger.verify_sign import open_envelope


def body_of(entry: Leaf, shapes: Shapes) -> tuple[Form, dict[str, Any]]:
    """Return the form and the fields. Raises Malformed; of a kind not known here any shape will do."""
    form, name = shapes.get(entry.schema), body_name(entry.kind)
    if form is None:
        raise Malformed(f"entry {entry.seq}: a schema no entry has named")
    if name is not None and form.name != name:
        raise Malformed(f"entry {entry.seq}: a {form.name} where a {name} belongs")
    return form, form.read(entry.body)


def opened_as(envelope: dict[str, Any], shapes: Shapes, *names: str) -> tuple[str, dict[str, Any]]:
    """Return the message's name and fields. Raises Malformed when it is none of those that belong here."""
    name, message = open_envelope(envelope, shapes)
    if name not in names:
        raise Malformed(f"a {name} where {' or '.join(names)} belongs")
    return name, message
