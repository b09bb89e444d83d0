"""Poison, bugs and stalls on a real broker, with the registry dead from the first record to the last.

One ledger of the proof lane with its real processes; the broker is this module's own, to be killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from confluent_kafka import Producer
from typer.testing import CliRunner

from interlock import following
from interlock.cli import app
from interlock.context import Context
from interlock.genesis import Account, Message, create, open_accounts, send
from interlock.programs import environment, programs
from interlock.services import daemon, detached, local, registry
from interlock.services.doctor import examine
from interlock.services.program_status import Phase
from interlock.services.running import Running
from interlock.services.supervisor import wait_until
from ledger.entry import decode_entry
from ledger.envelope import opened, seal
from ledger.hashes import explain_commitment
from ledger.signing import Signer
from schemas import models as m
from schemas.codec import decode
from schemas.kinds import EntryKind
from schemas.wire import PREFIX, SchemaIds, unframed
from transport import exits
from transport.card import Card, seed
from transport.names import LedgerName, physical
from transport.probes import progress_file, ready

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]
NAME, ACCOUNT, BTC = LedgerName("poison"), "paper-1", "btc-usd"
CHECKOUT = Path(__file__).resolve().parent.parent.parent
MINUTE = 60_000_000
# Topic and what stands on it: written by a principal that may write everything.
POISON: tuple[tuple[str, bytes | None], ...] = tuple(
    (topic, value)
    for topic in (
        "market.signals", "instructions", "flows.dlpci", "flows.eoam", "mesh.proposals", "evidence.requests",
        "evidence.attestations", "proposals", "human.decisions", "control", "agents.manifest",
        "venue.receipts", "kernel.intents",
    )
    for value in (b"noise", None, PREFIX.pack(0, 1) + b"\xff" * 40, b"\x00" * 15_000)
)  # fmt: skip


@dataclass
class Desk:
    """One ledger and what is sent to it."""

    running: Running
    card: Card
    ids: SchemaIds
    runner: CliRunner = field(default_factory=CliRunner)

    @property
    def there(self) -> Context:
        return Context(running=self.running, card=self.card)

    def run(self, *words: str) -> Result:
        env = {"INTERLOCK_STATE": str(self.running.root)}
        return self.runner.invoke(app, [*words, "--ledger", NAME], env=env)

    def told(self, *words: str) -> Any:
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def put(self, topic: str, value: bytes | None, headers: Any = ()) -> int:
        """Write one record as the admin; its offset."""
        offsets: list[int] = []
        producer = Producer({**self.running.admin(), "acks": "all"})
        producer.produce(
            physical(NAME, topic), value, b"k", 0, headers=list(headers),
            on_delivery=lambda error, message: offsets.append(-1 if error else message.offset()),
        )  # fmt: skip
        assert producer.flush(20) == 0
        assert offsets != [-1], f"{topic} took no record"
        return offsets[0]

    def quote(self) -> None:
        one = Decimal(1)
        self.signal(m.Quote(bid=Decimal(4010), ask=Decimal("4010.1"), bid_size=one, ask_size=one), now())

    def signal(self, body: Any, at: int) -> None:
        name = f"{type(body).__name__.lower()}-{at}"
        made = m.MarketSignal(
            source="desk", signal_id=name, instrument=BTC, venue="desk", event_time=at, body=body
        )
        record = Message(topic="market.signals", partition=0, key=BTC.encode(), value=self.ids.pack(made))
        send(self.running, "feeder", NAME, [record])

    def instruct(self, text: str) -> None:
        salt = bytes(32)
        order = m.Instruction(
            ledger=self.card.ledger, account=ACCOUNT, instruction_id=f"i-{now()}", event_time=now(),
            decision_class="audit", instrument=BTC, urgency=m.Urgency.NORMAL, compliance=True,
            text_commitment=explain_commitment(text, salt),
        )  # fmt: skip
        key = Signer(seed(self.running.root, NAME, f"principal-{ACCOUNT}"))
        value = self.ids.pack(m.InstructionRecord(envelope=seal(order, key), text=text, salt=salt))
        record = Message(topic="instructions", partition=0, key=ACCOUNT.encode(), value=value)
        send(self.running, "console", NAME, [record])

    def quarantined(self) -> dict[tuple[str, int], set[str]]:
        """Reasons by topic and offset."""
        found: dict[tuple[str, int], set[str]] = {}
        for record in self.there.read("quarantine"):
            about = unframed(m.Quarantined, record.value)
            found.setdefault((about.topic, about.offset), set()).add(about.reason)
        return found

    def receipts(self) -> list[m.Receipt]:
        found = [
            unframed(m.Envelope, each.value) for each in self.there.read("venue.receipts") if genuine(each)
        ]
        return [opened(each, m.Receipt) for each in found]

    def starts(self) -> dict[str, tuple[Phase, int]]:
        return {one.name: (one.phase, one.starts) for one in daemon.ps(self.running.root)[NAME]}


def now() -> int:
    return time.time_ns() // 1_000


def genuine(record: Any) -> bool:
    try:
        opened(unframed(m.Envelope, record.value), m.Receipt)
    except ValueError:
        return False
    return True


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The registry is killed before the first process starts, and stays dead."""
    running = local.ensure(tmp_path_factory.mktemp("poison") / "state")
    card = create(running, NAME, clock="LIVE", accounts=(ACCOUNT,), lanes=(m.Lane.DLPCI,))
    pid = detached.running(registry.pid_file(running.state))
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    ids = Context(running=running, card=card).schema_ids()
    open_accounts(running, card, ids, [Account(name=ACCOUNT, deposit="100000")], now())
    found = Desk(running=running, card=card, ids=ids)
    daemon.start(running.root, NAME, programs(running, card, (m.Lane.DLPCI,)))
    yield found
    local.down(running.root)


def test_poison_on_every_topic_stops_nobody_and_lies_in_quarantine_or_is_refused(desk: Desk) -> None:
    places = [(topic, desk.put(topic, value), value) for topic, value in POISON]
    places.append(("market.signals", bent_header(desk), b"x"))
    places.append(("market.signals", desk.put("market.signals", b"x", [("foreign", b"\xff\x00")]), b"x"))
    wanted = {(topic, offset) for topic, offset, _ in places}
    assert wait_until(lambda: wanted <= desk.quarantined().keys(), timeout_s=60), (
        wanted - desk.quarantined().keys()
    )
    assert set(desk.starts().values()) == {(Phase.RUNNING, 1)}


def bent_header(desk: Desk) -> int:
    """A header whose name is no UTF-8, through the open door: librdkafka cannot write one, a stranger can."""
    script = (
        "import asyncio, sys; from aiokafka import AIOKafkaProducer\n"
        "class Bent(str):\n"
        "    def encode(self, *_): return b'\\xff\\xfe'\n"
        "async def go():\n"
        "    producer = AIOKafkaProducer(bootstrap_servers=sys.argv[1])\n"
        "    await producer.start()\n"
        "    headers = [(Bent('a'), b'y')]\n"
        "    sent = await producer.send_and_wait(sys.argv[2], b'x', partition=0, headers=headers)\n"
        "    print(sent.offset); await producer.stop()\n"
        "asyncio.run(go())"
    )
    argv = [sys.executable, "-c", script, desk.running.bootstrap_open, physical(NAME, "market.signals")]
    env = {**os.environ, "AIOKAFKA_NO_EXTENSIONS": "1"}
    return int(subprocess.run(argv, env=env, capture_output=True, text=True, check=True).stdout)


def test_the_broker_takes_no_value_over_its_limit_however_well_it_is_packed(desk: Desk) -> None:
    errors: list[Any] = []
    config = {"bootstrap.servers": desk.running.bootstrap_open, "compression.type": "gzip"}
    producer = Producer({**config, "message.max.bytes": 40_000_000})
    topic = physical(NAME, "market.signals")
    producer.produce(topic, bytes(15_000_000), b"k", 0, on_delivery=lambda error, _: errors.append(error))
    producer.flush(20)
    assert [error.name() for error in errors] == ["MSG_SIZE_TOO_LARGE"]


def test_without_a_registry_a_flow_goes_from_instruction_to_receipt(desk: Desk) -> None:
    assert detached.running(registry.pid_file(desk.running.state)) is None
    begin = now() - 27 * MINUTE
    for minute in range(26):
        close = Decimal(4000 + 30 * (minute % 2))
        bar = m.Bar(
            open=close, high=close + 1, low=close - 1, close=close, volume=Decimal(5), period_ms=60_000
        )
        desk.signal(bar, begin + minute * MINUTE)
    desk.quote()
    time.sleep(0.5)
    desk.instruct(f"BUY 0.1 {BTC} LIMIT 4040 STOP 3900 TARGET 4400")
    assert wait_until(lambda: bool(desk.receipts()), timeout_s=60), desk.run("decisions").output
    assert desk.run("halt", "--everything").exit_code == 0
    assert desk.run("resume", "--everything").exit_code == 0
    assert set(desk.starts().values()) == {(Phase.RUNNING, 1)}


def test_quarantine_is_listed_shown_and_sent_again(desk: Desk) -> None:
    everything = desk.told("quarantine", "ls", "-n", "1000")
    noise = next(
        each for each in everything if each["topic"] == "market.signals" and each["reason"] == "NOT_FRAMED"
    )
    assert (noise["partition"], noise["worker"], bytes.fromhex(noise["value"])) == (0, "selector-0", b"noise")
    shown = desk.told("quarantine", "show", noise["name"])
    assert (shown["retry"], shown["message"], "schema id" in shown["why"]) == (True, b"noise".hex(), True)
    before = len(list(desk.there.read("market.signals")))
    assert desk.told("quarantine", "retry", noise["name"])["as"] == "feeder"
    again = list(desk.there.read("market.signals"))[before:]
    assert [each.value for each in again] == [b"noise"]
    assert wait_until(lambda: ("market.signals", again[0].offset) in desk.quarantined(), timeout_s=30)
    null = next(each for each in everything if each["topic"] == "control" and each["reason"] == "NULL_VALUE")
    facts = next(each for each in everything if each["topic"] == "kernel.intents")
    for refused, word in ((null, "no value"), (facts, "nobody sends in their name")):
        result = desk.run("quarantine", "retry", refused["name"])
        assert (result.exit_code, word in result.stderr) == (1, True)
    assert desk.run("quarantine", "show", "9/9").exit_code == 1


def test_a_bug_stops_its_process_again_and_again_until_an_operator_signs_the_record_away(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.stop(desk.running.root, NAME)
    at = {
        "selector": "market.signals", "kernel": "market.signals", "arbiter": "flows.dlpci",
        "executor": "kernel.intents", "prover": "flows.dlpci",
    }  # fmt: skip
    places = {topic: desk.put(topic, b"boom") for topic in set(at.values())}
    for _ in range(2):
        assert ended(desk, at) == {
            name: (exits.BUG, f"{topic}[0]@{places[topic]}") for name, topic in at.items()
        }
    with monkeypatch.context() as patch:
        patch.setattr(following, "ANSWER_S", 0.3)  # the kernel is among the stopped
        for topic, offset in places.items():
            result = desk.run("skip", topic, "0", str(offset))
            assert (result.exit_code, "nothing is lost" in result.stderr) == (6, True), result.output
    started = begun(desk, at)
    wanted = set(places.items())
    try:
        passed = wait_until(lambda: wanted <= skipped(desk), timeout_s=60)
        assert passed, skipped(desk)
        assert wait_until(lambda: len(accepted(desk)) == len(places), timeout_s=30), accepted(desk)
        files = [progress_file(desk.running.root, NAME, f"{name}-0") for name in at]
        pids = {child.pid for child in started.values()}  # who has not begun cannot be told to end
        assert wait_until(
            lambda: {json.loads(file.read_text())["pid"] for file in files} == pids, timeout_s=60
        )
        assert {name: child.poll() for name, child in started.items()} == dict.fromkeys(at)
    finally:
        for child in started.values():
            child.terminate()
        assert {child.wait(20) for child in started.values()} == {0}


def begun(desk: Desk, names: Any) -> dict[str, subprocess.Popen[bytes]]:
    """The real processes, each with the bug."""
    found: dict[str, subprocess.Popen[bytes]] = {}
    for name in names:
        env = {**os.environ, **environment(desk.running, desk.card, name), "PYTHONPATH": str(CHECKOUT)}
        with (desk.running.state.logs / NAME / f"bug-{name}.log").open("ab") as log:
            argv = [sys.executable, "-m", "tests.planted_bug", name]
            found[name] = subprocess.Popen(argv, cwd=CHECKOUT, env=env, stdout=log, stderr=log)
    return found


def ended(desk: Desk, names: Any) -> dict[str, tuple[int, str]]:
    """Run them to their end: exit code, and the last place each has named; once more where it named two."""
    found: dict[str, tuple[int, str]] = {}
    for _ in range(2):
        left = [name for name in names if " to " in found.get(name, (0, " to "))[1]]
        for name, child in begun(desk, left).items():
            code = child.wait(60)
            said = (desk.running.state.logs / NAME / f"bug-{name}.log").read_text()
            found[name] = code, said.rpartition(" failed: ")[2].splitlines()[0]
    return found


def skipped(desk: Desk) -> set[tuple[str, int]]:
    return {place for place, reasons in desk.quarantined().items() if "SKIPPED" in reasons}


def accepted(desk: Desk) -> list[m.Control]:
    leaves = (decode_entry(value) for value in desk.there.ledger())
    entries = [decode(m.ControlEntry, leaf.body) for leaf in leaves if leaf.kind == EntryKind.CONTROL]
    commands = [opened(each.command, m.Control) for each in entries if each.accepted]
    return [each for each in commands if each.verb is m.Verb.SKIP]


def test_who_stands_still_is_not_ready_and_the_doctor_says_what_it_waits_for(desk: Desk) -> None:
    root = desk.running.root
    if not daemon.is_running(root, NAME):
        daemon.start(root, NAME, programs(desk.running, desk.card, (m.Lane.DLPCI,)))
    loops = ("selector-0", "arbiter-0", "kernel-0", "executor-0", "prover-0")
    files = {name: progress_file(root, NAME, name) for name in loops}
    assert wait_until(lambda: all(ready(file).ready for file in files.values()), timeout_s=60)
    frozen = next(one.pid for one in daemon.ps(root)[NAME] if one.name == "arbiter")
    assert frozen is not None
    os.kill(frozen, signal.SIGSTOP)
    broker = detached.running(desk.running.pid_files()[0])
    assert broker is not None
    os.kill(broker, signal.SIGKILL)
    try:
        assert wait_until(lambda: not any(ready(file).ready for file in files.values()), timeout_s=60), {
            name: ready(file) for name, file in files.items()
        }
        whys = {name: ready(file).why for name, file in files.items()}
        assert "gone or frozen" in whys["arbiter-0"]
        waiting = {name for name, why in whys.items() if "waits for the broker" in why}
        assert waiting >= {"selector-0", "kernel-0", "executor-0"}, whys
        assert all(f"{name} (pid" in why and " s" in why for name, why in whys.items())
        told = [one.what for one in examine(root, NAME) if one.about == "programs"]
        assert {name for name in loops if any(name in what for what in told)} == {*loops}
        (prover,) = [what for what in told if "prover-0" in what]  # it waits, or ends and begins again
        assert "waits for the broker" in prover, told
        log = (desk.running.state.logs / NAME / "selector.log").read_text()
        assert "selector-0 (pid" in log
    finally:
        os.kill(frozen, signal.SIGCONT)
        desk.running = local.ensure(root)
    assert wait_until(lambda: all(ready(file).ready for file in files.values()), timeout_s=90), {
        name: ready(file) for name, file in files.items()
    }
