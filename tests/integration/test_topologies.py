"""One class of signals on either topology by routing table alone; what both cost; and an atom said again.

Every process is the real one: selector, agents, arbiter, kernel and executor on a real broker.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from agents.model.manifest import MANIFEST, WEIGHTS
from bench.momentum import BARS, PRICE, STEP, bar, packed, tick, warm_up
from interlock.cli import app
from interlock.context import Context
from interlock.genesis import Account, create, open_accounts, send
from interlock.grants import ROUTING
from interlock.programs import programs, worker
from interlock.reading import Decided, decisions
from interlock.services import daemon
from interlock.services.running import Running
from interlock.services.supervisor import wait_until
from ledger.entry import decode_entry
from ledger.envelope import opened
from schemas.codec import decode
from schemas.kinds import EntryKind
from schemas.models import DecisionEntry, Intent, Lane, ManifestEntry
from schemas.models import Manifest as Hello
from transport.exits import REFUSED
from transport.names import LedgerName

pytestmark = [pytest.mark.broker, pytest.mark.model, pytest.mark.timeout(400)]
NAME = LedgerName("topologies")
ACCOUNT, WAIT_S = "paper-2", 90.0


@dataclass
class Desk:
    """A running ledger and its commands. ``sent``: signals so far, each of its own name."""

    there: Context
    runner: CliRunner = field(default_factory=CliRunner)
    sent: int = 0

    def run(self, *words: str) -> Result:
        env = {"INTERLOCK_STATE": str(self.there.running.root)}
        return self.runner.invoke(app, [*words, "--ledger", NAME], env=env)

    def told(self, *words: str) -> Any:
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.output + repr(result.exception)
        return json.loads(result.stdout)

    def momentum(self, road: Lane) -> list[Decided]:
        """Send a marked tick and a bar of the class, and wait for one more decision on the road."""
        before = len(self.decided(road))

        def again() -> bool:
            self.sent += 1
            now = time.time_ns() // 1_000
            close = PRICE + STEP * (BARS + self.sent)
            signals = [bar(f"bar-{now}", now, close), tick(f"tick-{now}", now)]
            ids = self.there.schema_ids()
            send(self.there.running, "feeder", NAME, [packed(ids, each) for each in signals])
            return wait_until(lambda: len(self.decided(road)) > before, timeout_s=5)

        assert wait_until(again, timeout_s=WAIT_S), f"nothing was decided on {road}"
        return self.decided(road)

    def decided(self, road: Lane) -> list[Decided]:
        return [each for each in decisions(self.there.ledger()) if each.lane == road.value]

    def atoms(self) -> list[Intent]:
        """Every atom in the ledger."""
        leaves = [decode_entry(value) for value in self.there.ledger()]
        bodies = [decode(DecisionEntry, leaf.body).body for leaf in leaves if leaf.kind == EntryKind.DECISION]
        found = [opened(body, Intent) for body in bodies if "intent" in body.payload_type]
        return [each for each in found if each.generation is not None]

    def hellos(self) -> list[Hello]:
        """Every hello of the stream agent that the kernel accepted."""
        leaves = [decode_entry(value) for value in self.there.ledger()]
        found = [decode(ManifestEntry, leaf.body) for leaf in leaves if leaf.kind == EntryKind.MANIFEST]
        said = [opened(each.manifest, Hello) for each in found if each.accepted]
        return [each for each in said if each.agent_id == "sovereign"]


@pytest.fixture(scope="module")
def desk(services: Running) -> Iterator[Desk]:
    lanes = (Lane.EOAM, Lane.SDS)
    card = create(services, NAME, clock="LIVE", accounts=(ACCOUNT,), lanes=lanes)
    found = Desk(there=Context(running=services, card=card))
    daemon.start(services.root, NAME, programs(services, card, lanes))
    open_accounts(services, card, found.there.schema_ids(), [Account(name=ACCOUNT, deposit="100000")],
                  time.time_ns() // 1_000)  # fmt: skip
    assert wait_until(lambda: bool(found.hellos()), timeout_s=WAIT_S), "the stream worker did not start"
    warm_up(found.there, time.time_ns() // 1_000)
    yield found
    daemon.stop(services.root, NAME)


def rerouted(folder: Path) -> Path:
    """The shipped routing table but for one thing: the class `momentum` goes to the mesh."""
    table = yaml.safe_load(ROUTING.read_text(encoding="utf-8"))
    table["version"] = "2"
    table["rows"] = [row for row in table["rows"] if row["lane"] != "DLPCI"]
    for row in table["rows"]:
        if row["decision_class"] == "momentum":
            row |= {"lane": "EOAM", "agents": ["risk", "strategy"]}
    path = folder / "routing.yaml"
    path.write_text(yaml.safe_dump(table), encoding="utf-8")
    return path


def test_an_atom_is_said_again_byte_for_byte(desk: Desk) -> None:
    first = desk.momentum(Lane.SDS)[0]
    told = desk.told("atom", "reproduce", first.dfid.hex())
    assert (told["same"], told["differences"], told["commitment_checked"]) == (True, [], True)
    (record,) = desk.told("model", "ls")
    assert told["model"]["hash"] == record["model"] == desk.hellos()[0].model_hash.hex()
    assert set(told["model"]["weights"]) == {"model.safetensors"}


def test_the_same_class_takes_the_other_road_by_routing_table_alone(desk: Desk, tmp_path: Path) -> None:
    assert desk.momentum(Lane.SDS)
    pushed = desk.run("routing", "push", str(rerouted(tmp_path)))
    assert "in force from ledger seq" in pushed.stdout, pushed.output
    assert desk.run("routing", "push", str(rerouted(tmp_path))).exit_code == 5
    desk.momentum(Lane.EOAM)
    rows = {(row["class"], row["lane"]): row for row in desk.told("summary")}
    stream, mesh = rows["momentum", "SDS"], rows["momentum", "EOAM"]
    assert sum(stream["verdicts"].values()) >= 1
    assert sum(mesh["verdicts"].values()) >= 1
    assert stream["model_calls"] >= 1
    assert mesh["model_calls"] == 0
    assert mesh["answers"] > sum(mesh["verdicts"].values())  # a window holds every agent's answer
    for row in (stream, mesh):
        assert row["measured"] >= 1
        assert row["latency_ms"]["p99"] >= row["latency_ms"]["p50"] > 0
    assert "momentum" in desk.run("summary", "--window", "1h").stdout


def test_a_worker_whose_folder_holds_another_model_does_not_start(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(WEIGHTS, other)
    manifest = json.loads((other / MANIFEST).read_text(encoding="utf-8"))
    manifest["files"]["config.json"] = "0" * 64
    (other / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    program = worker(desk.there.running, desk.there.card, "sovereign")
    env = {**os.environ, **program.env, "INTERLOCK_MODEL__PATH": str(other), "INTERLOCK_SHARD": "1"}
    done = subprocess.run(program.argv, env=env, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert done.returncode == REFUSED, done.stderr
    assert "other holds model" in done.stderr + done.stdout


def test_a_model_of_ones_own_speaks_after_a_signed_record(desk: Desk, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(WEIGHTS, own)
    (own / MANIFEST).unlink()
    config = json.loads((own / "config.json").read_text(encoding="utf-8"))
    (own / "config.json").write_text(json.dumps({**config, "name_of_its_own": "b"}), encoding="utf-8")
    shipped = desk.atoms()[0].generation
    assert shipped is not None
    env = {"INTERLOCK_STATE": str(desk.there.running.root)}
    checked = desk.runner.invoke(app, ["model", "check", str(own), "--rows", "16", "--renew"], env=env)
    assert checked.exit_code == 0, checked.output
    used = desk.run("model", "use", str(own))
    assert "in force from ledger seq" in used.stdout, used.output
    older, newer = desk.told("model", "ls")
    assert (older["in_force"], newer["in_force"], newer["here"]) == (False, True, True)
    assert newer["model"] != older["model"]
    assert wait_until(lambda: desk.hellos()[-1].model_hash.hex() == newer["model"], timeout_s=WAIT_S)
