"""A ledger counts as anchored up to where as many witnesses have seen it as the trust file asks for."""

from dataclasses import replace

import pytest

from ledger.cosign import cosign, log_signature
from ledger.entry import decode_entry
from ledger.findings import Code, Findings
from ledger.growth import BadGrowth, Growth, check_growth, make_growth, parse_growth
from ledger.note import COSIGNATURE, Checkpoint, Note, VerifierKey
from ledger.trust import BadTrust, parse_anchor, parse_trust
from ledger.trust_text import trust_text
from ledger.verify import Common, Level, Partition
from schemas import models as m
from schemas.codec import decode
from schemas.kinds import EntryKind
from tests.build import LEDGER, signer
from tests.tamper_world import OPERATOR, trust, values

NAMES = ("witness.one", "witness.two", "witness.three")
ENDS = [at for at, value in enumerate(values()) if decode_entry(value).kind == EntryKind.CHECKPOINT]


def trusted(quorum):
    """Three witnesses, of whom so many must agree."""
    keys = [VerifierKey(name=each, algorithm=COSIGNATURE, public=signer(each).public) for each in NAMES]
    return replace(trust(), witnesses=tuple(keys), quorum=quorum)


def note(at, *names):
    """The CHECKPOINT there, cosigned by each of these."""
    body = decode(m.CheckpointEntry, decode_entry(values()[at]).body)
    point = Checkpoint(origin=f"{OPERATOR}/{LEDGER.hex()}/0", size=body.size, root=body.root)
    own = log_signature(point, signer("kernel-log").public, body.signature)
    found = Note(text=point.text(), signatures=(own,))
    for name in names:
        found = cosign(found, name, signer(name), 1)
    return found.render()


def verified(quorum, *notes):
    """Up to where the ledger is anchored, and whether anybody vouches."""
    told, findings = trusted(quorum), Findings()
    anchors = [parse_anchor(each, told) for each in notes]
    common = Common(level=Level.SIGN, findings=findings, anchors=anchors, trust=told)
    read = Partition(source="x", common=common)
    read.read(values())
    return read.anchored, Code.UNANCHORED.name not in findings.counts


LAST, FIRST = ENDS[-1], ENDS[0]


@pytest.mark.parametrize(
    ("quorum", "notes", "size"),
    [
        (1, [(LAST, NAMES[0])], LAST),
        (2, [(LAST, NAMES[0])], 0),
        (2, [(LAST, *NAMES[:2])], LAST),
        (2, [(LAST, NAMES[0]), (LAST, NAMES[1])], LAST),
        (2, [(LAST, NAMES[0]), (FIRST, NAMES[0])], 0),  # one witness twice is one witness
        (2, [(LAST, NAMES[0]), (FIRST, NAMES[1])], FIRST),  # the two of them agree only that far
        (3, [(LAST, *NAMES[:2]), (FIRST, NAMES[2])], FIRST),
        (3, [(LAST, *NAMES)], LAST),
    ],
)
def test_the_anchored_size_is_what_k_witnesses_have_seen(quorum, notes, size):
    assert verified(quorum, *(note(*each) for each in notes)) == (size, size > 0)


def test_a_trust_file_says_how_many_and_an_older_one_means_one():
    assert parse_trust(trust_text(trusted(2))) == trusted(2)
    assert parse_trust(trust_text(trusted(1)).replace(',\n "quorum": 1', "")).quorum == 1


@pytest.mark.parametrize("wrong", ["0", "4", "-1", "true", "2.0", '"2"', "null"])
def test_a_quorum_nobody_can_reach_or_read_is_refused(wrong):
    with pytest.raises(BadTrust):
        parse_trust(trust_text(trusted(2)).replace('"quorum": 2', f'"quorum": {wrong}'))


# -- growth ----------------------------------------------------------------------------------------------


def test_a_ledger_that_only_grew_is_shown_by_a_few_hashes_and_two_notes():
    proof = make_growth(values(), note(FIRST, NAMES[0]), note(LAST, NAMES[1]))
    old, new = check_growth(parse_growth(proof.text()), trusted(1))
    assert (old.point.size, new.point.size) == (FIRST, LAST)
    assert len(proof.hashes) <= 2 * len(values()).bit_length()


def test_a_proof_with_any_hash_changed_or_of_other_notes_shows_nothing():
    proof = make_growth(values(), note(FIRST, NAMES[0]), note(LAST, NAMES[1]))
    for at in range(len(proof.hashes)):
        forged = (*proof.hashes[:at], bytes(32), *proof.hashes[at + 1 :])
        with pytest.raises(BadGrowth):
            check_growth(replace(proof, hashes=forged), trusted(1))
    for wrong in (
        replace(proof, old=proof.new, new=proof.old),
        replace(proof, old=note(ENDS[1], NAMES[0])),
        replace(proof, hashes=proof.hashes[1:]),
        replace(proof, old="nothing"),
        Growth(old=note(FIRST), new=proof.new, hashes=proof.hashes),
    ):
        with pytest.raises(BadGrowth):
            check_growth(wrong, trusted(1))
    with pytest.raises(BadGrowth):
        check_growth(proof, trusted(2))


def test_a_ledger_that_is_not_the_notes_proves_no_growth():
    with pytest.raises(BadGrowth):
        make_growth(values()[:-9], note(FIRST, NAMES[0]), note(LAST, NAMES[0]))


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"old": 1}'])
def test_a_file_that_is_no_growth_proof_is_refused(text):
    with pytest.raises(BadGrowth):
        parse_growth(text)
