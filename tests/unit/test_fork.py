"""A fork is proven by two notes in one file, to somebody who has neither ledger."""

import base64
import json

import pytest

from interlock.tamper.attacks import OF_FILES
from interlock.tamper.forge import Copy
from ledger import check_fork_cli, fork_cli
from ledger.archive import write_archive
from ledger.fork import BadFork, OtherLog, check_fork, make_fork, parse_fork
from ledger.trust import Trust
from ledger.trust_text import trust_text
from tests.build import signer
from tests.tamper_world import note, trust, values

FORKED = next(each for each in OF_FILES if "fork" in each.name).done(Copy.of(values(), signer))
PROOF = make_fork(FORKED, note())


def test_two_histories_of_one_size_by_one_key_are_proven():
    one, two = check_fork(parse_fork(PROOF.text()), trust())
    assert (one.origin, one.size) == (two.origin, two.size)
    assert one.root != two.root


def test_the_ledger_the_note_is_of_proves_no_fork():
    with pytest.raises(BadFork, match="say the same"):
        make_fork(values(), note())


def test_a_shorter_ledger_has_nothing_to_set_against_the_note():
    with pytest.raises(BadFork, match="no CHECKPOINT"):
        make_fork(values()[:-3], note())


def test_a_note_of_another_log_contradicts_nothing():
    """A folder has several partitions, and two of them may have checkpoints of one size."""
    with pytest.raises(OtherLog, match="/1, and this is"):
        make_fork(FORKED, note().replace("/0\n", "/1\n", 1))


def test_a_note_that_the_logs_key_never_signed_accuses_nobody():
    first, root, rest = note().split("\n", 3)[0], note().split("\n", 3)[2], note().split("\n", 3)[3]
    other = ("B" if root[0] == "A" else "A") + root[1:]
    changed = "\n".join([first, note().split("\n")[1], other, rest])
    with pytest.raises(BadFork, match="accuses nobody"):
        make_fork(values(), changed)


def test_a_root_that_the_auditor_does_not_trust_enrols_nobody():
    stranger = Trust(
        ledger=trust().ledger, operator=trust().operator, roots=(signer("mallory").public,), witnesses=()
    )
    with pytest.raises(BadFork, match="no one KERNEL_LOG key"):
        check_fork(PROOF, stranger)


def test_a_note_forged_by_somebody_else_accuses_nobody():
    read = json.loads(PROOF.text())
    head, _, lines = read["notes"][1].rpartition("\n\n")
    dash, name, coded = lines.split(" ")
    raw = bytearray(base64.b64decode(coded))
    raw[-1] ^= 1
    read["notes"][1] = f"{head}\n\n{dash} {name} {base64.b64encode(bytes(raw)).decode()}\n"
    with pytest.raises(BadFork, match="no one KERNEL_LOG key"):
        check_fork(parse_fork(json.dumps(read, indent=1) + "\n"), trust())


def test_the_same_note_twice_and_notes_of_two_sizes_prove_nothing():
    read = json.loads(PROOF.text())
    read["notes"] = [read["notes"][0]] * 2
    with pytest.raises(BadFork, match="say the same"):
        check_fork(parse_fork(json.dumps(read, indent=1) + "\n"), trust())


@pytest.mark.parametrize(
    "text", ["", "{}", "[" * 10**5, PROOF.text() + " ", PROOF.text().replace("/1", "/2", 1)]
)
def test_what_is_no_proof_is_refused(text):
    with pytest.raises(BadFork):
        parse_fork(text)


def test_the_commands_write_a_proof_and_judge_it(tmp_path, capsys):
    with (tmp_path / "0.ilk").open("wb") as file:
        write_archive(file, FORKED)
    (tmp_path / "note").write_text(note())
    (tmp_path / "trust.json").write_text(trust_text(trust()))
    proof = str(tmp_path / "fork.json")
    assert fork_cli.main([str(tmp_path / "0.ilk"), "--note", str(tmp_path / "note"), "-o", proof]) == 0
    assert check_fork_cli.main([proof, "--trust", str(tmp_path / "trust.json")]) == 1
    assert "two histories" in capsys.readouterr().out
    (tmp_path / "fork.json").write_text("{}")
    assert check_fork_cli.main([proof, "--trust", str(tmp_path / "trust.json")]) == 2
    assert fork_cli.main([str(tmp_path / "none"), "--note", str(tmp_path / "note"), "-o", proof]) == 64
