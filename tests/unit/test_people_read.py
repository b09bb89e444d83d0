"""What people read of a decision, of what is stopped and of a price; and which words are refused unsigned."""

from __future__ import annotations

import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from interlock.cli import app
from interlock.cli_instruct import instruction_of, urgency_of
from interlock.cli_look import sentence
from interlock.contract_changes import changes, is_newer, widened
from interlock.curbs import Stopped, concerning, curbs, folded
from interlock.grants import ROUTING
from interlock.inbox import Waiting, fold
from interlock.inbox_price import Seen, may_sign
from interlock.inbox_show import figures, page
from interlock.known import must_be_known
from interlock.mandate_roads import is_worked
from interlock.programs import absent_of
from interlock.reading import Decided, decisions
from interlock.say import Exit, Stop
from ledger.__main__ import COMMANDS
from ledger.__main__ import main as ledger_main
from ledger.envelope import cosign, seal
from ledger.hashes import explain_commitment
from ledger.six import six
from ledger.six_text import as_text
from rules.config_error import ConfigError
from rules.contract_json import from_yaml
from rules.routing_table import routing_from_yaml
from schemas import models as m
from tests.build import ACCOUNT, BTC, ETH, LEDGER, NOW, SECOND, World, granted, signer

D = Decimal
SOVEREIGN = Path(__file__).parents[2] / "agents" / "contracts" / "sovereign.yaml"


def escalated() -> tuple[World, m.FlowOpened, m.Envelope]:
    world = World()
    flow = world.flow()
    body = seal(world.intent(flow, confidence=D("0.1")), signer("sovereign"))
    world.propose(flow, body)
    world.run()
    return world, flow, body


def told(world: World, flow: m.FlowOpened) -> list[Decided]:
    return [each for each in decisions(world.ledger) if each.dfid == flow.dfid]


def stop(call: Any, *args: Any, **kwargs: Any) -> Stop:
    with pytest.raises(Stop) as stopped:
        call(*args, **kwargs)
    return stopped.value


# -- what was approved -----------------------------------------------------------------------------------


def test_a_modified_order_is_read_with_the_persons_choice_quantity_and_signers() -> None:
    world, flow, body = escalated()
    world.decide(flow, body, m.HumanChoice.MODIFY, quantity=D("0.3"))
    world.run()
    asked, chosen, ruled = told(world, flow)
    assert (asked.verdict, chosen.signers) == ("ESCALATED", (signer("operator").keyid,))
    assert "MODIFY to 0.3" in chosen.what
    assert ruled.ordered == f"BUY 0.3 {BTC}"
    assert signer("operator").keyid.hex()[:12] in sentence(chosen)
    assert f"ordered BUY 0.3 {BTC}" in sentence(ruled)


def test_the_six_answers_hold_the_persons_quantity_every_signer_and_what_was_ordered() -> None:
    world, flow, body = escalated()
    act = world.decide(flow, body, m.HumanChoice.MODIFY, quantity=D("0.3"))
    world.queue.remove(act)
    ids = world.kernel.state.registry.schema_ids
    both = cosign(ids.unpack(m.Envelope, act.value), signer("second"))
    world.put("human.decisions", both)
    world.run()
    world.decide(flow, body, m.HumanChoice.MODIFY, quantity=D("0.3"))
    world.run()
    answers = six(world.ledger, flow.dfid)
    human = next(each for each in answers.answers["ruled"] if each["entry"] == "HUMAN")
    last = answers.answers["ruled"][-1]
    assert (human["choice"], human["quantity"], last["ordered"]["quantity"]) == ("MODIFY", "0.3", "0.3")
    assert signer("operator").keyid.hex() in human["signers"]
    assert "quantity=0.3" in as_text(answers)


def test_a_mandate_is_read_with_its_side_total_band_and_end() -> None:
    world = World()
    flow = world.mandated(total="1")
    (ruled,) = told(world, flow)
    assert f"MANDATE BUY 1 {BTC} between" in ruled.what
    assert "until 2017-09-04 06:30:00 UTC" in ruled.what
    (proposed,) = six(world.ledger, flow.dfid).answers["proposed"]
    assert proposed["frame"]["side"] == "BUY"
    assert D(proposed["frame"]["price_low"]) < D(proposed["frame"]["price_high"])


# -- what is stopped -------------------------------------------------------------------------------------


def stopped(world: World) -> list[Stopped]:
    state = folded(world.ledger)
    assert state is not None
    return curbs(state, world.now)


def test_every_curb_is_told_with_its_scope_and_its_end() -> None:
    world = World()
    end = world.now + 1800 * SECOND
    world.control(m.Verb.REDUCE, account=ACCOUNT, instrument=BTC)
    world.control(m.Verb.HALT, lane=m.Lane.SDS, expires_at=end)
    world.control(m.Verb.HALT, instrument=ETH)
    world.control(m.Verb.HALT)
    world.run()
    found = {(each.scope, each.state.value, each.until) for each in stopped(world)}
    assert found == {
        ("everything", "HALTED", None),
        ("lane sds", "HALTED", end),
        (f"instrument {ETH}", "HALTED", None),
        (f"account {ACCOUNT} instrument {BTC}", "REDUCING", None),
    }
    assert len(concerning(stopped(world), "another")) == 3
    assert "until 2017-09-04 06:30:00 UTC" in next(e for e in stopped(world) if e.until).line()


def test_a_word_beneath_a_harder_one_is_told_and_what_has_ended_is_not() -> None:
    world = World()
    world.control(m.Verb.REDUCE, account=ACCOUNT)
    world.control(m.Verb.HALT, account=ACCOUNT, expires_at=world.now + 60 * SECOND)
    world.run()
    assert [(each.state.value, each.beneath) for each in stopped(world)] == [
        ("HALTED", False), ("REDUCING", True),
    ]  # fmt: skip
    state = folded(world.ledger)
    assert state is not None
    later = curbs(state, world.now + 61 * SECOND)
    assert [(each.state.value, each.beneath) for each in later] == [("REDUCING", False)]
    world.control(m.Verb.RESUME, account=ACCOUNT)
    world.run()
    assert stopped(world) == []


def test_an_empty_ledger_has_no_curbs() -> None:
    assert folded([]) is None


def test_a_name_nobody_knows_is_refused_with_the_names_there_are() -> None:
    refused = stop(must_be_known, "instrument", "nosuch", [ETH, BTC])
    assert (refused.code, refused.fix) == (Exit.USAGE, f"one of {BTC}, {ETH}")
    must_be_known("instrument", BTC, [ETH, BTC])


# -- what a price is -------------------------------------------------------------------------------------


def waiting() -> Waiting:
    world, _, _ = escalated()
    return fold(world.ledger, {}, world.now)[0]


def test_a_price_is_shown_with_its_age() -> None:
    each = waiting()
    now = each.at + 135 * SECOND
    assert any("4001 seen 135 s ago" in text for text in page(each, now, D(4001), each.at))
    assert figures(each, now, D(4001), each.at)["price_age_s"] == 135


@pytest.mark.parametrize("seen", [None, Seen(price=D(4001), at=NOW)])
def test_an_answer_on_a_price_too_old_is_refused_before_it_is_signed(seen: Seen | None) -> None:
    each, now = waiting(), NOW + 135 * SECOND
    limit = 90 * SECOND
    refused = stop(may_sign, each, m.HumanChoice.OVERRIDE, seen, now, limit, stale=False)
    assert refused.code is Exit.FAILED
    assert "--stale" in refused.fix
    may_sign(each, m.HumanChoice.OVERRIDE, seen, now, limit, stale=True)
    may_sign(each, m.HumanChoice.ABORT, seen, now, limit, stale=False)


def test_a_fresh_price_is_signed_on() -> None:
    seen = Seen(price=D(4001), at=NOW)
    may_sign(waiting(), m.HumanChoice.OVERRIDE, seen, NOW + 90 * SECOND, 90 * SECOND, stale=False)


# -- contracts, routing, lanes ---------------------------------------------------------------------------


def test_what_widens_a_grant_is_told_from_what_narrows_it() -> None:
    old = next(each for each in granted() if each.agent_id == "sovereign")
    wide = replace(old, limits=replace(old.limits, max_order_value=D(6000)), max_attempts=2)
    assert widened(old, wide) == {"limits.max_order_value"}
    assert widened(wide, old) == {"retry.max_attempts"}
    assert changes({"a": 1}, {"a": 2}) == [("a", "1", "2")]


def test_a_version_is_newer_by_its_numbers() -> None:
    assert is_newer("1.1.0", "1.0.5")
    assert is_newer("1.10.0", "1.9.0")
    assert not is_newer("1.0.5", "1.1.0")


def test_a_misspelt_key_is_named_with_the_key_that_was_meant() -> None:
    text = SOVEREIGN.read_text(encoding="utf-8").replace("max_order_value:", "max_order_valeu:")
    with pytest.raises(ConfigError) as caught:
        from_yaml(text)
    assert caught.value.field == "limits.max_order_valeu"
    assert "did you mean max_order_value?" in caught.value.fix


def test_a_lint_fault_says_where_why_and_the_fix(tmp_path: Path) -> None:
    path = tmp_path / "grant.yaml"
    path.write_text("agent_id: [", encoding="utf-8")
    result = CliRunner().invoke(app, ["contract", "lint", str(path)])
    assert result.exit_code == Exit.FAILED
    assert all(word in result.stderr for word in (str(path), "where:", "why:", "fix:"))
    assert "ConfigError" not in result.stderr


def test_lint_is_one_json_document_when_asked() -> None:
    result = CliRunner().invoke(app, ["contract", "lint", str(SOVEREIGN), "--json"])
    assert result.exit_code == 0
    assert '"agent": "sovereign"' in result.stdout


def test_a_mandate_on_an_account_without_the_fast_lane_is_worked_by_nobody() -> None:
    world = World()
    world.mandated()
    (mandate,) = world.views[ACCOUNT].view.mandates
    table = routing_from_yaml(ROUTING.read_text(encoding="utf-8"))
    assert not is_worked("paper-1", mandate, table)
    assert is_worked("paper-2", mandate, table)


def test_lanes_that_do_not_run_are_named() -> None:
    assert "prover" in absent_of([m.Lane.EOAM, m.Lane.DLPCI], ["risk", "strategy", "sentiment", "kernel"])
    assert absent_of([m.Lane.SDS], ["sovereign"]) == []


# -- what a principal orders -----------------------------------------------------------------------------


def order(text: str = "buy a little") -> m.Instruction:
    return instruction_of(
        LEDGER, ACCOUNT, text, instrument=BTC, decision_class="audit", notional=D(500),
        urgency=m.Urgency.NORMAL, now=NOW, salt=bytes(32),
    )  # fmt: skip


def test_an_order_commits_to_its_text_and_does_not_hold_it() -> None:
    assert order().text_commitment == explain_commitment("buy a little", bytes(32))
    assert (order().event_time, order().compliance) == (NOW, True)
    assert stop(order, " ").code is Exit.USAGE
    assert stop(order, "ä" * 2_049).code is Exit.USAGE
    assert urgency_of("high") is m.Urgency.HIGH
    assert stop(urgency_of, "now").code is Exit.USAGE


# -- python -m ledger ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("words", [[], ["--nosuch"]])
def test_wrong_usage_of_any_ledger_command_is_64(
    name: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["ledger", name, *words])
    with pytest.raises(SystemExit) as ended:
        ledger_main()
    assert ended.value.code == 64


def test_swapped_arguments_are_told_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["ledger", "show", str(tmp_path), "00" * 16])
    assert ledger_main() == 64
    assert "is no DFID: 32 hex digits" in capsys.readouterr().err
