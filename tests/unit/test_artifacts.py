"""What a ledger only names, held against the things themselves: every change is told, by its own code."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from agents.model.manifest import WEIGHTS
from ledger import artifacts, verify_cli
from ledger.archive import write_archive
from ledger.artifacts import TEXTS, digest_of, text_line
from ledger.envelope import seal
from ledger.named import known_as
from ledger.names import Names
from ledger.tag import sha256
from ledger.trust_text import trust_text
from schemas import models as m
from schemas.codec import encode
from tests.build import signer
from tests.tamper_world import trust
from tests.unit.test_closing import note_of
from tests.unit.test_kernel_contexts import PRINCIPAL, enrolled, instructed

SALT = bytes(range(32))
SAID, ASKED, HEADLINE, GONE = "it was cheap", "buy me some", "Markets calm", "a name in prose"


def told() -> tuple[list[bytes], m.FlowOpened]:
    """A ledger that names an explanation, an instruction, a headline, the model, and an erased text."""
    world = enrolled()
    order = instructed(text_commitment=digest_of(ASKED, SALT))
    flow = world.flow(signal=order.instruction_id)
    shown = (m.HeadlineDigest(digest=sha256(HEADLINE.encode()), at=world.now, source="wire"),)
    flow = replace(
        flow,
        snapshot=replace(flow.snapshot, headlines=shown),
        trigger=replace(flow.trigger, instruction=encode(seal(order, signer(PRINCIPAL)))),
    )
    world.propose(flow, world.intent(flow, explain_commitment=digest_of(SAID, SALT)))
    world.run()
    world.receipt(world.order, m.ReceiptStatus.FILLED)
    other = world.flow()
    world.propose(other, world.intent(other, explain_commitment=digest_of(GONE, SALT)))
    world.run()
    world.receipt(world.order, m.ReceiptStatus.FILLED)
    key = f"{other.dfid.hex()}:{other.steps[0]}:1:sovereign"
    world.control(m.Verb.ERASE, target=digest_of(GONE, SALT), text_key=key, reason="request")
    world.run()
    world.tick(2)
    world.run()
    return world.ledger, flow


LEDGER_VALUES, FLOW = told()
KEY = f"{FLOW.dfid.hex()}:{FLOW.steps[0]}:1:sovereign"
LINES = (text_line(SAID, SALT, KEY), text_line(ASKED, SALT), text_line(HEADLINE, b""))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An exported ledger with all its artifacts."""
    with (tmp_path / "0.ilk").open("wb") as file:
        write_archive(file, LEDGER_VALUES)
    (tmp_path / "note").write_text(note_of(LEDGER_VALUES), encoding="utf-8")
    (tmp_path / "trust.json").write_text(trust_text(trust()), encoding="utf-8")
    held = tmp_path / "artifacts"
    shutil.copytree(WEIGHTS, held / "models")
    (held / TEXTS).write_text("".join(LINES), encoding="utf-8")
    return tmp_path


def verified(place: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, int]]:
    """Exit code and counts of the command a person types."""
    words = [str(place / "0.ilk"), "--anchor", str(place / "note"), "--trust", str(place / "trust.json")]
    capsys.readouterr()
    code = verify_cli.main([*words, "--artifacts", str(place / "artifacts"), "--json", *more])
    report = json.loads(capsys.readouterr().out)
    return code, report["counts"]


def test_all_of_it_there_is_intact_and_says_how_much(place, capsys):
    assert verified(place, capsys) == (0, {"ERASED": 1, "HELD": 1})
    assert verified(place, capsys, "--jobs", "2") == (0, {"ERASED": 1, "HELD": 1})
    names = Names([place / "0.ilk"])
    files = json.loads((WEIGHTS / "manifest.json").read_text())["files"]
    assert names.counts() == (4 + len(files), 0, 1)


@pytest.mark.parametrize("number", range(3))
def test_a_changed_text_is_a_mismatch_and_the_true_one_missing(place, capsys, number):
    lines = [*LINES]
    lines[number] = lines[number].replace('"text": "', '"text": "not ')
    (place / "artifacts" / TEXTS).write_text("".join(lines), encoding="utf-8")
    code, counts = verified(place, capsys)
    assert (code, counts["ARTIFACT_MISMATCH"], counts["ARTIFACT_MISSING"]) == (1, 1, 1)


@pytest.mark.parametrize("number", range(3))
def test_a_text_that_is_not_there_is_incomplete(place, capsys, number):
    kept = [line for at, line in enumerate(LINES) if at != number]
    (place / "artifacts" / TEXTS).write_text("".join(kept), encoding="utf-8")
    code, counts = verified(place, capsys)
    assert (code, counts["ARTIFACT_MISSING"]) == (2, 1)


def test_the_words_of_one_flow_are_not_those_of_another(place, capsys):
    other = LINES[0].replace(FLOW.dfid.hex(), "00" * 16)
    (place / "artifacts" / TEXTS).write_text(other + "".join(LINES[1:]), encoding="utf-8")
    code, counts = verified(place, capsys)
    assert (code, counts["ARTIFACT_MISMATCH"]) == (1, 1)


@pytest.mark.parametrize(
    "key", ["", f"{KEY}:more", KEY.replace("sovereign", "risk"), KEY.replace(":1:", ":2:"), KEY.upper()]
)
def test_a_text_lies_under_the_very_key_that_its_entry_gives_it(place, capsys, key):
    lines = [text_line(SAID, SALT, key), *LINES[1:]]
    (place / "artifacts" / TEXTS).write_text("".join(lines), encoding="utf-8")
    assert verified(place, capsys)[1]["ARTIFACT_MISMATCH"] == 1


@pytest.mark.parametrize("number", [1, 2])
def test_what_belongs_to_no_flow_has_no_key(place, capsys, number):
    lines = [*LINES]
    told = json.loads(lines[number]) | {"key": "said by all"}
    lines[number] = json.dumps(told) + "\n"
    (place / "artifacts" / TEXTS).write_text("".join(lines), encoding="utf-8")
    assert verified(place, capsys)[1]["ARTIFACT_MISMATCH"] == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace('{"', '{ "', 1),
        lambda line: line.replace('"text"', '"text": "a lie", "text"'),
        lambda line: line.replace("}", ', "note": "approved by all"}'),
        lambda line: line.replace('"salt": "00', '"salt": "00 '),
        lambda line: line.replace("\n", "\r\n"),
        lambda line: line.replace("cheap", "ch\\u0065ap"),
    ],
)
def test_a_line_has_one_spelling_so_nobody_reads_another_text_in_it(place, capsys, change):
    assert change(LINES[0]) != LINES[0]
    (place / "artifacts" / TEXTS).write_text(change(LINES[0]) + "".join(LINES[1:]), newline="")
    assert verified(place, capsys)[1]["ARTIFACT_MISMATCH"] == 1


def test_an_empty_line_says_nothing_and_a_stray_file_is_nobodys(place, capsys):
    with (place / "artifacts" / TEXTS).open("a", encoding="utf-8") as file:
        file.write("\n\n")
    (place / "artifacts" / "README").write_text("hello")
    assert verified(place, capsys)[0] == 0
    (place / "artifacts" / TEXTS).write_text("".join(LINES[1:]), encoding="utf-8")
    (place / "artifacts" / "the text").write_text("hello")
    assert verified(place, capsys)[1] == {"ERASED": 1, "HELD": 1, "ARTIFACT_MISSING": 1}


def test_a_persons_text_lies_under_his_acts_number():
    assert known_as("ab:s1:human-3:operator-b") == "ab:human-3" != known_as("ab:s1:human-4:operator-b")
    assert known_as(KEY) == KEY


def test_a_text_committed_to_in_two_flows_is_there_if_it_is_there_for_one(tmp_path, capsys):
    world = enrolled()
    for _ in range(2):
        flow = world.flow()
        world.propose(flow, world.intent(flow, explain_commitment=digest_of(SAID, SALT)))
        world.run()
        world.receipt(world.order, m.ReceiptStatus.FILLED)
        world.run()
    with (tmp_path / "0.ilk").open("wb") as file:
        write_archive(file, world.ledger)
    for number in range(2):
        names = Names([tmp_path / "0.ilk"])
        flows = [each for each in (names.key(digest_of(SAID, SALT)),) if each is not None]
        assert len(flows) == 1
        key = f"{flow.dfid.hex()}:{flow.steps[0]}:1:sovereign" if number else flows[0]
        before = sum(1 for _ in names.missing())
        assert names.held(digest_of(SAID, SALT), key)
        assert sum(1 for _ in names.missing()) == before - 1


def test_a_text_without_its_salt_opens_nothing(place, capsys):
    bare = json.dumps({"key": KEY, "text": SAID}) + "\n"
    (place / "artifacts" / TEXTS).write_text(bare + "".join(LINES[1:]), encoding="utf-8")
    assert verified(place, capsys)[1]["ARTIFACT_MISMATCH"] == 1


def test_a_model_file_of_the_same_name_with_other_bytes_is_a_mismatch_and_none_is_missing(place, capsys):
    file = place / "artifacts" / "models" / "model.safetensors"
    bytes_ = bytearray(file.read_bytes())
    bytes_[-1] ^= 1
    file.write_bytes(bytes_)
    code, counts = verified(place, capsys)
    assert (code, counts["ARTIFACT_MISMATCH"]) == (1, 1)
    file.unlink()
    code, counts = verified(place, capsys)
    assert (code, counts["ARTIFACT_MISSING"], "ARTIFACT_MISMATCH" in counts) == (2, 1, False)


def test_an_erased_text_that_is_still_there_still_opens_its_commitment(place, capsys):
    key = Names([place / "0.ilk"]).key(digest_of(GONE, SALT))
    assert key is not None
    with (place / "artifacts" / TEXTS).open("a", encoding="utf-8") as file:
        file.write(text_line(GONE, SALT, key))
    assert verified(place, capsys)[0] == 0


def test_whoever_exports_never_takes_an_erased_text_nor_one_twice(place):
    names = Names([place / "0.ilk"])
    gone = names.key(digest_of(GONE, SALT)) or ""
    asked = [(SAID, "other"), (SAID, KEY), (SAID, KEY), (GONE, gone), ("unheard of", KEY)]
    assert [names.wanted(digest_of(text, SALT), key) for text, key in asked] == [
        False, True, False, False, False,
    ]  # fmt: skip


def test_any_line_is_answered_and_no_folder_or_too_much_is_said_before(place, capsys, monkeypatch):
    dice = random.Random(7)
    rubbish = [dice.randbytes(dice.randrange(1, 90)).replace(b"\n", b" ") for _ in range(300)]
    rubbish += [b"[1]", b'{"text": 1}', b'{"text": "a", "salt": "zz"}', b'{"text": "a", "salt": 1}']
    rubbish += [b'{"text": "\\ud800"}', b'{"text": "a", "key": 7}', b"9" * 5_000, b"[" * 9_000]
    for line in LINES:
        mangled = bytearray(line.encode())
        mangled[dice.randrange(9, 30)] ^= 1
        rubbish.append(bytes(mangled).strip())
    (place / "artifacts" / TEXTS).write_bytes(b"\n".join([*rubbish, b""]))
    code, counts = verified(place, capsys)
    assert (code, counts["ARTIFACT_MISMATCH"]) == (1, len(rubbish))
    words = [str(place / "0.ilk"), "--artifacts"]
    assert verify_cli.main([*words, str(place / "nowhere")]) == 64
    (place / "artifacts" / TEXTS).write_bytes(b"x" * (3 * artifacts.LINE_MAX) + b"\n" + LINES[0].encode())
    assert verified(place, capsys)[1]["ARTIFACT_MISMATCH"] == 1
    assert verify_cli.main([str(place / "0.ilk"), "--receipt", str(place / "no" / "r.json")]) == 64
    monkeypatch.setattr(artifacts, "FILES_MAX", 2)
    assert verify_cli.main([*words, str(place / "artifacts")]) == 64
    assert "cannot start" in capsys.readouterr().err
