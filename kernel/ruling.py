"""What a gate may answer, and what the law answers in the end."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from rules.exact import fact
from schemas.models import Fact, Verdict
from schemas.reasons import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """No, by name, with the figures. unsigned: said before every signature held, so it binds nobody."""

    reason: Reason
    facts: tuple[Fact, ...] = ()
    unsigned: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """A person decides, if nothing later says no."""

    reason: Reason
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """Decided before: the prior answer stands and nothing is consumed. key: the order it became."""

    verdict: Verdict
    reason: Reason | int
    key: bytes | None


Answer = Refusal | Escalation | Duplicate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """The verdict with its reason and figures.

    signed: whether the signatures held (else a REFUSAL entry without bytes). key: of a DUPLICATE's order.
    """

    verdict: Verdict
    reason: int = 0
    facts: tuple[Fact, ...] = ()
    signed: bool = True
    prior: Verdict | None = None
    key: bytes | None = None


def facts(**figures: Decimal | int) -> tuple[Fact, ...]:
    """Named figures in the order given; never an id, a hash or an offset."""
    return tuple(fact(name, value) for name, value in figures.items())
