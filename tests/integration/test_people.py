"""Operators at work on a real broker: an account, a halt, a second key, and a person's answer to the kernel.

Kernel and executor are the real processes; selector and one agent are played here with the ledger's own keys.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from interlock import following
from interlock.accounts import latest_views
from interlock.cli import app
from interlock.context import Context
from interlock.genesis import Message, create, send
from interlock.programs import loop
from interlock.reading import decisions
from interlock.services import daemon
from interlock.services.faults import ServicesError
from interlock.services.running import Running
from interlock.services.supervisor import Program, wait_until
from ledger.envelope import opened, seal
from ledger.hashes import contract_hash, dfid, flow_hash, state_hash
from ledger.registry import Registry
from ledger.signing import Signer
from rules.contract_json import parse
from schemas import models as m
from schemas.codec import encode
from transport.card import seed
from transport.names import LedgerName

pytestmark = [pytest.mark.broker, pytest.mark.timeout(240)]
NAME = LedgerName("people")
BTC, AGENT, ACCOUNT = "btc-usd", "sovereign", "paper-1"
SECOND = 1_000_000
NO_USAGE = m.Usage(model_calls=0, tool_calls=0, tokens_in=0, tokens_out=0, rounds=0, inference_ms=0)


@dataclass
class Desk:
    """One ledger, its commands, and the two whom nobody plays for us. ``signals`` counts what was sent."""

    there: Context
    programs: tuple[Program, ...]
    runner: CliRunner = field(default_factory=CliRunner)
    signals: int = 0

    def run(self, *words: str) -> Result:
        """A command of the face, on this ledger."""
        env = {"INTERLOCK_STATE": str(self.there.running.root)}
        return self.runner.invoke(app, [*words, "--ledger", NAME], env=env)

    def told(self, *words: str) -> Any:
        """What a command that must work answers as JSON."""
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def start(self) -> None:
        daemon.start(self.there.running.root, NAME, self.programs)

    def stop(self) -> None:
        daemon.stop(self.there.running.root, NAME)

    def key(self, who: str) -> Signer:
        return Signer(seed(self.there.running.root, NAME, who))

    @functools.cached_property
    def registry(self) -> Registry:
        """As it stood first: contracts, rules and shapes do not change here."""
        return self.there.registry()

    def send(self, principal: str, topic: str, message: object) -> None:
        value = self.registry.schema_ids.pack(message)
        record = Message(topic=topic, partition=0, key=ACCOUNT.encode(), value=value)
        send(self.there.running, principal, NAME, [record])

    def quote(self, bid: str, ask: str) -> None:
        one = Decimal(1)
        body = m.Quote(bid=Decimal(bid), ask=Decimal(ask), bid_size=one, ask_size=one)
        self.signals += 1
        signal = m.MarketSignal(source="desk", signal_id=f"q{self.signals}", instrument=BTC, venue="desk",
                                event_time=now(), body=body)  # fmt: skip
        self.send("feeder", "market.signals", signal)

    def hello(self) -> None:
        contract = self.contract()
        said = m.Manifest(
            ledger=self.there.card.ledger, agent_id=AGENT, contract_version=parse(contract).version,
            contract_hash=contract_hash(contract), schema_majors=("1",), policy_types=(m.IntentKind.ATOM,),
            at=now(),
        )  # fmt: skip
        self.send(AGENT, "agents.manifest", seal(said, self.key(AGENT)))

    def contract(self) -> bytes:
        found = self.registry.body(m.DocumentKind.CONTRACT, AGENT)
        assert found is not None
        return found

    def propose(self, confidence: str) -> bytes:
        """A flow on the last quote and a BUY of half a coin; the flow's name."""
        flow = self.flow()
        sealed = seal(flow, self.key("selector"))
        ask = flow.snapshot.instruments[0].ask
        assert ask is not None
        limit = (ask * Decimal("1.001")).quantize(Decimal("0.01"))
        intent = m.Intent(
            ledger=flow.ledger, account=ACCOUNT, lane=m.Lane.SDS, kind=m.IntentKind.ATOM, dfid=flow.dfid,
            flow_hash=flow_hash(sealed.payload), step_id="s1", attempt=1, agent_id=AGENT,
            contract_version=flow.woken[0].version, action=m.Action.BUY, instrument=BTC,
            quantity=Decimal("0.5"), limit_price=limit,
            stop=(limit * Decimal("0.98")).quantize(Decimal("0.01")),
            target_price=(limit * Decimal("1.06")).quantize(Decimal("0.01")),
            time_in_force=m.TimeInForce.IOC, valid_from=flow.snapshot.taken_at,
            valid_until=flow.flow_expires_at, drift_envelope_bps=Decimal(50),
            state_hash=state_hash(encode(flow.snapshot)), confidence=Decimal(confidence), usage=NO_USAGE,
            rounds=(), explain_commitment=bytes(32),
        )  # fmt: skip
        body = seal(intent, self.key(AGENT))
        self.send(AGENT, "proposals", m.Proposal(flow=sealed, body=body, attestations=()))
        return flow.dfid

    def flow(self) -> m.FlowOpened:
        """A flow as an honest selector opens it now."""
        self.signals += 1
        registry, name = self.registry, f"s{self.signals}"
        rules = registry.granted(m.DocumentKind.RULES, "law")
        assert rules is not None
        seen = next(each for each in latest_views(self.there) if each.view.account == ACCOUNT)
        shot = m.Snapshot(
            taken_at=now(), feature_version=1, rules_hash=rules.digest, instruments=(self.market(),),
            headlines=(), account=seen.view, account_hash=seen.view_hash, equity=seen.equity, peak=seen.peak,
            day_start=seen.day_start,
        )  # fmt: skip
        contract = self.contract()
        woken = m.WokenAgent(agent_id=AGENT, version=parse(contract).version, veto=False, priority=2,
                             contract_hash=contract_hash(contract), trajectory=())  # fmt: skip
        trigger = m.Trigger(topic="market.signals", partition=0, offset=0, kind="BAR", source="desk",
                            signal_id=name, instrument=BTC, event_time=now(),
                            value_hash=bytes(32))  # fmt: skip
        return m.FlowOpened(
            ledger=self.there.card.ledger,
            dfid=dfid(self.there.card.ledger, "desk", name, ACCOUNT, "test"), account=ACCOUNT,
            decision_class="test", lane=m.Lane.SDS, attempt=1, steps=("s1",), trigger=trigger,
            woken=(woken,), routing_hash=bytes(32), deadline=shot.taken_at + 30 * SECOND,
            flow_expires_at=shot.taken_at + 600 * SECOND, snapshot=shot,
        )  # fmt: skip

    def market(self) -> m.InstrumentView:
        record = list(self.there.read("market.signals"))[-1]
        signal = self.registry.schema_ids.unpack(m.MarketSignal, record.value)
        assert isinstance(signal.body, m.Quote)
        middle = (signal.body.bid + signal.body.ask) / 2
        return m.InstrumentView(
            instrument=BTC, last=middle, bid=signal.body.bid, ask=signal.body.ask, mid=middle,
            spread_bps=Decimal(1), atr=Decimal(4), volatility=Decimal("0.001"), drawdown=Decimal(0),
            returns=(), price_partition=0, price_offset=record.offset, quote_time=signal.event_time,
        )  # fmt: skip

    def verdict(self, flow: bytes) -> str:
        """The reason of the flow's decision, waited for."""
        assert wait_until(lambda: bool(self._ruled(flow)), timeout_s=20), "no decision came"
        return self._ruled(flow)[-1]

    def _ruled(self, flow: bytes) -> list[str]:
        return [each.reason for each in decisions(self.there.ledger()) if each.dfid == flow]


def now() -> int:
    return time.time_ns() // 1_000


@pytest.fixture(scope="module")
def desk(services: Running) -> Iterator[Desk]:
    card = create(services, NAME, clock="LIVE", accounts=(ACCOUNT,), lanes=(m.Lane.SDS,))
    programs = tuple(loop(services, card, name) for name in ("kernel", "executor"))
    found = Desk(there=Context(running=services, card=card), programs=programs)
    found.start()
    yield found
    found.stop()


def test_an_account_is_opened_funded_and_shown(desk: Desk) -> None:
    opened = desk.told("account", "open", ACCOUNT, "100000")
    assert [each["reason"] for each in opened["answers"]] == ["FOLDED"]
    assert "folded at ledger seq" in desk.run("account", "fund", ACCOUNT, "5000.50").stdout
    shown = desk.told("account", "show", ACCOUNT)
    assert (shown["cash"], shown["deposits"], shown["state"]) == ("105000.5", "105000.5", "ACTIVE")
    twice = desk.run("account", "open", ACCOUNT, "1")
    assert (twice.exit_code, "ILLEGAL_TRANSITION" in twice.stderr) == (5, True)
    assert "an account of that name is open" in twice.stderr
    nobody = desk.run("account", "withdraw", "nobody", "1")
    assert (nobody.exit_code, "UNKNOWN_ACCOUNT" in nobody.stderr) == (5, True)
    assert desk.run("account", "withdraw", ACCOUNT, "999999").exit_code == 5


def test_after_a_halt_a_decision_is_refused_by_name_until_the_resume(desk: Desk) -> None:
    desk.hello()
    assert desk.run("halt", "--account", ACCOUNT, "--instrument", BTC, "--for", "30m").exit_code == 0
    desk.quote("4000", "4001")
    assert desk.verdict(desk.propose("0.9")) == "TRADING_HALTED"
    assert desk.told("account", "show", ACCOUNT)["halted_instruments"] == [BTC]
    (stands,) = desk.told("halts")
    assert (stands["scope"], stands["state"]) == (f"account {ACCOUNT} instrument {BTC}", "HALTED")
    assert stands["until"] > now()
    assert desk.told("account", "show", ACCOUNT)["curbs"] == [stands]
    typed = desk.run("halt", "--instrument", "nosuch")
    assert (typed.exit_code, BTC in typed.stderr) == (2, True)
    assert desk.run("resume", "--account", ACCOUNT, "--instrument", BTC).exit_code == 0
    assert desk.told("halts") == []
    assert desk.told("account", "show", ACCOUNT)["halted_instruments"] == []


def test_a_suspended_agent_is_refused_by_name_until_its_reset(desk: Desk) -> None:
    assert desk.run("agent", "suspend", AGENT, "--account", ACCOUNT).exit_code == 0
    desk.quote("4000", "4001")
    assert desk.verdict(desk.propose("0.9")) == "AGENT_SUSPENDED"
    listed = {each["agent"]: each["standings"] for each in desk.told("agent", "ls")}
    assert listed[AGENT] == {ACCOUNT: "SUSPENDED"}
    assert desk.run("agent", "reset", AGENT, "--account", ACCOUNT).exit_code == 0


def test_an_escalation_is_shown_overridden_and_filled(desk: Desk) -> None:
    desk.quote("4000", "4001")
    flow = desk.propose("0.1")
    assert desk.verdict(flow) == "LOW_CONFIDENCE"
    (waits,) = desk.told("inbox", "ls")
    assert (waits["dfid"], waits["reason"], waits["price"]) == (flow.hex(), "LOW_CONFIDENCE", "4000.5")
    page = desk.run("inbox", "show", "last").stdout
    assert "BUY 0.5 btc-usd" in page
    assert waits["digest"] in page
    assert "4000.5 seen" in page
    assert " s ago" in page
    decided = desk.told("inbox", "decide", flow.hex(), "--consequence", "override", "--because", "I saw it")
    assert (decided["choice"], decided["verdict"]) == ("OVERRIDE", "ACCEPTED")
    assert wait_until(lambda: desk.told("account", "show", ACCOUNT)["positions"] != [], timeout_s=20)
    (held,) = desk.told("account", "show", ACCOUNT)["positions"]
    assert (held["instrument"], held["quantity"]) == (BTC, "0.5")
    assert desk.told("inbox", "ls") == []
    late = desk.run("inbox", "decide", flow.hex(), "--consequence", "abort", "--because", "too late")
    assert (late.exit_code, "does not wait for a person" in late.stderr) == (1, True)
    assert "I saw it" in desk.run("why", flow.hex()).stdout


def test_a_principals_order_is_signed_and_sent(desk: Desk) -> None:
    sent = desk.told("instruct", ACCOUNT, "buy a little", "--instrument", BTC, "--notional", "500")
    (record,) = desk.there.read("instructions")
    found = desk.registry.schema_ids.unpack(m.InstructionRecord, record.value)
    assert (found.text, record.key) == ("buy a little", ACCOUNT.encode())
    assert opened(found.envelope, m.Instruction).instruction_id == sent["instruction_id"]
    assert desk.run("instruct", ACCOUNT, "buy", "--instrument", "nosuch").exit_code == 2


@pytest.mark.parametrize("topic", ["control", "human.decisions", "registry", "escalations"])
def test_an_agent_cannot_write_what_only_operators_the_release_or_the_kernel_may(
    desk: Desk, topic: str
) -> None:
    said = desk.key(AGENT)
    command = m.Control(ledger=desk.there.card.ledger, serial=1, verb=m.Verb.RESUME, reason="x", at=now())
    with pytest.raises(ServicesError, match="authorization"):
        desk.send(AGENT, topic, seal(command, said))


def test_what_an_agent_signs_is_no_operators_word_even_through_the_console(desk: Desk) -> None:
    refused = desk.run("resume", "--account", ACCOUNT, "--by", AGENT)
    assert (refused.exit_code, "KEY_NOT_VALID" in refused.stderr) == (5, True)


def test_a_second_operator_signs_with_his_own_key_until_it_is_revoked(desk: Desk) -> None:
    enrolled = desk.run("keys", "new", "OPERATOR", "second")
    assert enrolled.exit_code == 0, enrolled.output
    keyid = enrolled.stdout.split()[0]
    assert desk.run("keys", "new", "OPERATOR", "second").exit_code == 5
    desk.quote("4000", "4001")
    flow = desk.propose("0.1")
    assert desk.verdict(flow) == "LOW_CONFIDENCE"
    ended = desk.told("inbox", "decide", flow.hex(), "--consequence", "abort", "--because", "no", "--by",
                      "second")  # fmt: skip
    assert (ended["flow_status"], ended["verdict"]) == ("ABORTED", None)
    assert desk.run("keys", "revoke", keyid).exit_code == 0
    assert [each["in_force"] for each in desk.told("keys", "ls") if each["keyid"] == keyid] == [False]
    refused = desk.run("halt", "--everything", "--by", "second")
    assert (refused.exit_code, "KEY_NOT_VALID" in refused.stderr) == (5, True)


def test_above_the_contracts_limit_two_operators_sign(desk: Desk, tmp_path: Path) -> None:
    written = json.loads(desk.contract())
    written["version"], written["escalation"]["two_persons_above_usd"] = "1.1.0", "1000"
    grant, act = tmp_path / "sovereign.yaml", tmp_path / "act.json"
    grant.write_text(json.dumps(written), encoding="utf-8")
    assert "in force from ledger seq" in desk.run("contract", "push", str(grant)).stdout
    assert desk.run("keys", "new", "OPERATOR", "third").exit_code == 0
    del desk.registry
    desk.hello()
    desk.quote("4000", "4001")
    flow = desk.propose("0.1")
    assert desk.verdict(flow) == "LOW_CONFIDENCE"
    assert [each["persons"] for each in desk.told("inbox", "ls")] == [2]
    first = desk.run("inbox", "decide", "last", "--consequence", "override", "--because", "x", "-o", str(act))
    assert (first.exit_code, "inbox cosign" in first.stdout) == (0, True)
    assert desk.run("inbox", "cosign", str(act), "--by", "operator").exit_code == 2
    both = desk.told("inbox", "cosign", str(act), "--by", "third")
    assert (both["dfid"], both["verdict"]) == (flow.hex(), "ACCEPTED")


def test_without_a_kernel_a_command_says_so_and_is_not_lost(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.stop()
    with monkeypatch.context() as patch:
        patch.setattr(following, "ANSWER_S", 0.5)
        silent = desk.run("reduce", "--account", ACCOUNT)
    assert (silent.exit_code, "nothing is lost" in silent.stderr) == (6, True)
    desk.start()
    assert wait_until(lambda: desk.told("account", "show", ACCOUNT)["state"] == "REDUCING", timeout_s=60)
