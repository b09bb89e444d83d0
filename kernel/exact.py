"""Exact money: every operation names its context, every division its rounding.

Python's operators on Decimal round silently at the thread's precision; none of them stands in the law.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

from schemas.money import CONTEXT, SCALE

ZERO = Decimal(0)
BPS = Decimal(10_000)
STEP = Decimal(1).scaleb(-SCALE)
MONEY_MAX = Decimal(10) ** 15  # more USD than there are: sums of many still fit the ledger's 38 digits
_WIDE = Context(prec=120, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation])


def plus(*values: Decimal) -> Decimal:
    """The exact sum."""
    total = ZERO
    for value in values:
        total = CONTEXT.add(total, value)
    return total


def minus(value: Decimal, *others: Decimal) -> Decimal:
    """``value`` less all the others, exactly."""
    for other in others:
        value = CONTEXT.subtract(value, other)
    return value


def times(first: Decimal, second: Decimal) -> Decimal:
    """The exact product."""
    return CONTEXT.multiply(first, second)


def negated(value: Decimal) -> Decimal:
    """``value`` with the other sign, digits kept."""
    return value.copy_negate()


def money(value: Decimal) -> Decimal:
    """``value`` to 18 places, half to even: what the ledger can hold."""
    return value.quantize(STEP, ROUND_HALF_EVEN, _WIDE)


def share(whole: Decimal, part: Decimal, of: Decimal) -> Decimal:
    """``whole × part / of`` to 18 places, half to even. ``of`` is not zero."""
    return money(_WIDE.divide(CONTEXT.multiply(whole, part), of))


def ratio_bps(part: Decimal, of: Decimal) -> Decimal:
    """``part / of`` in basis points to 18 places; zero when there is nothing to measure by."""
    return ZERO if of == 0 else share(BPS, part, of)


def mid(bid: Decimal, ask: Decimal) -> Decimal:
    """The middle of a quote, exactly (halving is exact in decimals)."""
    return CONTEXT.multiply(CONTEXT.add(bid, ask), Decimal("0.5"))


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The greatest multiple of ``step`` that is not above ``value``."""
    return CONTEXT.multiply(_WIDE.divide(value, step).to_integral_value(ROUND_FLOOR), step)


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The least multiple of ``step`` that is not below ``value``."""
    return CONTEXT.multiply(_WIDE.divide(value, step).to_integral_value(ROUND_CEILING), step)
