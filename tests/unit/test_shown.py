"""What a ledger holds may be a forger's: no report lets it command the terminal or look like another line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ledger.diff_cli import as_text
from ledger.differing import Field, Parting
from ledger.exits import ended, not_so
from ledger.findings import Code, Findings, shown
from ledger.six import Six
from ledger.six_text import as_text as six_text

COMMANDS = "\x1b[2J\x07\x9b1m\r\n0 intact\u2028\u202e\u200b\udcff"


def obeyed(text: str) -> set[str]:
    """Characters of one line that are no text."""
    return {each for each in text if not each.isprintable()}


@pytest.mark.parametrize("value", [COMMANDS, COMMANDS.encode("utf-8", "surrogatepass")])
def test_what_a_terminal_would_obey_is_spelled_out(value: str | bytes) -> None:
    assert obeyed(shown(value)) == set()


def test_text_of_any_script_stays_as_it_is_and_twice_is_once() -> None:
    for text in ('it\'s "quoted"', "Zürich – 東京 ✓", "back\\slash"):
        assert shown(text) == text
    assert shown(shown(COMMANDS)) == shown(COMMANDS)


def test_a_finding_is_one_line_of_at_most_its_bound() -> None:
    findings = Findings()
    findings.add("0.ilk", 1, Code.KEY_UNKNOWN, COMMANDS * 100, COMMANDS)
    (one,) = findings.kept
    assert (obeyed(one.expected + one.found), len(one.expected)) == (set(), 200)


def test_a_difference_and_the_six_answers_are_told_so_too() -> None:
    parting = Parting(
        seq=3, first="BATCH", second="FLOW", fields=(Field(path=COMMANDS, first=COMMANDS, second=COMMANDS),)
    )
    assert obeyed(as_text(COMMANDS, parting)) == {"\n"}
    assert as_text("0.ilk", parting).count("\n") == 2
    told = Six(bytes(16))
    told.answers["woke"].append({"headline": COMMANDS, "parts": [{"text": COMMANDS}]})
    assert obeyed(six_text(told)) == {"\n"}


def test_a_file_may_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "\x1b[2J\n.ilk").write_bytes(b"no archive")
    argv = [sys.executable, "-m", "ledger", "verify", str(tmp_path)]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (ran.returncode, obeyed(ran.stdout)) == (3, {"\n"})
    assert "\\x1b[2J\\n.ilk" in ran.stdout


def test_what_goes_wrong_is_told_so_too(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> int:
        raise ValueError(COMMANDS)

    assert (not_so(COMMANDS), ended(fails)) == (1, 64)
    assert obeyed(capsys.readouterr().err) == {"\n"}
