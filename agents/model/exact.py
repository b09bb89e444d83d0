"""Exact steps: a fraction rounded to a whole number of ticks or lots, toward the side that is named."""

from decimal import Decimal
from fractions import Fraction

from schemas.money import CONTEXT


def floor_to(value: Fraction, step: Decimal) -> Decimal:
    """The largest multiple of `step` (> 0) that is not above `value`."""
    return _steps(value // Fraction(step), step)


def ceil_to(value: Fraction, step: Decimal) -> Decimal:
    """The smallest multiple of `step` (> 0) that is not below `value`."""
    return _steps(-(-value // Fraction(step)), step)


def _steps(count: int, step: Decimal) -> Decimal:
    return CONTEXT.multiply(Decimal(count), step)


def multiple_of(value: Decimal, step: Decimal) -> bool:
    return Fraction(value) % Fraction(step) == 0
