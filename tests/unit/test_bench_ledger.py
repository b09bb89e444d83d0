"""The ledger that is measured is a true one."""

from __future__ import annotations

from pathlib import Path

from bench import ledger_made as made
from ledger.findings import Findings, Outcome
from ledger.trust import parse_anchor, parse_trust
from ledger.verify import Level
from ledger.verify_cli import verify_files


def test_a_ledger_made_for_measuring_is_intact_at_every_level(tmp_path: Path) -> None:
    path = tmp_path / "0.ilk"
    count = made.write(path, 200, 1)
    trust = parse_trust(path.with_suffix(".trust").read_text(encoding="utf-8"))
    anchor = parse_anchor(path.with_suffix(".note").read_text(encoding="utf-8"), trust)
    findings = Findings()
    (read,) = verify_files([path], Level.EVIDENCE, [anchor], trust, findings)
    assert (findings.outcome(), findings.kept) == (Outcome.INTACT, [])
    assert read.frontier.size == count
