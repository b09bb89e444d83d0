"""The desks a history may begin with: other contracts, clocks and purses, each a fixed number."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from rules.contract import Authority, Compensation, Cutoff
from schemas import models as m
from tests.build import granted

D = Decimal

COUNT = 24
EVERYTHING = tuple(m.Action)
SOLO = ("sovereign", "prover-b")  # agents of the fast lane here
PROOF = "prover"
MESH = ("strategy", "risk", "sentiment")
STARTS = (
    datetime(2017, 9, 4, 6, tzinfo=UTC),
    datetime(2017, 11, 4, 20, 10, tzinfo=UTC),  # the night New York turns its clocks back
    datetime(2018, 3, 11, 3, 30, tzinfo=UTC),  # and the one it turns them forward
    datetime(2017, 10, 28, 20, tzinfo=UTC),  # Berlin
)
CUTOFFS = (
    None,
    Cutoff(time="16:20", zone="America/New_York"),
    Cutoff(time="23:30", zone="America/New_York"),
    Cutoff(time="23:00", zone="Europe/Berlin"),
    Cutoff(time="02:30", zone="Europe/Berlin"),  # a night may have it twice
    Cutoff(time="23:59", zone="Asia/Kolkata"),
)


def start(number):
    return int(STARTS[number % len(STARTS)].timestamp()) * 1_000_000


def accounts(number):
    return ("paper-1", "paper-2", "paper-3")[: 2 + number % 2]


def deposit(number):
    return ("100000", "30000", "9000.123456789012345678")[number % 3]


def contracts(number):
    """Overrides for every shipped contract; number 0 keeps them as they are, but for who may act alone."""
    dice = random.Random(number)
    return {each.agent_id: _changed(each, dice, plain=number == 0) for each in granted()}


def _changed(contract, dice, plain):
    name, changes = contract.agent_id, {}
    if name == PROOF:
        changes = {"compensation": Compensation.REVERT}
    if name == "prover-b":
        changes = {"topologies": (m.Lane.SDS,), "outputs": (m.IntentKind.ATOM,), "evidence_tiers": ()}
    everybody = ("paper-1", "paper-2", "paper-3")
    changes["accounts"] = everybody
    if plain:
        return changes
    pick = dice.choice
    changes["accounts"] = pick((*[everybody] * 7, everybody[:2]))
    changes["compensation"] = pick((*Compensation, Compensation.REVERT, Compensation.CLOSE_ALL))
    changes["terminate_on_max_loss"] = pick((False, False, True))
    if name in SOLO:
        allowed = pick((contract.allowed_actions, EVERYTHING, (*contract.allowed_actions, m.Action.CANCEL)))
        changes["allowed_actions"] = allowed
        changes["forbidden_actions"] = pick(((), (m.Action.MANDATE,), (m.Action.HALT,), (), (m.Action.SELL,)))
        may_halt = m.Action.HALT in allowed and m.Action.HALT not in changes["forbidden_actions"]
        usual = [Authority.EXECUTE_LIMITED, Authority.EXECUTE_FULL] * 3
        changes["authority"] = pick((*usual, Authority.PROPOSE, Authority.PROPOSE, Authority.OBSERVE))
        changes["veto"] = may_halt
    changes["compensation"] = granted_way(contract, changes)
    ttl = pick((1800, 30, 600))
    changes["halt_ttl_s"] = ttl if changes.get("veto", contract.veto) else 0
    changes["max_attempts"] = pick((3, 1, 2))
    changes["allowed_instruments"] = pick((*[contract.allowed_instruments] * 5, ("btc-usd",)))
    changes["limits"] = limits(contract.limits, dice)
    changes["drift"] = replace(
        contract.drift,
        envelope_bps=D(pick(("50", "100", "20", "12.5"))),
        max_context_age_ms=pick((90_000, 90_000, 1_000)),
        max_mark_age_ms=pick((90_000, 30_000)),
    )
    changes["budget"] = replace(
        contract.budget,
        proposals_per_window=pick((120, 120, 3, 10)),
        window_s=pick((3600, 60)),
        tokens_per_flow=pick((256, 100)),
        max_model_calls=pick((1, 0)),
    )
    changes["escalation"] = replace(
        contract.escalation,
        max_exposure_usd=D(pick(("15000", "2000", "40000"))),
        confidence_threshold=D(pick(("0.3", "0.7"))),
        budget_per_hour=pick((6, 6, 2, 1, 0)),
        requires_human_approval=pick(((), (m.Action.BUY,), (), ())),
        two_persons_above_usd=pick((None, None, D("200"), D("2000"))),
    )
    return changes


def granted_way(contract, changes):
    """The compensation drawn, or the next whose action the contract grants."""
    allowed = {*changes.get("allowed_actions", contract.allowed_actions)}
    allowed -= {*changes.get("forbidden_actions", contract.forbidden_actions)}
    if changes["compensation"] is Compensation.REVERT and m.Action.SELL not in allowed:
        changes["compensation"] = Compensation.CLOSE_ALL
    if changes["compensation"] is Compensation.CLOSE_ALL and m.Action.CLOSE not in allowed:
        return Compensation.ALERT_HUMAN
    return changes["compensation"]


def limits(was, dice):
    """Other limits: wide ones so that accounts can lose, tight ones so that orders are refused."""
    pick, wide = dice.choice, dice.random() < 0.75
    single, whole = (D("0.5"), D("0.9")) if wide else (was.max_single_trade_pct, was.max_position_pct)
    return replace(
        was,
        max_single_trade_pct=single,
        max_position_pct=whole,
        max_order_value=D(pick(("60000", "5000"))),
        max_position_size=D(pick(("40", "1", "2.5"))),
        max_leverage=D(pick(("1", "0.6", "2"))),
        max_open_positions=pick((2, 2, 1, 3)),
        max_drawdown_pct=D(pick(("0.10", "0.03", "0.02"))),
        trailing_max_drawdown_pct=D(pick(("0.02", "0.015"))),
        consistency_warn_pct=D("0.4"),
        max_daily_loss_pct=D(pick(("0.03", "0.005"))),
        consistency_rule_pct=D(pick(("1", "0.5"))),
        min_risk_reward=D(pick(("1.5", "0", "3"))),
        min_stop_atr_multiple=D(pick(("1.5", "0"))),
        trading_cutoff=pick((*[None] * 9, *CUTOFFS)),
    )
