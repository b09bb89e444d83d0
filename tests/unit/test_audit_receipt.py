"""An audit goes on where the last one ended: old bytes are not read again, and nothing new slips by."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.archive import write_archive
from ledger.entry import decode_entry
from ledger.trust_text import trust_text
from schemas.kinds import EntryKind
from tests.tamper_world import note, trust, values

ENDS = [at + 1 for at, value in enumerate(values()) if decode_entry(value).kind == EntryKind.CHECKPOINT]
OLD = ENDS[-2]


def verify(folder: Path, *more: object) -> subprocess.CompletedProcess[str]:
    """The command at level sign with the note and trust file beside the archive."""
    line = [sys.executable, "-m", "ledger", "verify", folder / "0.ilk", "--anchor", folder / "note",
            "--trust", folder / "trust.json", "--level", "sign", *more]  # fmt: skip
    return subprocess.run([*map(str, line)], capture_output=True, text=True, check=False)


def written(folder: Path, found: tuple[bytes, ...] | list[bytes]) -> None:
    with (folder / "0.ilk").open("wb") as file:
        write_archive(file, found)


@pytest.fixture
def audited(tmp_path: Path) -> Path:
    """A folder with a receipt for all but the last checkpoint of the ledger, and the whole ledger in it."""
    (tmp_path / "trust.json").write_text(trust_text(trust()), encoding="utf-8")
    (tmp_path / "note").write_text(note(OLD), encoding="utf-8")
    written(tmp_path, values()[:OLD])
    done = verify(tmp_path, "--receipt", tmp_path / "receipt.json")
    assert (done.returncode, done.stderr) == (0, "")
    written(tmp_path, values())
    (tmp_path / "note").write_text(note(), encoding="utf-8")
    return tmp_path


def test_an_audit_goes_on_and_says_what_it_did_not_read(audited: Path) -> None:
    done = verify(audited, "--since", audited / "receipt.json", "--json")
    told = json.loads(done.stdout)
    whole = json.loads(verify(audited, "--json").stdout)
    assert (done.returncode, told["partitions"][0]["since"]) == (0, OLD)
    assert {**told["partitions"][0], "since": 0} == whole["partitions"][0]
    said = verify(audited, "--since", audited / "receipt.json").stdout
    assert f"the first {OLD} by the earlier audit's word: not read again" in said


def test_a_receipt_follows_a_receipt(audited: Path) -> None:
    done = verify(audited, "--since", audited / "receipt.json", "--receipt", audited / "next.json")
    assert (done.returncode, done.stderr) == (0, "")
    fresh = verify(audited, "--receipt", audited / "fresh.json")
    assert fresh.returncode == 0
    one, two = (json.loads((audited / name).read_text()) for name in ("next.json", "fresh.json"))
    for each in (one, two):
        del each["sha256"], each["partitions"][0]["notes"]
    assert one == two


def test_what_is_changed_after_the_old_end_is_found(audited: Path) -> None:
    bad = list(values())
    bad[OLD] = bad[OLD][:-1] + bytes([bad[OLD][-1] ^ 1])
    written(audited, bad)
    done = verify(audited, "--since", audited / "receipt.json")
    assert done.returncode == 1
    assert "ROOT_MISMATCH" in done.stdout


def test_another_history_before_the_old_end_cannot_be_signed_on(audited: Path) -> None:
    """Old bytes are not read, but a signed root over other old bytes does not follow from the frontier."""
    text = (audited / "receipt.json").read_text()
    read = json.loads(text)
    read["partitions"][0]["hashes"][0] = read["partitions"][0]["hashes"][-1]
    (audited / "receipt.json").write_text(resealed(read))
    done = verify(audited, "--since", audited / "receipt.json")
    assert done.returncode == 1
    assert "ROOT_MISMATCH" in done.stdout


def test_a_ledger_shorter_than_audited_or_moved_is_found(audited: Path) -> None:
    written(audited, values()[: OLD - 2])
    done = verify(audited, "--since", audited / "receipt.json", "--json")
    told = json.loads(done.stdout)
    assert ("TRUNCATED" in told["counts"], done.returncode) == (True, 2)
    (here,) = told["partitions"]  # what is told is what is there, not what the receipt says of it
    assert (here["entries"], here["since"]) == (OLD - 2, 0)
    written(audited, values()[1:])
    done = verify(audited, "--since", audited / "receipt.json")
    assert done.returncode == 1
    assert "PREV_BROKEN" in done.stdout


def test_a_receipt_of_another_spelling_trust_or_level_is_refused(audited: Path) -> None:
    receipt = audited / "receipt.json"
    text = receipt.read_text()
    for bad in (
        "",
        "{}",
        text + " ",
        text.replace('"sign"', '"commit"'),
        text.replace('"sha256": "', '"x": "'),
    ):
        receipt.write_text(bad)
        done = verify(audited, "--since", receipt)
        assert (done.returncode, done.stdout) == (64, "")
    receipt.write_text(text)
    done = verify(audited, "--since", receipt, "--level", "evidence")
    assert done.returncode == 64
    assert "level evidence joins all entries" in done.stderr


@pytest.mark.parametrize(
    "lie",
    [{"offset": "x"}, {"offset": None}, {"offset": 10**30}, {"offset": -1}, {"signed": "x"},
     {"signed": 10**9}, {"size": "x"}, {"witnesses": {"w": 5}}, {"witnesses": {"witness.test": 10**9}},
     {"witnesses": []}],
)  # fmt: skip
def test_a_receipt_that_lies_of_a_place_or_a_witness_is_none(audited: Path, lie: dict[str, object]) -> None:
    """Whoever can change it can change his verifier; but what is no receipt must be said to be none."""
    path = audited / "receipt.json"
    read = json.loads(path.read_text())
    read["partitions"][0] |= lie
    del read["sha256"]
    digest = sha256(json.dumps(read).encode()).hexdigest()
    path.write_text(json.dumps({**read, "sha256": digest}, indent=1) + "\n")
    done = verify(audited, "--since", path)
    assert (done.returncode, "audit receipt" in done.stderr) == (64, True), done.stderr


def test_no_receipt_is_written_of_what_is_not_intact(audited: Path) -> None:
    written(audited, values()[:-1])
    done = verify(audited, "--receipt", audited / "no.json")
    assert done.returncode != 0
    assert "no receipt" in done.stderr
    assert not (audited / "no.json").exists()


def resealed(read: dict[str, object]) -> str:
    """A receipt whose digest is true of its changed content."""
    whole = {name: value for name, value in read.items() if name != "sha256"}
    return json.dumps({**whole, "sha256": sha256(json.dumps(whole).encode()).hexdigest()}, indent=1) + "\n"
