"""Digests: what must differ differs, what means the same is the same."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import hashes
from ledger.intents import client_order_id, key_of_intent
from ledger.shapes import form_of
from ledger.verify_bodies import key_of
from schemas import avsc
from schemas.codec import encode
from schemas.money import plain
from tests.ledger_sample import flow, intent

PARTS = st.lists(st.binary(max_size=4), max_size=4)
LEDGER = bytes(16)


@given(PARTS, PARTS)
def test_two_lists_of_parts_hash_alike_only_if_they_are_one(first, second):
    same = hashes.tagged("interlock/1/t", *first) == hashes.tagged("interlock/1/t", *second)
    assert same == (first == second)


def test_the_tag_keeps_purposes_apart():
    assert hashes.tagged("interlock/1/a", b"x") != hashes.tagged("interlock/1/b", b"x")


def test_evidence_of_shifted_bytes_is_refused_and_of_other_splits_differs():
    whole = bytes(range(112))
    cut = (whole[:16], whole[16:48], whole[48:80], whole[80:])
    assert hashes.evidence_hash(*cut) == hashes.sha256(whole)
    with pytest.raises(ValueError, match="112"):
        hashes.evidence_hash(whole[:17], whole[17:48], whole[48:80], whole[80:])


@pytest.mark.parametrize(
    ("value", "text"),
    [("0.05", "0.05"), ("5E-2", "0.05"), ("100", "100"), ("1E+2", "100"), ("-0.0", "0"), ("1.500", "1.5")],
)
def test_an_amount_has_one_text_however_it_was_written(value, text):
    assert hashes.decimal_text(Decimal(value)) == text == plain(Decimal(value))


def test_thirty_eight_digits_are_not_rounded():
    assert hashes.decimal_text(Decimal("1" * 20 + "." + "1" * 18)) == "1" * 20 + "." + "1" * 18


@pytest.mark.parametrize("part", [True, -1, 1 << 64, Decimal("NaN"), Decimal("Infinity")])
def test_what_has_no_one_form_is_not_hashed(part):
    with pytest.raises(ValueError, match="hash"):
        hashes.tagged("interlock/1/t", part)


def test_a_signal_names_one_flow_and_the_name_is_a_uuid_of_version_8():
    name = hashes.dfid(LEDGER, "tape", "s1", "paper-1", "fast")
    assert name == hashes.dfid(LEDGER, "tape", "s1", "paper-1", "fast")
    assert hashes.is_uuid8(name)
    assert not hashes.is_uuid8(bytes(16))
    assert name != hashes.dfid(LEDGER, "tape", "s1", "paper-2", "fast")
    children = {hashes.child_dfid(LEDGER, name, "step-1", number) for number in range(5)}
    assert len(children) == 5
    assert all(map(hashes.is_uuid8, children))


@given(st.text(max_size=20), st.integers(1, 64))
def test_every_account_has_one_shard(account, shards):
    assert 0 <= hashes.shard_of(account, shards) < shards
    assert hashes.shard_of(account, shards) == hashes.shard_of(account, shards)


def test_an_explanations_salt_depends_on_secret_flow_step_and_attempt():
    salts = {
        hashes.explain_salt(secret, dfid, step, attempt)
        for secret in (b"a", b"b")
        for dfid in (bytes(16), b"\x01" * 16)
        for step in ("1", "2")
        for attempt in (1, 2)
    }
    assert len(salts) == 16
    assert hashes.explain_commitment("x", bytes(32)) != hashes.explain_commitment("x", b"\x01" * 32)


def test_price_context_attempt_and_confidence_are_not_in_the_key_of_an_effect():
    opened = flow(0)
    first = key_of_intent(intent(opened, bytes(32)))
    other = intent(opened, b"\x01" * 32, attempt=3, confidence=Decimal("0.1"), state_hash=bytes(32))
    assert key_of_intent(other) == first
    assert key_of_intent(intent(opened, bytes(32), quantity=Decimal("0.06"))) != first
    assert len(client_order_id(first)) == 32


def test_the_verifier_derives_the_same_key_from_the_entry_alone():
    proposed = intent(flow(0), bytes(32))
    read = form_of(avsc.canonical("interlock.Intent")).read(encode(proposed))
    assert key_of(read) == key_of_intent(proposed)
