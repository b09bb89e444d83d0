"""Circuit breakers: when an account may take no new risk, as pure predicates in the order of the law."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rules.config_error import ConfigError
from rules.contract import Cutoff, Limits
from rules.exact import fact
from schemas.models import Fact
from schemas.money import CONTEXT
from schemas.reasons import Reason

ZERO = Decimal(0)
ONE = Decimal(1)
MINUTES_PER_HOUR = 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerFigures:
    """An account in USD: ``base`` is what was paid in less what was taken out, ``day_start`` equity at the
    zone's midnight, ``peak`` the highest equity seen.
    """

    equity: Decimal
    peak: Decimal
    base: Decimal
    day_start: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Tripped:
    """One tripped breaker with what was measured and the limit it is measured against."""

    reason: Reason
    measured: Decimal
    limit: Decimal

    @property
    def facts(self) -> tuple[Fact, ...]:
        return (fact("measured", self.measured), fact("limit", self.limit))


def require_base(base: Decimal) -> Decimal:
    """``base`` when anything can be measured against it. Raises ConfigError when it is not above zero."""
    if not base.is_finite() or base <= 0:
        raise ConfigError("base", f"{base} is nothing to measure a loss against", "pay in more than zero")
    return base


def tripped(
    figures: BreakerFigures, limits: Limits, now: int, *, loss_latched: bool = False
) -> tuple[Tripped, ...]:
    """All tripped breakers in law order at ``now`` (micros UTC); the latch keeps MAX_LOSS once reached."""
    return tuple(_tripped(figures, limits, now, loss_latched=loss_latched))


def _tripped(figures: BreakerFigures, limits: Limits, now: int, *, loss_latched: bool) -> Iterator[Tripped]:
    equity = figures.equity
    floor = _less(figures.base, limits.max_drawdown_pct)
    if loss_latched or equity <= floor:
        yield Tripped(reason=Reason.MAX_LOSS, measured=equity, limit=floor)
    floor = _less(figures.peak, limits.trailing_max_drawdown_pct)
    if equity <= floor:
        yield Tripped(reason=Reason.TRAILING_DRAWDOWN, measured=equity, limit=floor)
    floor = _less(figures.day_start, limits.max_daily_loss_pct)
    if equity < floor:
        yield Tripped(reason=Reason.DAILY_LOSS_LIMIT, measured=equity, limit=floor)
    gain, most = _day_gain(figures, limits.consistency_rule_pct)
    if gain > most:
        yield Tripped(reason=Reason.CONSISTENCY_RULE, measured=gain, limit=most)
    if limits.trading_cutoff is not None and past_cutoff(limits.trading_cutoff, now):
        minute = local_minute(limits.trading_cutoff.zone, now)
        last = cutoff_minute(limits.trading_cutoff)
        yield Tripped(reason=Reason.TRADING_CUTOFF, measured=Decimal(minute), limit=Decimal(last))


def _day_gain(figures: BreakerFigures, share: Decimal) -> tuple[Decimal, Decimal]:
    """The day's gain and ``share`` of all profit; without a profit neither is there."""
    gain = CONTEXT.subtract(figures.equity, figures.day_start)
    total = CONTEXT.subtract(figures.equity, figures.base)
    # A day that wins back a loss is not yet a profit.
    return (gain, CONTEXT.multiply(share, total)) if total > 0 else (ZERO, ZERO)


def consistency_warning(figures: BreakerFigures, limits: Limits) -> tuple[Fact, ...]:
    """The day's gain and what it may be unsaid, once it is above consistency_warn_pct of all profit."""
    gain, most = _day_gain(figures, limits.consistency_warn_pct)
    return (fact("consistency_gain", gain), fact("consistency_warn", most)) if gain > most else ()


def _less(amount: Decimal, fraction: Decimal) -> Decimal:
    return CONTEXT.multiply(amount, CONTEXT.subtract(ONE, fraction))


def past_cutoff(cutoff: Cutoff, now: int) -> bool:
    """Whether local time in the cutoff's zone is at or after its HH:MM (until local midnight)."""
    return local_minute(cutoff.zone, now) >= cutoff_minute(cutoff)


def cutoff_minute(cutoff: Cutoff) -> int:
    """Minutes from local midnight. Raises ConfigError when ``time`` is no HH:MM ("9:30" is none)."""
    found = _CLOCK.fullmatch(cutoff.time)
    if found is None:
        raise ConfigError(
            "limits.trading_cutoff.time", f"{cutoff.time!r} is no HH:MM", "write for example 09:30"
        )
    return int(found[1]) * MINUTES_PER_HOUR + int(found[2])


def local_minute(zone: str, now: int) -> int:
    """Minutes since midnight on a clock in ``zone`` at ``now`` (micros UTC)."""
    local = _local(zone, now)
    return local.hour * MINUTES_PER_HOUR + local.minute


def local_day(zone: str, now: int) -> int:
    """The number of the local day (proleptic ordinal): a day begins at the zone's midnight."""
    return _local(zone, now).toordinal()


def _local(zone: str, now: int) -> datetime:
    return (_EPOCH + timedelta(microseconds=now)).astimezone(_zone(zone))


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError("limits.trading_cutoff.zone", f"{name!r} is no IANA zone", "UTC is one") from error
