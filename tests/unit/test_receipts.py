"""A receipt proves one flow to somebody who has nothing else: and nothing in it can be changed."""

import base64
import json

import pytest

from ledger import check_proof_cli, prove_cli
from ledger.archive import write_archive
from ledger.check_receipt import check_receipt
from ledger.findings import Findings, Outcome
from ledger.merkle import leaf_hash
from ledger.note import parse_checkpoint, parse_note
from ledger.receipt import BadReceipt, OtherLog, make_receipt, parse_receipt
from ledger.tlog_proof import BadProof, parse_path, tlog_proof
from ledger.trust_text import trust_text
from schemas.kinds import EntryKind
from tests.ledger_sample import ENROLLED, Sample, flow, note, sample, trust

WHOLE = sample(3).values
NOTE = note(WHOLE).render()
FLOW = flow(1).dfid
RECEIPT = make_receipt(WHOLE, FLOW, NOTE)


def checked(text, *, trusted=True):
    """The outcome and the codes of one check."""
    found = Findings()
    told = check_receipt(parse_receipt(text), trust() if trusted else None, found)
    return found.outcome(), set(found.counts), told.told


def edited(change):
    read = json.loads(RECEIPT.text())
    change(read)
    return json.dumps(read, indent=1) + "\n"


def test_a_receipt_needs_only_itself_and_a_trust_file_and_gives_the_six_answers():
    outcome, codes, told = checked(RECEIPT.text())
    assert (outcome, codes) == (Outcome.INTACT, set())
    assert {name for name, said in told.answers.items() if said} == {
        "woke", "seen", "why", "proposed", "ruled", "happened",
    }  # fmt: skip


def test_a_receipt_holds_one_flow_and_what_it_rests_on_and_no_other():
    _, _, other = checked(RECEIPT.text())
    assert len(other.answers["ruled"]) == 1
    assert len(RECEIPT.entries) < len(WHOLE)


def test_without_a_trust_file_nobody_vouches_for_it():
    assert checked(RECEIPT.text(), trusted=False)[:2] == (
        Outcome.INCOMPLETE, {"UNANCHORED", "SIGNER_UNKNOWN"},
    )  # fmt: skip


def test_a_note_that_no_trusted_witness_signed_vouches_for_nothing():
    bare = NOTE.split("\n\n")[0] + "\n\n" + NOTE.split("\n\n")[1].splitlines()[0] + "\n"
    outcome, codes, _ = checked(edited(lambda read: read.update(note=bare)))
    assert (outcome, codes) == (Outcome.INCOMPLETE, {"UNANCHORED"})


@pytest.mark.parametrize("place", range(len(RECEIPT.entries)))
def test_every_entry_changed_by_one_bit_is_found(place):
    def flip(read):
        raw = bytearray(base64.b64decode(read["entries"][place]["value"]))
        raw[len(raw) // 2] ^= 1
        read["entries"][place]["value"] = base64.b64encode(bytes(raw)).decode()

    outcome, codes, told = checked(edited(flip))
    assert outcome in (Outcome.TAMPERED, Outcome.UNREADABLE)
    assert codes & {"ROOT_MISMATCH", "ENTRY_UNREADABLE"}
    assert told is None


@pytest.mark.parametrize("place", range(len(RECEIPT.entries)))
def test_every_path_changed_by_one_hash_is_found(place):
    def swap(read):
        lines = read["entries"][place]["proof"].split("\n")
        lines[2] = base64.b64encode(bytes(32)).decode()
        read["entries"][place]["proof"] = "\n".join(lines)

    assert checked(edited(swap))[0] is Outcome.TAMPERED


def test_an_entry_left_out_that_others_rest_on_is_found():
    kinds = {EntryKind.KEY: "KEY_UNKNOWN", EntryKind.SCHEMA: "SCHEMA_UNKNOWN", EntryKind.FLOW: "FLOW_MISSING"}
    found = set()
    for place in range(len(RECEIPT.entries)):
        found |= checked(edited(lambda read, at=place: read["entries"].pop(at)))[1]
    assert set(kinds.values()) <= found


def test_entries_in_another_order_or_twice_are_found():
    assert "SEQ_BROKEN" in checked(edited(lambda read: read["entries"].reverse()))[1]
    assert "SEQ_BROKEN" in checked(edited(lambda read: read["entries"].append(read["entries"][-1])))[1]


def test_a_receipt_named_after_another_flow_is_found():
    assert checked(edited(lambda read: read.update(dfid=flow(2).dfid.hex())))[1] == {"FLOW_MISSING"}


def test_a_note_of_another_tree_is_found():
    other = note(sample(2).values).render()
    assert "ROOT_MISMATCH" in checked(edited(lambda read: read.update(note=other)))[1]


def test_a_decision_signed_by_a_revoked_key_is_found_by_the_revocation_in_the_receipt():
    made = Sample().genesis()
    made.batch()
    made.key("agent", *ENROLLED["agent"], by="registry", serial=99, revoked=True)
    made.round(1)
    receipt = make_receipt(made.values, flow(1).dfid, note(made.values).render())
    assert checked(receipt.text())[1] == {"KEY_NOT_VALID"}


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", RECEIPT.text() + " ", RECEIPT.text().replace("receipt/1", "receipt/2"), "[" * 10**5],
)
def test_what_is_no_receipt_or_not_its_one_spelling_is_refused(text):
    with pytest.raises(BadReceipt):
        parse_receipt(text)


@pytest.mark.parametrize(
    "text", ["", "c2sp.org/tlog-proof@v1\nindex x\n", "c2sp.org/tlog-proof@v1\nindex 1\nAA==\n"]
)
def test_what_is_no_path_is_refused(text):
    with pytest.raises(BadProof):
        parse_path(text)


def test_a_path_with_the_note_is_a_c2sp_proof_of_its_entry():
    proven = RECEIPT.entries[-1]
    head, _, rest = tlog_proof(proven.path, NOTE).partition("\n\n")
    assert head.splitlines()[:2] == ["c2sp.org/tlog-proof@v1", f"index {proven.path.index}"]
    assert parse_checkpoint(parse_note(rest).text).size == len(WHOLE) - 1
    assert leaf_hash(proven.value) == leaf_hash(WHOLE[proven.path.index])


def test_a_flow_beyond_the_note_or_of_nobody_is_no_receipt():
    with pytest.raises(BadReceipt, match="no entry of flow"):
        make_receipt(WHOLE, bytes(16), NOTE)
    with pytest.raises(BadReceipt, match="not the note's"):
        make_receipt(WHOLE[:-5], FLOW, NOTE)


def test_a_note_of_another_log_proves_nothing_even_of_the_same_tree():
    with pytest.raises(OtherLog, match="/7, and this is"):
        make_receipt(WHOLE, FLOW, NOTE.replace("/0\n", "/7\n", 1))


def test_the_commands_make_a_receipt_and_check_it(tmp_path, capsys):
    with (tmp_path / "0.ilk").open("wb") as file:
        write_archive(file, WHOLE)
    (tmp_path / "note").write_text(NOTE)
    (tmp_path / "trust.json").write_text(trust_text(trust()))
    made = tmp_path / "r.json"
    words = [FLOW.hex(), str(tmp_path), "--note", str(tmp_path / "note"), "-o", str(made)]
    assert prove_cli.main([*words, "--tlog", str(tmp_path / "proofs")]) == 0
    assert len(list((tmp_path / "proofs").glob("*.tlog-proof"))) == len(RECEIPT.entries)
    assert check_proof_cli.main([str(made), "--trust", str(tmp_path / "trust.json")]) == 0
    assert "What was ruled" in capsys.readouterr().out
    assert check_proof_cli.main([str(made)]) == Outcome.INCOMPLETE
    before, _, after = made.read_text().rpartition("AAAA")
    made.write_text(f"{before}AAAB{after}")
    assert check_proof_cli.main([str(made), "--trust", str(tmp_path / "trust.json"), "--json"]) in (1, 3)
    assert prove_cli.main([bytes(16).hex(), *words[1:]]) == 1
