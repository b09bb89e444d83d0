"""A child flow acts under two contracts at once: in every field the tighter of its own and its parent's.

What says who an agent is, when it wakes and where it answers (id, inputs, outputs, lanes, veto, wake,
priority, compensation) is no permission that a parent could pass on, and stays the child's own.
"""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal
from typing import Any, TypeVar

from rules.contract import Authority, Budget, Contract, Cutoff, Drift, Escalation, Limits

Item = TypeVar("Item")
LEVELS = (Authority.OBSERVE, Authority.PROPOSE, Authority.EXECUTE_LIMITED, Authority.EXECUTE_FULL)
NEVER = "00:00"


def inherit(child: Contract, parent: Contract) -> Contract:
    """The child's contract, tightened by its parent's: never looser than either in any field."""
    return replace(
        child,
        accounts=_both(child.accounts, parent.accounts),
        authority=min(child.authority, parent.authority, key=LEVELS.index),
        allowed_instruments=_both(child.allowed_instruments, parent.allowed_instruments),
        allowed_actions=_both(child.allowed_actions, parent.allowed_actions),
        forbidden_actions=_either(child.forbidden_actions, parent.forbidden_actions),
        allow_short=child.allow_short and parent.allow_short,
        limits=_limits(child.limits, parent.limits),
        drift=_drift(child.drift, parent.drift),
        max_attempts=min(child.max_attempts, parent.max_attempts),
        budget=_budget(child.budget, parent.budget),
        escalation=_escalation(child.escalation, parent.escalation),
        evidence_tiers=_either(child.evidence_tiers, parent.evidence_tiers),
        abort_on_violations=_either(child.abort_on_violations, parent.abort_on_violations),
        terminate_on_max_loss=child.terminate_on_max_loss or parent.terminate_on_max_loss,
    )


def _both(first: tuple[Item, ...], second: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(each for each in first if each in second)


def _either(first: tuple[Item, ...], second: tuple[Item, ...]) -> tuple[Item, ...]:
    return (*first, *(each for each in second if each not in first))


def _limits(child: Limits, parent: Limits) -> Limits:
    figures: dict[str, Any] = {
        each.name: _tighter(each.name, getattr(child, each.name), getattr(parent, each.name))
        for each in fields(Limits)
        if each.name != "trading_cutoff"
    }
    return replace(child, **figures, trading_cutoff=_cutoff(child.trading_cutoff, parent.trading_cutoff))


def _tighter(name: str, first: Decimal | int, second: Decimal | int) -> Decimal | int:
    """Ceilings by the lower, floors by the higher."""
    return max(first, second) if name.startswith("min_") else min(first, second)


def _cutoff(first: Cutoff | None, second: Cutoff | None) -> Cutoff | None:
    """The earlier bell. Of two zones no single bell is as tight as both, so nothing new may be opened."""
    if first is None or second is None:
        return first or second
    if first.zone != second.zone:
        return Cutoff(time=NEVER, zone=first.zone)
    return min(first, second, key=lambda each: each.time)  # HH:MM sorts as text


def _drift(child: Drift, parent: Drift) -> Drift:
    return Drift(
        envelope_bps=min(child.envelope_bps, parent.envelope_bps),
        max_context_age_ms=min(child.max_context_age_ms, parent.max_context_age_ms),
        max_mark_age_ms=min(child.max_mark_age_ms, parent.max_mark_age_ms),
    )


def _budget(child: Budget, parent: Budget) -> Budget:
    """Fewer in a longer window: whoever keeps to that keeps to both."""
    least = {each.name: min(getattr(child, each.name), getattr(parent, each.name)) for each in fields(Budget)}
    return Budget(**{**least, "window_s": max(child.window_s, parent.window_s)})


def _escalation(child: Escalation, parent: Escalation) -> Escalation:
    return Escalation(
        confidence_threshold=max(child.confidence_threshold, parent.confidence_threshold),
        max_exposure_usd=min(child.max_exposure_usd, parent.max_exposure_usd),
        requires_human_approval=_either(child.requires_human_approval, parent.requires_human_approval),
        budget_per_hour=min(child.budget_per_hour, parent.budget_per_hour),
        two_persons_above_usd=_least(child.two_persons_above_usd, parent.two_persons_above_usd),
    )


def _least(child: Decimal | None, parent: Decimal | None) -> Decimal | None:
    """The lower of two limits; None is no limit at all."""
    given = [each for each in (child, parent) if each is not None]
    return min(given, default=None)
