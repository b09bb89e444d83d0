"""What operators may say, what is refused before anything is signed, and what waits for them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from interlock.account_show import figures as account_figures
from interlock.account_show import line as account_line
from interlock.account_show import page as account_page
from interlock.account_story import calls, told
from interlock.cli import app
from interlock.cli_accounts import name_of, usd
from interlock.cli_agents import LOOSER, TIGHTER, standing_of
from interlock.cli_grants import overlay_of
from interlock.cli_inbox import chosen
from interlock.cli_keys import bound_of, role_of
from interlock.cli_trading import scope, seconds
from interlock.command_words import tell, words
from interlock.inbox import Waiting, fold
from interlock.inbox_act import act_of, because_of, choice_of, read_half, write_half
from interlock.inbox_show import figures, line, page
from interlock.operators import Answered
from interlock.say import Exit, Stop
from ledger.envelope import cosign, seal, signed_by_all, well_formed
from schemas import models as m
from schemas.kinds import Role
from schemas.reasons import ControlReason, LaneReason
from tests.build import ACCOUNT, BTC, LEDGER, World, signer

DOUBT, D = Decimal("0.1"), Decimal
LANES = tuple(m.Lane)


def code(call: Any, *args: Any, **kwargs: Any) -> Exit:
    with pytest.raises(Stop) as stopped:
        call(*args, **kwargs)
    assert stopped.value.fix
    return stopped.value.code


def escalated(**changes: Any) -> tuple[World, m.FlowOpened, m.Envelope]:
    """A world in which one BUY waits for a person."""
    world = World()
    flow = world.flow()
    body = seal(world.intent(flow, **({"confidence": DOUBT} | changes)), signer("sovereign"))
    world.propose(flow, body)
    world.run()
    return world, flow, body


def inbox(world: World) -> list[Waiting]:
    """What the ledger and the topic say waits now."""
    said: dict[tuple[bytes, bytes], m.Escalation] = {}
    for record in world.topics.records("escalations", 0, 0):
        each = world.kernel.state.registry.schema_ids.unpack(m.Escalation, record.value)
        said[each.dfid, each.payload_digest] = each
    return fold(world.ledger, said, world.now)


# -- what is typed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "found"), [("45s", 45), ("30m", 1_800), ("2h", 7_200), ("30d", 2_592_000)])
def test_a_length_of_time_is_a_number_and_a_unit(text: str, found: int) -> None:
    assert seconds(text) == found


@pytest.mark.parametrize("text", ["", "0m", "30", "m", "-5m", "1w", "31d", "1.5h", "９m"])
def test_any_other_length_is_a_usage_error(text: str) -> None:
    assert code(seconds, text) is Exit.USAGE


def test_the_narrowest_scope_named_is_meant_and_everything_is_said_out_loud() -> None:
    assert scope("a", None, None, False) == ({"account": "a"}, "account a")
    assert scope("a", BTC, None, False)[0] == {"account": "a", "instrument": BTC}
    assert scope(None, None, "sds", False)[0] == {"lane": m.Lane.SDS}
    assert scope(None, None, None, True) == ({}, "everything")


@pytest.mark.parametrize(
    "wrong",
    [(None, None, None, False), ("a", None, None, True), ("a", None, "sds", False), (None, BTC, "sds", False),
     (None, None, "fast", False)],
)  # fmt: skip
def test_a_scope_the_kernel_would_read_otherwise_is_a_usage_error(wrong: Any) -> None:
    assert code(scope, *wrong) is Exit.USAGE


@pytest.mark.parametrize("text", ["", "0", "-1", "1e400", "NaN", "Infinity", "1.1234567890123456789", "ten"])
def test_an_amount_is_above_zero_and_exact(text: str) -> None:
    assert code(usd, text) is Exit.USAGE
    assert usd("2500.50") == D("2500.5")


@pytest.mark.parametrize("text", ["", "A", "a b", "x" * 65, "ü"])
def test_an_account_has_an_id(text: str) -> None:
    assert code(name_of, text) is Exit.USAGE


def test_a_suspension_goes_rightward_and_a_reset_leftward() -> None:
    assert standing_of("degraded", TIGHTER) is m.Standing.DEGRADED
    assert standing_of(None, LOOSER) is None
    assert code(standing_of, "active", TIGHTER) is Exit.USAGE
    assert code(standing_of, "suspended", LOOSER) is Exit.USAGE
    assert code(standing_of, "retired", TIGHTER) is Exit.USAGE


def test_a_key_has_a_role_the_registry_may_enrol_and_is_bound_as_its_role_says() -> None:
    assert role_of("operator") is Role.OPERATOR
    assert code(role_of, "root") is Exit.USAGE
    assert code(role_of, "registry") is Exit.USAGE
    assert bound_of(Role.AGENT, "momentum", []) == ("momentum",)
    assert bound_of(Role.OPERATOR, "second", []) == ()
    assert bound_of(Role.PRINCIPAL, "desk", ["b", "a", "b"]) == ("a", "b")
    assert code(bound_of, Role.PRINCIPAL, "desk", []) is Exit.USAGE
    assert code(bound_of, Role.OPERATOR, "second", ["a"]) is Exit.USAGE


def test_an_overlay_is_asked_for_by_figures() -> None:
    assert overlay_of(None, None, None) is None
    found = overlay_of("high_vol", "0.02", "0.045")
    assert found == {"regime": "high_vol", "volatility": D("0.02"), "profit_pct": D("0.045")}
    assert code(overlay_of, "wild", None, None) is Exit.USAGE
    assert code(overlay_of, None, "much", None) is Exit.USAGE


@pytest.mark.parametrize("words_", [["halt"], ["account", "open", "A", "5"], ["inbox", "decide", "last"]])
def test_what_is_typed_wrong_is_exit_2_before_anything_is_looked_for(words_: list[str]) -> None:
    assert CliRunner().invoke(app, words_, env={"INTERLOCK_STATE": "/nowhere"}).exit_code == 2


@pytest.mark.parametrize(
    "words_",
    [["account", "ls"], ["inbox", "ls"], ["agent", "ls"], ["keys", "ls"], ["halt", "--everything"],
     ["account", "fund", "a", "5"], ["agent", "retire", "risk"]],
)  # fmt: skip
def test_without_a_broker_every_command_is_exit_4_and_says_what_to_run(
    words_: list[str], tmp_path: Path
) -> None:
    told_ = CliRunner().invoke(app, words_, env={"INTERLOCK_STATE": str(tmp_path)})
    assert (told_.exit_code, "fix: interlock up" in told_.stderr) == (4, True)


# -- what the kernel answers -----------------------------------------------------------------------------


@pytest.mark.parametrize(("reason", "verb"), list(product(ControlReason, m.Verb)))
def test_every_refusal_of_every_command_has_a_why_and_a_fix(reason: ControlReason, verb: m.Verb) -> None:
    why, fix = words(reason, verb)
    assert why
    assert bool(fix) == (reason is not ControlReason.FOLDED)


def test_a_refusal_on_one_shard_is_exit_5_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    good = Answered(partition=1, seq=8, reason=ControlReason.FOLDED)
    bad = Answered(partition=0, seq=9, reason=ControlReason.UNKNOWN_ACCOUNT)
    assert code(tell, m.Verb.HALT, "account x", [bad, good], json_=False) is Exit.REFUSED
    tell(m.Verb.HALT, "everything", [good], json_=False)
    assert capsys.readouterr().out == "HALT everything: folded at ledger seq 8\n"


# -- what waits ------------------------------------------------------------------------------------------


def test_what_is_escalated_waits_with_its_payload_digest_price_and_time() -> None:
    world, flow, body = escalated()
    (each,) = inbox(world)
    assert (each.dfid, each.account, each.agent_id, each.body) == (flow.dfid, ACCOUNT, "sovereign", body)
    assert (each.price, each.expires_at) == (D("4000.5"), flow.flow_expires_at)
    read = figures(each, world.now, D("4001.5"))
    assert (read["reason"], read["gate"], read["seconds_left"]) == ("LOW_CONFIDENCE", 10, 600)
    assert (read["payload"]["quantity"], read["price_now"]) == ("0.5", "4001.5")
    text = "\n".join(page(each, world.now, D("4001.5")))
    assert "LOW_CONFIDENCE (gate 10)" in text
    assert read["digest"] in text
    assert "10m00s" in line(each, world.now)


def test_the_ledger_alone_says_what_waits() -> None:
    world, flow, _ = escalated()
    (each,) = fold(world.ledger, {}, world.now)
    assert (each.dfid, each.price, each.agent_id) == (flow.dfid, D("4000.5"), "sovereign")


def test_redeliveries_and_other_orders_change_nothing_of_what_waits() -> None:
    world, flow, body = escalated()
    before = inbox(world)
    world.propose(flow, body)
    world.propose(flow, world.intent(flow, quantity=D("0.4")))
    world.run()
    assert inbox(world) == before


def test_an_answer_takes_it_out_whatever_comes_of_it() -> None:
    for choice in (m.HumanChoice.OVERRIDE, m.HumanChoice.ABORT):
        world, flow, body = escalated()
        world.decide(flow, body, choice)
        world.run()
        assert inbox(world) == []


def test_an_answer_that_does_not_fit_leaves_it() -> None:
    world, flow, body = escalated()
    world.decide(flow, body, m.HumanChoice.OVERRIDE, payload_digest=bytes(32))
    world.run()
    assert [each.dfid for each in inbox(world)] == [flow.dfid]


def test_what_has_expired_is_not_shown_even_before_the_kernel_notices() -> None:
    world, _, _ = escalated()
    assert fold(world.ledger, {}, world.now + 601_000_000) == []
    world.tick(601)
    world.run()
    assert inbox(world) == []


def test_a_call_for_a_person_without_an_order_can_only_be_ended() -> None:
    world = World()
    flow = world.flow()
    world.propose(flow, world.report(flow, "sovereign", m.ReportKind.ESCALATE, LaneReason.ESCALATED))
    world.run()
    (each,) = inbox(world)
    assert (each.intent, each.reason) == (None, LaneReason.ESCALATED)
    assert "ESCALATE" in page(each, world.now)[1]
    assert code(answer, each, m.HumanChoice.OVERRIDE, price=D(1)) is Exit.USAGE
    assert answer(each, m.HumanChoice.ABORT).choice is m.HumanChoice.ABORT


def test_one_escalation_is_chosen_by_its_flow_or_as_the_last() -> None:
    world, flow, _ = escalated()
    found = inbox(world)
    assert chosen(found, "last") == chosen(found, flow.dfid.hex().upper()) == found[0]
    assert code(chosen, found, "00" * 16) is Exit.FAILED
    assert code(chosen, [], "last") is Exit.FAILED


# -- what is answered ------------------------------------------------------------------------------------


def answer(waiting: Waiting, choice: m.HumanChoice, **given: Any) -> m.HumanDecision:
    wanted: dict[str, Any] = {
        "ledger": LEDGER, "serial": 7, "now": waiting.at, "commitment": bytes(32), "quantity": None,
        "price": None,
    }  # fmt: skip
    return act_of(waiting, choice, **(wanted | given))


def test_an_act_is_bound_to_the_digest_the_price_and_five_minutes() -> None:
    world, _, _ = escalated()
    (each,) = inbox(world)
    act = answer(each, m.HumanChoice.OVERRIDE)
    assert (act.payload_digest, act.price_shown) == (each.digest, D("4000.5"))
    assert act.valid_until == each.at + 300_000_000
    late = answer(each, m.HumanChoice.OVERRIDE, now=each.expires_at - 1, price=D(4100))
    assert (late.valid_until, late.price_shown) == (each.expires_at, D(4100))


@pytest.mark.parametrize(
    ("choice", "quantity"),
    [(m.HumanChoice.OVERRIDE, D(1)), (m.HumanChoice.ABORT, D(1)), (m.HumanChoice.MODIFY, None),
     (m.HumanChoice.MODIFY, D("0.6")), (m.HumanChoice.MODIFY, D(0))],
)  # fmt: skip
def test_an_answer_the_kernel_would_refuse_is_refused_before_it_is_signed(
    choice: m.HumanChoice, quantity: Decimal | None
) -> None:
    world, _, _ = escalated()
    assert code(answer, inbox(world)[0], choice, quantity=quantity) is Exit.USAGE


def test_without_a_price_nothing_is_allowed() -> None:
    world, _, _ = escalated()
    blind = replace(inbox(world)[0], price=None)
    assert code(answer, blind, m.HumanChoice.OVERRIDE) is Exit.USAGE
    assert answer(blind, m.HumanChoice.ABORT).price_shown is None


def test_what_was_answered_is_what_the_kernel_takes() -> None:
    world, _, _ = escalated()
    act = answer(inbox(world)[0], m.HumanChoice.MODIFY, quantity=D("0.2"), now=world.now)
    world.put("human.decisions", seal(act, signer("operator")))
    world.run()
    assert (world.verdict.verdict, world.order.quantity) == (m.Verdict.ACCEPTED, D("0.2"))


def test_words_are_bounded_and_consequences_closed() -> None:
    assert because_of("ä" * 2_048)
    assert code(because_of, "ä" * 2_049) is Exit.USAGE
    assert code(because_of, "  ") is Exit.USAGE
    assert choice_of("modify") is m.HumanChoice.MODIFY
    assert code(choice_of, "approve") is Exit.USAGE


def test_a_half_signed_act_is_read_back_and_signed_beside(tmp_path: Path) -> None:
    world, _, _ = escalated()
    half = seal(answer(inbox(world)[0], m.HumanChoice.OVERRIDE), signer("operator"))
    path = tmp_path / "act.json"
    write_half(path, half)
    envelope, act = read_half(path)
    assert (envelope, act.choice) == (half, m.HumanChoice.OVERRIDE)
    whole = cosign(envelope, signer("second"))
    assert well_formed(whole)
    assert signed_by_all(whole, [signer("operator").public, signer("second").public])


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"payload": "00"}', "x" * 100_000])
def test_a_file_that_holds_no_act_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "act.json"
    path.write_text(text, encoding="utf-8")
    assert code(read_half, path) is Exit.FAILED


# -- what accounts show ----------------------------------------------------------------------------------


def test_an_account_shows_cost_mark_and_gains_to_the_last_digit() -> None:
    world = World()
    world.bought("0.5")
    world.tick(1)
    world.quote(BTC, "4100", "4101")
    world.run()
    read = account_figures(world.views[ACCOUNT], told(world.ledger).of(ACCOUNT))
    (held,) = read["positions"]
    assert (held["quantity"], held["mark"], held["value"]) == ("0.5", "4100.5", "2050.25")
    assert D(held["unrealised"]) == D(held["value"]) - D(held["cost"])
    assert D(read["equity"]) == D(read["cash"]) + D(read["reserved_cash"]) + D(held["value"])
    assert "ACTIVE" in account_line(read)
    assert any("mark 4100.5" in text for text in account_page(read))


def test_an_open_order_is_named_by_its_key_until_its_final_receipt_and_a_closed_account_says_so() -> None:
    world = World()
    flow = world.flow()
    world.propose(flow, world.intent(flow))
    world.run()
    order = world.order
    (open_,) = told(world.ledger).of(ACCOUNT)
    assert (open_.order.key, open_.status) == (order.key, None)
    world.receipt(order, m.ReceiptStatus.UNKNOWN)
    world.run()
    assert [each.status for each in told(world.ledger).of(ACCOUNT)] == [m.ReceiptStatus.UNKNOWN]
    (call,) = calls(told(world.ledger), world.views.values())
    assert f"account settle {ACCOUNT} {order.key.hex()}" in call
    world.control(m.Verb.SETTLE, account=ACCOUNT, target=order.key)
    world.control(m.Verb.WITHDRAW, account=ACCOUNT, amount=Decimal(100_000))
    world.control(m.Verb.CLOSE, account=ACCOUNT)
    world.run()
    story = told(world.ledger)
    assert calls(story, world.views.values()) == []
    assert (story.of(ACCOUNT), story.closed) == ([], {ACCOUNT})
    assert account_figures(world.views[ACCOUNT], closed=True)["state"] == "CLOSED"


def test_a_dirty_account_calls_for_a_person_by_the_command_that_clears_it() -> None:
    world = World()
    view = world.views[ACCOUNT]
    dirty = replace(view, view=replace(view.view, dirty=True))
    (call,) = calls(told(world.ledger), [dirty])
    assert f"account clear {ACCOUNT}" in call
    assert "dirty" in account_line(account_figures(dirty))
