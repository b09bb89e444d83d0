"""Laws of the rules: any order, any overlay, any text."""

from dataclasses import fields
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from rules.arbitration import Answer, AnswerKind, arbitrate, veto_missing
from rules.checker import check
from rules.config_error import ConfigError
from rules.contract_json import from_yaml, parse
from rules.drift import moved_bps, within_envelope
from rules.feature_figures import instrument_view
from rules.features import EMPTY, absorb_bar, from_json, to_json
from rules.orders import OrderShape
from rules.presets import NAMES, preset
from rules.resolve import Regime, as_written, resolve
from rules.routing import parse_routing
from rules.wake import parse as parse_wake
from rules.wake_words import NAMES as WAKE_NAMES
from schemas.models import Action
from schemas.reasons import LaneReason
from tests.rules_cases import MINUTE_US, account, bar

D = Decimal
money = st.decimals(min_value=D("0.01"), max_value=D(10) ** 9, places=8)
fractions = st.decimals(min_value=D("-0.5"), max_value=D("0.5"), places=6)


@st.composite
def windows(draw):
    """Answers of up to six agents; a veto agent's veto is fixed by its id, as the flow fixes it."""
    agents = draw(st.lists(st.integers(0, 5), unique=True, max_size=6))
    return [
        Answer(
            agent_id=f"agent-{agent}",
            priority=draw(st.integers(1, 3)),
            veto=agent < 2,
            kind=draw(st.sampled_from(AnswerKind)),
            confidence=draw(st.decimals(0, 1, places=2)),
            digest=bytes([agent]) * 32,
        )
        for agent in agents
    ]


def outcome(answers):
    return arbitrate(answers, veto_agents_missing=veto_missing({"agent-0", "agent-1"}, answers))


@given(windows().flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
def test_the_winner_is_the_same_in_any_order(pair):
    answers, turned = pair
    assert outcome(answers) == outcome(turned)


@given(windows())
def test_halt_preempts_everything_whatever_the_order_and_whoever_is_missing(answers):
    halts = {a.digest for a in answers if a.veto and a.kind is AnswerKind.HALT}
    found = outcome(answers)
    assert not halts or found.winner in halts


@given(windows())
def test_no_proposal_leaves_a_window_in_which_a_veto_agent_has_not_judged(answers):
    kinds = {a.digest: a.kind for a in answers}
    found = outcome(answers)
    if veto_missing({"agent-0", "agent-1"}, answers) and found.winner is not None:
        assert kinds[found.winner] is AnswerKind.HALT


@given(windows())
def test_only_an_intent_of_the_window_wins_and_otherwise_a_reason_is_given(answers):
    found = outcome(answers)
    intents = {a.digest for a in answers if a.kind in (AnswerKind.PROPOSAL, AnswerKind.HOLD, AnswerKind.HALT)}
    assert (found.winner in intents) if found.winner is not None else (found.reason is not LaneReason.NONE)


@given(windows(), st.integers(0, 5))
def test_taking_away_a_losing_answer_without_veto_changes_no_winner(answers, agent):
    gone = [a for a in answers if a.agent_id == f"agent-{agent}" and not a.veto]
    found = outcome(answers)
    if gone and found.winner not in (None, gone[0].digest):
        assert outcome([a for a in answers if a is not gone[0]]).winner == found.winner


def test_an_empty_window_is_no_hold():
    assert arbitrate([], veto_agents_missing=frozenset()).winner is None


@st.composite
def overlays(draw):
    return {
        "regime": draw(st.none() | st.sampled_from(Regime)),
        "volatility": draw(st.none() | st.decimals(min_value=0, max_value=2, places=18)),
        "profit_pct": draw(st.none() | fractions),
    }


LOWER_IS_TIGHTER = ("max_single_trade_pct", "max_position_pct", "max_open_positions")


@given(st.sampled_from(NAMES), overlays())
def test_overlays_only_tighten(name, overlay):
    written = preset(name, max_position_size=D(100), max_order_value=D(1_000)).limits
    resolved = resolve(written, **overlay).limits
    for field in fields(written):
        before, now = getattr(written, field.name), getattr(resolved, field.name)
        if field.name in LOWER_IS_TIGHTER:
            assert now <= before
        elif field.name == "min_risk_reward":
            assert now >= before
        else:
            assert now == before
    assert resolved.max_single_trade_pct <= resolved.max_position_pct


@st.composite
def orders(draw):
    return OrderShape(
        action=draw(st.sampled_from(Action)),
        instrument=draw(st.none() | st.just("btc-usd")),
        quantity=draw(st.none() | money),
        price=draw(st.none() | money),
        stop=draw(st.none() | money),
        target=draw(st.none() | money),
        atr=draw(st.none() | money),
        reducing=draw(st.booleans()),
    )


@given(st.sampled_from(NAMES), overlays(), orders(), money)
def test_what_breaks_the_contract_breaks_it_under_every_overlay(name, overlay, order, equity):
    written = preset(name, max_position_size=D(100), max_order_value=D(1_000)).limits
    broken = {(v.reason, v.name) for v in check(order, account(equity=equity), as_written(written))}
    tightened = {
        (v.reason, v.name) for v in check(order, account(equity=equity), resolve(written, **overlay))
    }
    assert broken <= tightened


@given(orders(), money)
def test_violations_come_in_the_order_of_the_law_and_with_figures_beyond_their_limits(order, equity):
    limits = as_written(preset("strict", max_position_size=D(1), max_order_value=D(100)).limits)
    found = check(order, account(equity=equity), limits)
    assert [v.reason for v in found] == sorted(v.reason for v in found)
    assert all(fact.value.is_finite() for v in found for fact in v.facts)


@given(money, money, st.decimals(min_value=1, max_value=10_000, places=2))
def test_the_figure_told_never_contradicts_the_envelope(seen, live, envelope):
    if within_envelope(seen, live, envelope):
        assert moved_bps(seen, live) <= envelope
    else:
        assert moved_bps(seen, live) > envelope or moved_bps(seen, live) == envelope.quantize(
            D(1).scaleb(-18)
        )


PIECES = (
    *sorted(WAKE_NAMES),
    "and",
    "or",
    "not",
    "abs",
    "(",
    ")",
    ">",
    "<=",
    "==",
    "!=",
    "-",
    "0.005",
    "BAR",
    "?",
)


@given(st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join) | st.text(max_size=600))
def test_any_text_is_a_wake_expression_or_a_config_error_and_never_a_crash(text):
    try:
        expression = parse_wake(text)
    except ConfigError:
        return
    assert expression.evaluate({}).woken is (not text.strip())


@given(st.text(max_size=300) | st.binary(max_size=300))
def test_any_bytes_are_a_document_or_a_config_error_and_never_a_crash(given_bytes):
    body = given_bytes if isinstance(given_bytes, bytes) else given_bytes.encode("utf-8", "surrogatepass")
    for read in (parse, parse_routing, lambda data: from_yaml(data.decode("utf-8", "replace"))):
        try:
            read(body)
        except ConfigError:
            continue
        raise AssertionError("no such text is a whole contract")


@given(st.lists(money, min_size=1, max_size=80), st.integers(0, 79))
def test_features_do_not_notice_a_restart(closes, cut):
    whole = restarted = EMPTY
    for place, close in enumerate(closes):
        whole = absorb_bar(whole, bar(close), (place + 1) * MINUTE_US)
        restarted = absorb_bar(restarted, bar(close), (place + 1) * MINUTE_US)
        if place == cut:
            restarted = from_json(to_json(restarted))
    assert restarted == whole
    view = instrument_view(whole, "btc-usd")
    assert view.rsi is None or 0 <= view.rsi <= 100
    assert view.drawdown is not None
    assert 0 <= view.drawdown < 1
