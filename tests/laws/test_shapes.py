"""What the verifier reads by schemas alone against the codec it checks: the same bytes, the same words."""

import contextlib
import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import released
from ledger.entry import Leaf, decode_entry
from ledger.entry_writer import encode_entry
from ledger.shapes import BUILT_IN, Malformed, Shapes, Unreleased, form_of
from ledger.tag import sha256
from schemas import avsc, models
from schemas.canonical import jcs
from schemas.codec import Unreadable, decode, encode, schema_hash
from schemas.kinds import EntryKind
from schemas.money import unscaled
from tests import golden
from tests.ledger_sample import flow, intent

LEAF = st.builds(
    Leaf,
    prev=st.binary(min_size=32, max_size=32),
    ledger=st.binary(min_size=16, max_size=16),
    partition=st.integers(0, (1 << 31) - 1),
    seq=st.integers(0, (1 << 63) - 1),
    ts=st.integers(0, (1 << 63) - 1),
    kind=st.integers(0, (1 << 31) - 1),
    schema=st.binary(min_size=32, max_size=32),
    body=st.binary(max_size=200),
)


@given(LEAF)
def test_an_entry_is_read_from_its_bytes_as_the_schema_says(leaf):
    value = encode_entry(leaf)
    assert decode_entry(value) == leaf
    assert encode(models.Entry(**dataclasses.asdict(leaf))) == value


@given(LEAF, st.data())
def test_no_other_bytes_are_the_same_entry(leaf, draw):
    value = encode_entry(leaf)
    place = draw.draw(st.integers(0, len(value) - 1))
    flipped = bytearray(value)
    flipped[place] ^= draw.draw(st.integers(1, 255))
    with contextlib.suppress(Malformed):
        assert decode_entry(bytes(flipped)) != leaf
    for cut in (value[:-1], value + b"\x00"):
        with pytest.raises(Malformed):
            decode_entry(cut)


def plain_form(value: object) -> object:
    """A decoded message as the verifier reads it: maps, lists, unscaled ints."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain_form(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [plain_form(each) for each in value]
    return unscaled(value) if type(value).__name__ == "Decimal" else value


OPENED = flow(1)
MESSAGES = [OPENED, intent(OPENED, bytes(32)), OPENED.snapshot]


def form(message: object) -> object:
    return form_of(avsc.canonical(f"interlock.{type(message).__name__}"))


@given(st.sampled_from(MESSAGES), st.data())
def test_verifier_and_codec_accept_the_same_bytes_as_the_same_words(message, draw):
    body = bytearray(encode(message))
    for _ in range(draw.draw(st.integers(0, 3))):
        body[draw.draw(st.integers(0, len(body) - 1))] = draw.draw(st.integers(0, 255))
    data = bytes(body)[: draw.draw(st.integers(0, len(body)))] if draw.draw(st.booleans()) else bytes(body)
    try:
        ours: object = form(message).read(data)
    except Malformed:
        ours = Malformed
    try:
        theirs: object = plain_form(decode(type(message), data))
    except Unreadable:
        theirs = Malformed
    assert ours == theirs


def test_the_last_field_of_a_flow_is_its_snapshot():
    assert form(OPENED).last_field(encode(OPENED)) == encode(OPENED.snapshot)


AMOUNT = {"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 18}


@pytest.mark.parametrize(
    ("shape", "data"),
    [
        ("boolean", b"\x02"),
        ("string", b"\x02\xff"),
        ({"type": "array", "items": "long"}, b"\x01\x02\x02\x00"),
        ({"type": "array", "items": "long"}, b"\x02\x02\x02\x02\x00"),
        ({"type": "array", "items": "long"}, b"\xfe\xff\xff\xff\xff\x01"),
        ("long", b"\x80\x00"),
        ("bytes", b"\x01"),
        (["null", "long"], b"\x04"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, b"\x02"),
        ({"type": "fixed", "name": "F", "size": 4}, b"abc"),
        (AMOUNT, b"\x04\x00\x01"),
        (AMOUNT, b"\x00"),
        (AMOUNT, b"\x2c" + b"\x7f" * 22),
    ],
)
def test_second_spellings_and_short_bytes_are_refused(shape, data):
    record = {"type": "record", "name": "R", "fields": [{"name": "f", "type": shape}]}
    with pytest.raises(Malformed):
        form_of(jcs(record)).read(data)


@pytest.mark.parametrize(
    "schema", [b"{}", b"[]", b"7", b"\xff", b'{"type":"record","name":"R","fields":[1]}']
)
def test_what_is_no_records_schema_is_refused(schema):
    with pytest.raises(Malformed):
        form_of(schema)


def test_the_built_in_shapes_are_those_of_version_one():
    """A word changed on purpose before it was ever released: regenerate the file from schemas.avsc."""
    assert {name: avsc.canonical(f"interlock.{name}") for name in BUILT_IN} == BUILT_IN
    assert all(Shapes().get(schema_hash(getattr(models, name))) is not None for name in BUILT_IN)


def test_every_shape_that_is_written_today_was_released_and_none_is_forgotten():
    """`interlock schema gen` adds to the table; what stands in a kept ledger must stand there for ever."""
    table = released.table()
    assert all(digest in table.get(name, []) for name, digest in released.shapes().items())
    for law in golden.laws():
        entries = [decode_entry(each) for each in golden.values(law)]
        named = [decode(models.SchemaEntry, each.body) for each in entries if each.kind == EntryKind.SCHEMA]
        found = {each.name: sha256(each.schema).hex() for each in named if each.name in table}
        assert len(found) > 20
        assert all(digest in table[name] for name, digest in found.items())


@pytest.mark.parametrize("name", sorted(released.shapes()))
def test_a_name_of_the_law_has_no_other_shape(name):
    """One field more or less is another law: a HUMAN entry without its act, a DECISION said to be void."""
    shape = json.loads(avsc.canonical(f"interlock.{name}"))
    more = {**shape, "fields": [*shape["fields"], {"name": "accepted", "type": "boolean"}]}
    for other in (more, {**shape, "fields": shape["fields"][:-1]}):
        text, shapes = jcs(other), Shapes()
        shapes.learn(name, text)
        with pytest.raises(Unreleased, match=name):
            shapes.get(sha256(text))


def test_a_name_of_nobodys_may_have_any_shape():
    """A market's own signals, say: no entry and no signature rests on it."""
    text, shapes = (
        jcs({"type": "record", "name": "Mine", "fields": [{"name": "x", "type": "long"}]}),
        Shapes(),
    )
    shapes.learn("Mine", text)
    assert shapes.get(sha256(text)) is not None
