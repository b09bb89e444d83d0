"""Between proposing and signing: the kernel's own checker answers a draft with figures, the agent revises.

A round is one draft that broke something, at most ``rounds_per_flow`` of them: the last is given up and the
others go back. Each stands in the signed answer by its digest and what it broke, so that a reader of the
ledger sees what was wanted and what was allowed. The checker never signs, and a draft that passes here is
still judged by the kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from agents.opinions import Answer, Case, Draft, Nothing, Opinion, fact
from agents.sizing import ceil_to, floor_to
from ledger.hashes import tagged
from rules.checker import Violation, check
from rules.exact import ratio
from rules.orders import AccountFigures, OrderShape, figures_of, is_reducing, judged_price
from rules.resolve import Resolved, regime_of, resolve
from schemas.models import Action, RefinementRound
from schemas.money import CONTEXT, plain
from schemas.reasons import LaneReason, Reason

SIZES = (Reason.MAX_SINGLE_TRADE, Reason.MAX_POSITION, Reason.MAX_ORDER_VALUE, Reason.MAX_LEVERAGE)
REWARD_SPARE = Decimal("1.2")  # above the least ratio: exactly at it, one tick of drift breaks it
ENTRIES = (Action.BUY, Action.SELL)
Revise = Callable[[Case, Draft, tuple[Violation, ...]], Opinion]


def refine(case: Case, opinion: Opinion, revise: Revise | None = None) -> Answer:
    """The first revision that breaks nothing, or Nothing(VIOLATIONS_REMAIN) with the figures that remain.

    revise: who answers the figures of a broken draft; `revised` unless told otherwise.
    """
    answered = revised if revise is None else revise
    rounds: list[RefinementRound] = []
    while isinstance(opinion, Draft):
        broken = violations(case, opinion)
        if not broken:
            break
        names = tuple(int(violation.reason) for violation in broken)
        aborts = any(violation.reason.name in case.contract.abort_on_violations for violation in broken)
        rounds.append(RefinementRound(draft_digest=digest_of(opinion), violations=names))
        if aborts or len(rounds) >= case.contract.budget.rounds_per_flow:
            opinion = _given_up(opinion, broken)
            break
        opinion = answered(case, opinion, broken)
    return Answer(opinion=opinion, rounds=tuple(rounds))


def violations(case: Case, draft: Draft) -> tuple[Violation, ...]:
    """What the draft breaks of the contract's limits as they are resolved at the snapshot, in law order."""
    view = case.view if draft.instrument == case.instrument else None
    shape = OrderShape(
        action=draft.action,
        instrument=draft.instrument,
        quantity=draft.quantity,
        price=judged_price(draft.action, draft.limit_price, view),
        stop=draft.stop,
        target=draft.target_price,
        atr=None if view is None else view.atr,
        reducing=is_reducing(draft.action, draft.quantity, case.position),
    )
    return check(shape, figures(case), resolved(case))


def resolved(case: Case) -> Resolved:
    """The contract's limits under the overlays that the snapshot calls for; they only tighten."""
    snapshot, view = case.flow.snapshot, case.view
    volatility = None if view is None else view.volatility
    profit = None
    if snapshot.day_start > 0:
        gained = CONTEXT.subtract(snapshot.equity, snapshot.day_start)
        profit = ratio(gained, snapshot.day_start, "ROUND_CEILING")
    return resolve(
        case.contract.limits, regime=regime_of(volatility), volatility=volatility, profit_pct=profit
    )


def figures(case: Case) -> AccountFigures:
    """The account as the checker looks at it, marked at the snapshot's own prices."""
    snapshot = case.flow.snapshot
    marks = {view.instrument: view.last for view in snapshot.instruments if view.last is not None}
    return figures_of(snapshot.account, snapshot.equity, marks)


def digest_of(draft: Draft) -> bytes:
    """The name of a draft that was sent back: everything that would have been ordered."""
    return tagged(
        "interlock/1/draft",
        draft.action.value,
        draft.instrument,
        draft.quantity,
        draft.limit_price,
        draft.stop,
        draft.target_price,
        draft.time_in_force.value,
    )


def revised(case: Case, draft: Draft, broken: tuple[Violation, ...]) -> Opinion:
    """A smaller or better bracketed draft, or Nothing when no change of size or bracket can mend it."""
    terms = case.terms.get(draft.instrument or "")
    mendable = {*SIZES, Reason.MIN_RISK_REWARD, Reason.MIN_STOP_ATR}
    if terms is None or draft.action not in ENTRIES or any(each.reason not in mendable for each in broken):
        return _given_up(draft, broken)
    for each in broken:
        assert each.measured is not None, "a mendable violation measures something"
        assert each.limit is not None, "and has a limit"
        match each.reason:
            case Reason.MIN_RISK_REWARD:
                draft = replace(draft, target_price=_target(draft, each.limit, terms.tick))
            case Reason.MIN_STOP_ATR:
                draft = replace(draft, stop=_stop(draft, each.limit, terms.tick))
            case _:
                draft = replace(draft, quantity=_shrunk(draft.quantity, each, terms.lot))
    if draft.quantity < terms.min_order or draft.stop is None or draft.stop <= 0:
        return _given_up(draft, broken)
    return replace(draft, explain=f"{draft.explain} Revised to {plain(draft.quantity)} by {_names(broken)}.")


def _shrunk(quantity: Decimal, broken: Violation, lot: Decimal) -> Decimal:
    """The quantity by as much as the figure is over its limit; the sum of old and new counts as new alone."""
    assert broken.measured is not None
    assert broken.limit is not None
    per_unit_over = CONTEXT.subtract(broken.measured, broken.limit)
    if broken.name == "position_size":
        return floor_to(max(CONTEXT.subtract(quantity, per_unit_over), Decimal(0)), lot)
    share = ratio(max(broken.limit, Decimal(0)), broken.measured, "ROUND_FLOOR")
    return floor_to(CONTEXT.multiply(quantity, share), lot)


def _target(draft: Draft, least: Decimal, tick: Decimal) -> Decimal | None:
    if draft.limit_price is None or draft.stop is None:
        return draft.target_price
    risk = CONTEXT.subtract(draft.limit_price, draft.stop).copy_abs()
    reward = CONTEXT.multiply(CONTEXT.multiply(risk, least), REWARD_SPARE)
    if draft.action is Action.BUY:
        return ceil_to(CONTEXT.add(draft.limit_price, reward), tick)
    return floor_to(max(CONTEXT.subtract(draft.limit_price, reward), Decimal(0)), tick)


def _stop(draft: Draft, least: Decimal, tick: Decimal) -> Decimal | None:
    if draft.limit_price is None:
        return draft.stop
    if draft.action is Action.BUY:
        return floor_to(max(CONTEXT.subtract(draft.limit_price, least), Decimal(0)), tick)
    return ceil_to(CONTEXT.add(draft.limit_price, least), tick)


def _names(broken: tuple[Violation, ...]) -> str:
    return ", ".join(each.reason.name for each in broken)


def _given_up(draft: Draft, broken: tuple[Violation, ...]) -> Nothing:
    facts = [fact("violations", len(broken))]
    for each in broken:
        facts.extend(each.facts)
    return Nothing(
        reason=LaneReason.VIOLATIONS_REMAIN,
        facts=tuple(facts),
        explain=f"{draft.explain} Not proposed: {_names(broken)} cannot be mended.",
    )
