"""A child under its parent, field by field: of each the tighter one is taken, and the rest is its own."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from rules.contract import Authority, Budget, Cutoff, Drift, Escalation, Limits
from rules.inherit import inherit
from schemas.models import Action
from tests.rules_cases import shipped_contracts

BASE = shipped_contracts()["sovereign"]
A = Action


def both_ways(field: str, loose: Any, tight: Any, part: str = "") -> None:
    """Whichever of the two has the tighter value, the child ends with it."""
    for child, parent in ((loose, tight), (tight, loose)):
        sides = [
            replace(
                BASE, **({part: replace(getattr(BASE, part), **{field: value})} if part else {field: value})
            )
            for value in (child, parent)
        ]
        found = inherit(*sides)
        assert getattr(getattr(found, part) if part else found, field) == tight, (field, child, parent)


@pytest.mark.parametrize("field", [each.name for each in fields(Limits) if each.name != "trading_cutoff"])
def test_every_limit_is_the_tighter_one(field: str) -> None:
    floor = field.startswith("min_")
    value = getattr(BASE.limits, field)
    both_ways(field, value + 1, value, "limits") if not floor else both_ways(
        field, value, value + 1, "limits"
    )


PARTS = [("drift", each.name) for each in fields(Drift)] + [("budget", each.name) for each in fields(Budget)]


@pytest.mark.parametrize(("part", "field"), PARTS)
def test_every_budget_is_the_smaller_one_in_the_longer_window(part: str, field: str) -> None:
    value = getattr(getattr(BASE, part), field)
    loose, tight = (value, value + 1) if field == "window_s" else (value + 1, value)
    both_ways(field, loose, tight, part)


def test_people_are_asked_by_the_stricter_of_both() -> None:
    law = BASE.escalation
    both_ways("confidence_threshold", law.confidence_threshold, law.confidence_threshold + 1, "escalation")
    both_ways("max_exposure_usd", law.max_exposure_usd + 1, law.max_exposure_usd, "escalation")
    both_ways("budget_per_hour", law.budget_per_hour + 1, law.budget_per_hour, "escalation")
    both_ways("two_persons_above_usd", None, law.max_exposure_usd, "escalation")
    both_ways("two_persons_above_usd", law.max_exposure_usd + 1, law.max_exposure_usd, "escalation")
    assert {each.name for each in fields(Escalation)} == {
        "confidence_threshold", "max_exposure_usd", "requires_human_approval", "budget_per_hour",
        "two_persons_above_usd",
    }  # fmt: skip


def test_levels_attempts_shorts_and_ends_are_the_tighter_ones() -> None:
    both_ways("authority", Authority.EXECUTE_FULL, Authority.EXECUTE_LIMITED)
    both_ways("authority", Authority.EXECUTE_LIMITED, Authority.PROPOSE)
    both_ways("authority", Authority.PROPOSE, Authority.OBSERVE)
    both_ways("max_attempts", 3, 2)
    both_ways("allow_short", True, False)
    both_ways("terminate_on_max_loss", False, True)
    assert inherit(replace(BASE, allow_short=True), replace(BASE, allow_short=True)).allow_short
    assert not inherit(BASE, BASE).terminate_on_max_loss


def test_what_is_allowed_is_what_both_allow_and_what_is_asked_is_what_either_asks() -> None:
    child = replace(
        BASE, accounts=("a", "b"), allowed_instruments=("x", "y"), allowed_actions=(A.BUY, A.SELL),
        forbidden_actions=(A.HALT,), evidence_tiers=("e",), abort_on_violations=("v", "w"),
        escalation=replace(BASE.escalation, requires_human_approval=(A.BUY,)),
    )  # fmt: skip
    parent = replace(
        BASE, accounts=("b", "c"), allowed_instruments=("y",), allowed_actions=(A.SELL, A.CLOSE),
        forbidden_actions=(A.CANCEL, A.HALT), evidence_tiers=("f",), abort_on_violations=("w",),
        escalation=replace(BASE.escalation, requires_human_approval=(A.SELL, A.BUY)),
    )  # fmt: skip
    found = inherit(child, parent)
    assert (found.accounts, found.allowed_instruments, found.allowed_actions) == (("b",), ("y",), (A.SELL,))
    assert found.forbidden_actions == (A.HALT, A.CANCEL)
    assert (found.evidence_tiers, found.abort_on_violations) == (("e", "f"), ("v", "w"))
    assert found.escalation.requires_human_approval == (A.BUY, A.SELL)


def bell(first: Cutoff | None, second: Cutoff | None) -> Cutoff | None:
    sides = [replace(BASE, limits=replace(BASE.limits, trading_cutoff=each)) for each in (first, second)]
    return inherit(*sides).limits.trading_cutoff


def test_the_earlier_bell_rings_and_of_two_zones_none_ever_opens() -> None:
    early, late = Cutoff(time="09:30", zone="UTC"), Cutoff(time="16:00", zone="UTC")
    assert bell(early, late) == bell(late, early) == early
    assert bell(None, late) == bell(late, None) == late
    assert bell(None, None) is None
    assert bell(late, Cutoff(time="23:00", zone="Asia/Tokyo")) == Cutoff(time="00:00", zone="UTC")


def test_who_an_agent_is_stays_its_own() -> None:
    parent = replace(BASE, agent_id="parent", mission="other", priority=9, veto=True, wake="last > 1")
    found = inherit(BASE, parent)
    for field in ("agent_id", "mission", "priority", "veto", "wake", "topologies", "outputs", "compensation"):
        assert getattr(found, field) == getattr(BASE, field)
