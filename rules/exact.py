"""Exact arithmetic where a division cannot be avoided: eighteen digits, and the rounding is named."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from typing import Literal

from schemas.money import SCALE

Rounding = Literal["ROUND_FLOOR", "ROUND_CEILING", "ROUND_HALF_EVEN"]

QUANTUM = Decimal(1).scaleb(-SCALE)

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
