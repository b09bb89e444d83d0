"""What a scripted agent thinks: a function of the flow it was shown, sometimes wrong in its own name."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from typing import Any

from agents import prover
from agents.opinions import Case, Draft, Nothing, Opinion
from schemas.models import Action, FlowOpened, Intent, Lane, Report, ReportKind, TimeInForce
from schemas.reasons import LaneReason

HUNDREDTH = Decimal("0.01")


def decide(agent: str, case: Case, dice: random.Random, *, can_cancel: bool) -> Opinion | None:
    """What the agent thinks; None: it says nothing at all."""
    if agent in ("prover", "prover-b"):
        return prover.decide(case)
    roll = dice.random()
    if roll < 0.03:
        return None
    if roll < (0.7 if agent == "risk" else 0.1):
        return Nothing(reason=LaneReason.NO_EDGE, explain="nothing")
    if roll < (0.73 if agent == "risk" else 0.13):
        return Nothing(kind=ReportKind.ESCALATE, reason=LaneReason.ESCALATED, explain="a person")
    if roll < (0.75 if agent == "risk" else 0.15):
        return Nothing(kind=ReportKind.REFUSED, reason=LaneReason.FEATURES_MISSING, explain="blind")
    if agent == "risk":
        halts = roll > 0.93
        action = Action.HALT if halts else Action.CLOSE if case.free > 0 and roll > 0.84 else Action.HOLD
        scope = None if halts and dice.random() < 0.3 else case.instrument
        return Draft(action=action, instrument=scope, confidence=Decimal("0.9"), explain=action.value)
    if roll < 0.2:
        return Draft(
            action=Action.HOLD, instrument=case.instrument, confidence=Decimal("0.9"), explain="HOLD"
        )
    if can_cancel and agent in ("strategy", "sovereign") and roll < 0.28:
        return Draft(
            action=Action.CANCEL, instrument=case.instrument, confidence=Decimal("0.9"), explain="CANCEL"
        )
    if case.free > 0 and roll < 0.5:
        return _leave(case, dice)
    return _enter(case, dice)


def wronged(body: Intent | Report, dice: random.Random) -> Intent | Report:
    """Some answers are wrong in a way their author signs for."""
    if dice.random() > 0.08:
        return body
    if isinstance(body, Report):
        return body
    changes: list[dict[str, Any]] = [
        {"step_id": "step-9"}, {"contract_version": "9.9.9"}, {"state_hash": bytes(32)},
        {"account": "paper-9"}, {"lane": Lane.SDS if body.lane is Lane.EOAM else Lane.EOAM},
        {"valid_until": body.valid_from}, {"valid_from": body.valid_until},
        {"quantity": body.quantity * 1000}, {"stop": body.target_price, "target_price": body.stop},
        {"stop": None}, {"confidence": Decimal("0.1")}, {"instrument": "doge-usd"}, {"flow_hash": bytes(32)},
        {"usage": replace(body.usage, rounds=9)}, {"drift_envelope_bps": Decimal(0)},
        {"limit_price": None if body.limit_price is None else body.limit_price / 2},
    ]  # fmt: skip
    return replace(body, **dice.choice(changes))


def _enter(case: Case, dice: random.Random) -> Opinion:
    view = case.view
    if view is None or view.ask is None:
        return Nothing(reason=LaneReason.FEATURES_MISSING, explain="no price")
    share = dice.choice(("0.003", "0.005", "0.008", "0.01", "0.012", "0.015", "0.06"))
    equity = case.flow.snapshot.equity
    lot = case.terms[case.instrument].lot
    quantity = (equity * Decimal(share) / view.ask).quantize(lot, rounding=ROUND_DOWN)
    limit = (view.ask * Decimal("1.001")).quantize(HUNDREDTH)
    action = Action.SELL if dice.random() < 0.05 else Action.BUY
    return Draft(
        action=action,
        instrument=case.instrument,
        quantity=quantity,
        limit_price=limit,
        stop=(limit * Decimal("0.98")).quantize(HUNDREDTH),
        target_price=(limit * Decimal("1.06")).quantize(HUNDREDTH),
        time_in_force=TimeInForce.GTT if dice.random() < 0.3 else TimeInForce.IOC,
        confidence=dice.choice((Decimal("0.9"), Decimal("0.8"), Decimal("0.4"))),
        explain="BUY",
    )


def _leave(case: Case, dice: random.Random) -> Draft:
    whole = dice.random() < 0.5
    lot = case.terms[case.instrument].lot
    half = (case.free / 2).quantize(lot, rounding=ROUND_DOWN)
    action = Action.CLOSE if whole or half <= 0 else Action.SELL
    return Draft(
        action=action, instrument=case.instrument, quantity=case.free if action is Action.CLOSE else half,
        confidence=Decimal("0.9"), explain=action.value,
    )  # fmt: skip


def dice_of(character: str, agent: str, flow: FlowOpened) -> random.Random:
    """A die of this agent for this attempt of this flow, the same in every run of one tape."""
    name = f"{character}/{agent}/{flow.dfid.hex()}/{flow.attempt}"
    return random.Random(hashlib.sha256(name.encode()).digest())
