"""Exact arithmetic where a division cannot be avoided: eighteen digits, and the rounding is named."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from typing import Literal

from schemas.models import Fact
from schemas.money import SCALE, UNSCALED_BOUND

Rounding = Literal["ROUND_FLOOR", "ROUND_CEILING", "ROUND_HALF_EVEN"]

QUANTUM = Decimal(1).scaleb(-SCALE)
WHOLE_MAX = Decimal(UNSCALED_BOUND // 10**SCALE - 1)  # the largest whole amount that decimal(38,18) holds

# Inexact is what these are for, so it does not trap; everything else that is no number still does.
_ROUNDING: dict[Rounding, Context] = {
    "ROUND_FLOOR": Context(prec=80, rounding=ROUND_FLOOR),
    "ROUND_CEILING": Context(prec=80, rounding=ROUND_CEILING),
    "ROUND_HALF_EVEN": Context(prec=80, rounding=ROUND_HALF_EVEN),
}


def rounded(value: Decimal, rounding: Rounding) -> Decimal:
    """``value`` to eighteen digits behind the point. Raises InvalidOperation on NaN and infinities."""
    return value.quantize(QUANTUM, context=_ROUNDING[rounding])


def ratio(numerator: Decimal, denominator: Decimal, rounding: Rounding) -> Decimal:
    """``numerator / denominator`` to eighteen digits. Raises DivisionByZero on a zero denominator."""
    return rounded(_ROUNDING[rounding].divide(numerator, denominator), rounding)


def root(value: Decimal, rounding: Rounding) -> Decimal:
    """The square root to eighteen digits; ``value`` must not be negative."""
    return rounded(_ROUNDING[rounding].sqrt(value), rounding)


def storable(value: Decimal) -> Decimal:
    """The nearest figure a ledger can hold: half to even at the 18th place, at most WHOLE_MAX either way.

    For what tells or values (facts, worths at a mark), never for money that moves.
    """
    if not -WHOLE_MAX < value < WHOLE_MAX:
        return WHOLE_MAX.copy_sign(value)
    near = rounded(value, "ROUND_HALF_EVEN")
    return value if near == value else near


def fact(name: str, value: Decimal | int) -> Fact:
    """A named figure as it rides in verdict and ledger: a product of two amounts has too many digits."""
    return Fact(name=name, value=storable(Decimal(value)))
