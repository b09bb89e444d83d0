"""When a local day begins: the clock of a breaker's zone, from micros alone."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UTC_ZONE = "UTC"
MICRO = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@functools.cache
def zone_of(name: str) -> ZoneInfo:
    """The IANA zone. Raises ZoneInfoNotFoundError on a name nobody knows."""
    return ZoneInfo(name)


def known(name: str) -> bool:
    """Say whether the zone exists."""
    try:
        zone_of(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


def next_day(now: int, zone: str) -> int:
    """Micros UTC of the first moment of the local day after ``now``'s."""
    local = (EPOCH + now * MICRO).astimezone(zone_of(zone))
    tomorrow = datetime(local.year, local.month, local.day, tzinfo=zone_of(zone)) + timedelta(days=1)
    return (tomorrow.astimezone(UTC) - EPOCH) // MICRO
