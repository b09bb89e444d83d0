"""The verifier's own reader against the writer it checks: every message it writes, and nothing but that."""

import contextlib
import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.avro import read_whole, reader_of
from ledger.avro_bytes import Malformed, read_long
from ledger.entry import Leaf, decode_entry
from ledger.entry_writer import encode_entry, write_long
from ledger.shapes import BUILT_IN, Shapes
from schemas import avsc, models
from schemas.codec import Unreadable, decode, encode, schema_hash
from schemas.money import to_bytes, unscaled
from tests.ledger_sample import flow, intent

LONGS = st.integers(-(1 << 63), (1 << 63) - 1)
LEAF = st.builds(
    Leaf,
    prev=st.binary(min_size=32, max_size=32),
    ledger=st.binary(min_size=16, max_size=16),
    partition=st.integers(0, (1 << 31) - 1),
    seq=st.integers(0, 1 << 62),
    ts=st.integers(0, (1 << 63) - 1),
    kind=st.integers(0, (1 << 31) - 1),
    schema=st.binary(min_size=32, max_size=32),
    body=st.binary(max_size=200),
)


@given(LONGS)
def test_a_number_has_one_spelling(value):
    written = write_long(value)
    assert read_long(written, 0) == (value, len(written))
    with pytest.raises(Malformed):
        read_long(written[:-1] + bytes((written[-1] | 0x80, 0)), 0)


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


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: type(each).__name__)
def test_the_verifier_reads_what_the_codec_writes(message):
    reader = reader_of(avsc.full(f"interlock.{type(message).__name__}"))
    assert read_whole(reader, encode(message)) == plain_form(message)


@given(st.sampled_from(MESSAGES), st.data())
def test_verifier_and_codec_accept_the_same_bytes(message, draw):
    body = bytearray(encode(message))
    for _ in range(draw.draw(st.integers(0, 3))):
        body[draw.draw(st.integers(0, len(body) - 1))] = draw.draw(st.integers(0, 255))
    data = bytes(body)[: draw.draw(st.integers(0, len(body)))] if draw.draw(st.booleans()) else bytes(body)
    reader = reader_of(avsc.full(f"interlock.{type(message).__name__}"))
    try:
        ours: object = read_whole(reader, data)
    except Malformed:
        ours = Malformed
    try:
        theirs: object = plain_form(decode(type(message), data))
    except Unreadable:
        theirs = Malformed
    assert ours == theirs


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=18, allow_nan=False))
def test_a_decimal_is_its_unscaled_int(value):
    reader = reader_of({"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 18})
    body = to_bytes(value)
    assert read_whole(reader, write_long(len(body)) + body) == unscaled(value)


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        ("boolean", b"\x02"),
        ("string", b"\x02\xff"),
        ({"type": "array", "items": "long"}, b"\x01\x02\x02\x00"),
        ({"type": "array", "items": "long"}, b"\x02\x02\x02\x02\x00"),
        ({"type": "array", "items": "long"}, b"\xfe\xff\xff\xff\xff\x01"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 18}, b"\x04\x00\x01"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 38, "scale": 18}, b"\x00"),
        ("int", b"\x80\x80\x80\x80\x10"),
        (["null", "long"], b"\x04"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, b"\x02"),
        ({"type": "fixed", "name": "F", "size": 4}, b"abc"),
    ],
)
def test_second_spellings_are_refused(schema, data):
    with pytest.raises(Malformed):
        read_whole(reader_of(schema), data)


@pytest.mark.parametrize("schema", ["float", "double", {"type": "map", "values": "long"}, "Nobody", 7])
def test_schemas_with_floats_maps_or_unknown_names_are_refused(schema):
    with pytest.raises(Malformed):
        reader_of(schema)


def test_the_built_in_shapes_are_those_of_version_one():
    """A word changed on purpose before it was ever released: regenerate the file from schemas.avsc."""
    built_in = json.loads(BUILT_IN.read_text(encoding="utf-8"))
    assert built_in == {name: avsc.canonical(f"interlock.{name}").decode() for name in built_in}
    assert all(Shapes().get(schema_hash(getattr(models, name))) is not None for name in built_in)
