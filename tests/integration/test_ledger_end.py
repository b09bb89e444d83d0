"""A ledger's last days on a real broker: a text erased, a key exchanged, closed, archived, gone on from.

Kernel and witness are the real processes, every act is a command, and an auditor's own commands have the
last word.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from interlock import following
from interlock.cli import app
from interlock.context import Context
from interlock.erasing import texts_of
from interlock.genesis import Message, create, send
from interlock.programs import programs
from interlock.services import daemon
from interlock.services.running import Running
from interlock.witness import note_path
from ledger.entry import decode_entry
from ledger.hashes import tagged
from schemas import models as m
from schemas.kinds import EntryKind
from transport.card import key_path, load_card
from transport.names import LedgerName

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]
OLD, NEW, ACCOUNT = LedgerName("ending"), LedgerName("after"), "paper-1"
DFID = tagged("interlock/1/test", "flow")[:16]


@dataclass
class Keeper:
    """Who keeps a ledger: its kernel, its witness and the commands."""

    there: Context
    runner: CliRunner = field(default_factory=CliRunner)

    def run(self, *words: str) -> Result:
        env = {"INTERLOCK_STATE": str(self.there.running.root)}
        return self.runner.invoke(app, [*words, "--ledger", self.there.name], env=env)

    def told(self, *words: str) -> Result:
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result

    def start(self) -> None:
        kept = [
            each
            for each in programs(self.there.running, self.there.card)
            if each.name in ("kernel", "witness")
        ]
        daemon.start(self.there.running.root, self.there.name, kept)

    def stop(self) -> None:
        daemon.stop(self.there.running.root, self.there.name)

    def kinds(self) -> list[str]:
        return [EntryKind(decode_entry(each).kind).name for each in self.there.ledger()]


def audited(*words: Any) -> subprocess.CompletedProcess[str]:
    """A command of the auditor, in a process of its own."""
    argv = [sys.executable, "-m", "ledger", *map(str, words)]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


@pytest.fixture
def keeper(services: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keeper]:
    monkeypatch.setattr(following, "ANSWER_S", 60.0)  # a busy machine starts a kernel slowly
    card = create(services, OLD, clock="LIVE", accounts=[ACCOUNT])
    keeper = Keeper(Context(running=services, card=card))
    keeper.start()
    yield keeper
    for name in (OLD, NEW):
        daemon.stop(services.root, name)


def test_a_ledger_ends_and_another_goes_on_from_it(keeper: Keeper, tmp_path: Path) -> None:
    there, root = keeper.there, keeper.there.running.root
    keeper.told("account", "open", ACCOUNT, "1000")

    key = f"{DFID.hex()}:main:1:sovereign".encode()
    said = there.schema_ids().pack(m.Explanation(text="words", salt=bytes(32)))
    send(there.running, "console", OLD, [Message(topic="explanations", partition=0, key=key, value=said)])
    assert [each.text for each in texts_of(there, DFID)] == ["words"]
    keeper.told("erase", DFID.hex())
    assert texts_of(there, DFID) == []

    turned = json.loads(keeper.told("keys", "rotate", "kernel-log", "--json").stdout)
    assert key_path(root, OLD, "kernel-log.1").exists()
    keeper.stop()
    keeper.start()
    keeper.told("keys", "revoke", turned["old"])
    assert keeper.run("keys", "rotate", "root").exit_code == 5

    assert keeper.run("ledger", "archive", str(tmp_path / "early")).exit_code == 3
    keeper.told("ledger", "close", "--reason", "size")
    assert keeper.kinds()[-2:] == ["CLOSE", "CHECKPOINT"]
    assert keeper.kinds().count("EPOCH") == 2
    keeper.told("ledger", "archive", str(tmp_path / "old"))
    trust, note = tmp_path / "old" / "trust.json", tmp_path / "old" / f"{OLD}.note"
    done = audited("verify", tmp_path / "old", "--anchor", note, "--trust", trust)
    assert (done.returncode, "ERASED" in done.stdout) == (0, True), done.stdout

    keeper.told("ledger", "continue", NEW)
    keeper.stop()
    after = Keeper(Context(running=there.running, card=load_card(root, NEW)))
    after.start()
    deadline = time.monotonic() + 60
    while not note_path(root, NEW).exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    after.told("ledger", "export", str(tmp_path / "new"), "--artifacts")
    link = audited(
        "continues", tmp_path / "new", tmp_path / "old", "--trust", trust, "--notes", tmp_path / "n"
    )
    assert link.returncode == 0, link.stderr
    assert "closed (size)" in link.stdout
    again = audited("verify", tmp_path / "old", "--anchor", tmp_path / "n" / "0.note", "--trust", trust)
    assert again.returncode == 0
    new_trust, new_note = tmp_path / "new" / "trust.json", tmp_path / "new" / f"{NEW}.note"
    known = ("--anchor", new_note, "--trust", new_trust, "--artifacts", tmp_path / "new" / "artifacts")
    done = audited("verify", tmp_path / "new", *known)
    assert (done.returncode, "HELD" in done.stdout) == (0, True), done.stdout
