"""An escalation as a person reads it: who asks for what, why, what it would change, and for how long."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from interlock.inbox import Waiting
from interlock.reading import what_of
from schemas.models import Fact
from schemas.money import plain
from schemas.plain import to_plain
from schemas.reasons import Reason, name_of

SECOND_US = 1_000_000


def figures(each: Waiting, now: int, price_now: Decimal | None = None, price_at: int | None = None) -> Any:
    """Everything as JSON values; prices in USD as exact text, times left and ages in seconds."""
    inside = each.inside
    said = None if inside is None else inside.intent or inside.report
    return {
        "dfid": each.dfid.hex(),
        "account": each.account,
        "agent": each.agent_id,
        "attempt": each.attempt,
        "asks": what_of(each.body),
        "reason": name_of(each.reason),
        "gate": gate_of(each.reason),
        "facts": {fact.name: plain(fact.value) for fact in each.facts},
        "payload": None if said is None else to_plain(said),
        "diff": None if each.diff is None else to_plain(each.diff),
        "digest": each.digest.hex(),
        "price": None if each.price is None else plain(each.price),
        "price_now": None if price_now is None else plain(price_now),
        "price_age_s": None if price_at is None else max(0, (now - price_at) // SECOND_US),
        "persons": each.persons,
        "expires_at": each.expires_at,
        "seconds_left": max(0, (each.expires_at - now) // SECOND_US),
        "seq": each.seq,
    }


def gate_of(reason: int) -> int | None:
    """The gate of a kernel's reason; a lane's has none."""
    return Reason(reason).gate if reason > 100 else None


def line(each: Waiting, now: int) -> str:
    """One escalation on one line."""
    return (
        f"{each.dfid.hex()} {each.account:<12} {left(each, now):>7}  {what_of(each.body)}"
        f"  {because(each.reason, each.facts)}"
    )


def page(each: Waiting, now: int, price_now: Decimal | None = None, price_at: int | None = None) -> list[str]:
    """One escalation in full."""
    read = figures(each, now, price_now, price_at)
    age = read["price_age_s"]
    last = f"{read['price_now'] or 'unknown'} now" if age is None else f"{read['price_now']} seen {age} s ago"
    found = [
        f"flow {read['dfid']}  account {each.account}  attempt {each.attempt}",
        f"  asks      {read['asks']}",
        f"  because   {because(each.reason, each.facts)}",
        *_diff(each),
        f"  digest    {read['digest']}",
        f"  price     {read['price'] or 'none'} when judged, {last}",
        f"  time left {left(each, now)}, then it is refused",
    ]
    if each.persons > 1:
        found.append(f"  persons   {each.persons} must sign")
    found.append("  payload   " + json.dumps(read["payload"], sort_keys=True, ensure_ascii=False))
    return found


def because(reason: int, facts: tuple[Fact, ...]) -> str:
    """A reason with its gate and figures."""
    gate = gate_of(reason)
    shown = " ".join(f"{fact.name}={plain(fact.value)}" for fact in facts)
    return f"{name_of(reason)}{'' if gate is None else f' (gate {gate})'}{' ' + shown if shown else ''}"


def left(each: Waiting, now: int) -> str:
    """The time left, in minutes and seconds."""
    seconds = max(0, (each.expires_at - now) // SECOND_US)
    return f"{seconds // 60}m{seconds % 60:02}s"


def _diff(each: Waiting) -> list[str]:
    diff = each.diff
    if diff is None:
        return []
    return [
        f"  {when:<9} {plain(quantity)} {diff.instrument}, cash {plain(cash)}, exposure {plain(exposure)}"
        for when, quantity, cash, exposure in (
            ("before", diff.quantity_before, diff.cash_before, diff.exposure_before),
            ("after", diff.quantity_after, diff.cash_after, diff.exposure_after),
        )
    ]
