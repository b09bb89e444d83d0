"""Signatures, envelopes and key history: strict, bound to shape and purpose, one key one role."""

import pickle
from dataclasses import replace

import pytest

from ledger.dsse import payload_type_of
from ledger.envelope import (
    PAYLOAD_TYPES,
    cosign,
    digest,
    opened,
    payload_of,
    seal,
    signed_by,
    signed_by_all,
    well_formed,
)
from ledger.keys import KeyDocument, KeyFault, KeyRing, read_key_document
from ledger.signing import Signer, keyid, verify
from schemas import models as m
from schemas.canonical import jcs
from schemas.codec import Unreadable
from schemas.kinds import Role
from tests.ledger_sample import flow, intent, signer

L = (1 << 252) + 27742317777372353535851937790883648493
P = (1 << 255) - 19


def test_a_signature_verifies_for_its_key_and_message_only():
    one, other = signer("a"), signer("b")
    signature = one.sign(b"m")
    assert verify(one.public, b"m", signature)
    assert not verify(one.public, b"n", signature)
    assert not verify(other.public, b"m", signature)
    assert one.keyid == keyid(one.public)


def test_the_second_form_of_a_signature_is_refused():
    one = signer("a")
    signature = one.sign(b"m")
    doubled = (int.from_bytes(signature[32:], "little") + L).to_bytes(32, "little")
    assert not verify(one.public, b"m", signature[:32] + doubled)


@pytest.mark.parametrize(
    "point", [bytes(32), b"\x01" + bytes(31), (P + 1).to_bytes(32, "little"), P.to_bytes(32, "little")]
)
def test_small_order_and_non_canonical_keys_and_points_are_refused(point):
    signature = signer("a").sign(b"m")
    assert not verify(point, b"m", signature)
    assert not verify(signer("a").public, b"m", point + signature[32:])
    assert not verify(point, b"m", point + bytes(32))


@pytest.mark.parametrize("sizes", [(31, 64), (33, 64), (32, 63), (32, 65), (0, 0)])
def test_other_lengths_are_a_plain_no(sizes):
    assert not verify(bytes(sizes[0]), b"m", bytes(sizes[1]))


def test_a_signer_is_not_shown_and_not_copied():
    one = signer("a")
    assert repr(one) == f"Signer(keyid={one.keyid.hex()})"
    with pytest.raises(TypeError):
        pickle.dumps(one)
    with pytest.raises(ValueError, match="32"):
        Signer(b"short")


def test_every_signed_message_has_its_own_payload_type():
    assert len(set(PAYLOAD_TYPES.values())) == len(PAYLOAD_TYPES)
    assert PAYLOAD_TYPES[m.FlowOpened] == "application/vnd.interlock.flow-opened.v1"
    assert payload_type_of("Intent") == "application/vnd.interlock.intent.v1"


def test_an_envelope_opens_as_what_was_sealed_and_nothing_else():
    proposed = intent(flow(0), bytes(32))
    envelope = seal(proposed, signer("agent"))
    assert opened(envelope, m.Intent) == proposed
    assert signed_by(envelope, signer("agent").public)
    assert not signed_by(envelope, signer("other").public)
    with pytest.raises(Unreadable):
        opened(envelope, m.Report)
    with pytest.raises(Unreadable):
        opened(replace(envelope, payload=bytes(32) + envelope.payload[32:]), m.Intent)
    with pytest.raises(Unreadable):
        opened(replace(envelope, payload=envelope.payload + b"\x00"), m.Intent)
    assert not signed_by(replace(envelope, payload_type=PAYLOAD_TYPES[m.Report]), signer("agent").public)


def test_two_signatures_stand_sorted_and_unique_and_leave_the_digest_as_it_was():
    proposed = intent(flow(0), bytes(32))
    first = seal(proposed, signer("a"))
    both = cosign(first, signer("b"))
    assert both == cosign(cosign(seal(proposed, signer("b")), signer("a")), signer("a"))
    assert digest(both) == digest(first)
    assert first.payload == payload_of(proposed)
    assert signed_by_all(both, [signer("a").public, signer("b").public])
    assert not signed_by_all(both, [signer("a").public])
    assert not well_formed(replace(both, signatures=both.signatures[::-1]))
    assert not well_formed(replace(both, signatures=()))


def document(name: str, role: Role, *, bound: tuple[str, ...] = (), revoked: bool = False) -> KeyDocument:
    return KeyDocument(public=signer(name).public, role=role, bound=bound, revoked=revoked)


def ring() -> KeyRing:
    made = KeyRing.of_root(signer("root").public).admit(
        5, document("registry", Role.REGISTRY), signer("root").keyid
    )
    assert isinstance(made, KeyRing)
    return made


def test_a_key_holds_from_its_own_entry_to_before_its_revocation():
    registry = signer("registry").keyid
    later = ring().admit(10, document("agent", Role.AGENT, bound=("risk",)), registry)
    assert isinstance(later, KeyRing)
    gone = later.admit(20, document("agent", Role.AGENT, bound=("risk",), revoked=True), registry)
    assert isinstance(gone, KeyRing)
    held = [seq for seq in (9, 10, 19, 20, 21) if gone.valid(signer("agent").keyid, Role.AGENT, seq)]
    assert held == [10, 19]
    assert later.valid(signer("agent").keyid, Role.AGENT, 25), "a ring stays true of its time"
    assert later.valid(signer("agent").keyid, Role.OPERATOR, 15) is None
    again = gone.admit(30, document("agent", Role.AGENT), registry)
    assert again is KeyFault.ALREADY_ENROLLED


@pytest.mark.parametrize(
    ("role", "by", "fault"),
    [
        (Role.AGENT, "root", KeyFault.ENROLLER_NOT_VALID),
        (Role.REGISTRY, "registry", KeyFault.ENROLLER_NOT_VALID),
        (Role.AGENT, "new", KeyFault.ENROLLER_NOT_VALID),
        (Role.AGENT, "nobody", KeyFault.ENROLLER_NOT_VALID),
    ],
)
def test_who_may_not_enrol_enrols_nobody(role, by, fault):
    assert ring().admit(10, document("new", role), signer(by).keyid) is fault


def test_a_registry_key_enrols_only_after_its_own_entry():
    early = ring().admit(5, document("new", Role.AGENT), signer("registry").keyid)
    assert early is KeyFault.ENROLLER_NOT_VALID


def test_a_weak_or_unknown_key_is_refused():
    registry = signer("registry").keyid
    weak = KeyDocument(public=b"\x01" + bytes(31), role=Role.AGENT)
    assert ring().admit(10, weak, registry) is KeyFault.WEAK
    gone = document("nobody", Role.AGENT, revoked=True)
    assert ring().admit(10, gone, registry) is KeyFault.NOT_ENROLLED


def test_a_key_document_has_one_spelling_which_is_rfc_8785():
    whole = document("agent", Role.AGENT, bound=("a", "b"))
    assert read_key_document(whole.body()) == whole
    members = {"bound": ["a", "b"], "public": whole.public.hex(), "revoked": False, "role": "AGENT"}
    assert whole.body() == jcs(members)
    for wrong in (
        b"", b"[]", b"null", b"\xff", whole.body() + b" ", jcs({**members, "more": 1}),
        jcs({**members, "bound": ["b", "a"]}), jcs({**members, "bound": ["a", "a"]}),
        jcs({**members, "bound": [1]}),
        jcs({**members, "role": "ROOT"}), jcs({**members, "role": "KING"}), jcs({**members, "revoked": 0}),
        jcs({**members, "public": "00"}), jcs({**members, "public": members["public"].upper()}),
    ):  # fmt: skip
        assert read_key_document(wrong) is KeyFault.UNREADABLE
