"""Breakers, overlays and drift: edges inclusive or strict as the design says."""

from dataclasses import replace
from decimal import Decimal

import pytest

from rules.breakers import BreakerFigures, local_day, past_cutoff, require_base, tripped
from rules.config_error import ConfigError
from rules.contract import Cutoff
from rules.drift import geometry_holds, moved_bps, older_than, price_drift
from rules.resolve import Phase, Regime, phase_of, regime_of, resolve
from rules.semver import supports, version
from schemas.reasons import Reason
from tests.rules_cases import moderate

D = Decimal
NOON_UTC = 1_704_801_600_000_000  # 2024-01-09 12:00 UTC, 07:00 in New York


def figures(**changed):
    given = {"equity": D(100_000), "peak": D(100_000), "base": D(100_000), "day_start": D(100_000)}
    return BreakerFigures(**{**given, **changed})


LOSSES = [Reason.MAX_LOSS, Reason.TRAILING_DRAWDOWN]
CASES = (
    ("at rest", {}, []),
    ("floor inclusive", {"equity": D(90_000), "day_start": D(90_000)}, LOSSES),
    ("above the floor", {"equity": D("90000.01"), "day_start": D(90_000)}, []),
    ("trailing", {"equity": D(99_000), "peak": D(110_000), "day_start": D(99_000)}, LOSSES[1:]),
    ("daily loss strict", {"equity": D(98_000)}, []),
    ("daily loss", {"equity": D("97999.99")}, [Reason.DAILY_LOSS_LIMIT]),
    ("half of the profit today", {"equity": D(101_000), "day_start": D(100_500)}, []),
    ("more than half", {"equity": D(101_000), "day_start": D("100499.99")}, [Reason.CONSISTENCY_RULE]),
    ("a day that wins back a loss", {"equity": D(99_500), "day_start": D(99_000)}, []),
)


@pytest.mark.parametrize(("name", "changed", "expected"), CASES, ids=[case[0] for case in CASES])
def test_a_breaker_trips_at_its_edge(name, changed, expected):
    assert [each.reason for each in tripped(figures(**changed), moderate(), NOON_UTC)] == expected


def test_a_latched_loss_stays_tripped_after_recovery():
    found = tripped(figures(), moderate(), NOON_UTC, loss_latched=True)
    assert [each.reason for each in found] == [Reason.MAX_LOSS]


def test_a_base_of_nothing_is_a_config_error():
    for base in (D(0), D(-1), D("NaN")):
        with pytest.raises(ConfigError):
            require_base(base)
    assert require_base(D(1)) == D(1)


def test_the_cutoff_follows_the_zone_through_daylight_saving():
    cutoff = Cutoff(time="16:20", zone="America/New_York")
    winter, summer = (
        1_704_835_200_000_000,
        1_720_556_400_000_000,
    )  # 2024-01-09 21:20 UTC, 2024-07-09 20:20 UTC
    for edge in (winter, summer):
        assert past_cutoff(cutoff, edge)
        assert not past_cutoff(cutoff, edge - 1)
    found = tripped(figures(), moderate(), winter)
    assert [each.reason for each in found] == [Reason.TRADING_CUTOFF]
    assert tripped(figures(), replace(moderate(), trading_cutoff=None), winter) == ()


def test_a_day_begins_at_the_zones_midnight():
    midnight_new_york = 1_704_776_400_000_000  # 2024-01-09 05:00 UTC
    zone = "America/New_York"
    assert local_day(zone, midnight_new_york) == local_day(zone, midnight_new_york - 1) + 1
    assert local_day("UTC", midnight_new_york) == local_day("UTC", midnight_new_york - 1)


def test_unknown_counts_as_violent_and_as_the_last_phase():
    assert regime_of(None) is Regime.UNKNOWN
    assert regime_of(D("NaN")) is Regime.UNKNOWN
    assert regime_of(D("0.0025")) is Regime.HIGH_VOL
    assert regime_of(D("0.0024")) is Regime.LOW_VOL
    assert phase_of(None) is Phase.LOCK_IN
    assert resolve(moderate()) == replace(resolve(moderate(), regime=Regime.HIGH_VOL), regime=Regime.UNKNOWN)


def test_volatility_shrinks_a_trade_to_no_less_than_half():
    def single(volatility):
        found = resolve(moderate(), regime=Regime.LOW_VOL, volatility=volatility)
        return found.limits.max_single_trade_pct

    assert single(D("0.01")) == D("0.05")
    assert single(D("0.0125")) == D("0.04")
    assert single(D("0.5")) == D("0.025")
    assert single(D(0)) == D("0.05")
    assert single(D("NaN")) == D("0.025")


DRIFT = (
    ("100", "101.00", 100, None),
    ("100", "101.000000000000000001", 100, Reason.STALE_CONTEXT),
    ("100", "99.00", 100, None),
    ("100", "98.999", 100, Reason.STALE_CONTEXT),
    ("99.50", "101.20", 50, Reason.STALE_CONTEXT),
    ("100", None, 50, Reason.NO_LIVE_PRICE),
    ("100", "NaN", 50, Reason.NO_LIVE_PRICE),
    ("100", "0", 50, Reason.NO_LIVE_PRICE),
    (None, "100", 50, Reason.STALE_CONTEXT),
)


@pytest.mark.parametrize(("seen", "live", "envelope", "expected"), DRIFT)
def test_drift_is_exact_and_inclusive(seen, live, envelope, expected):
    snapshot = None if seen is None else D(seen)
    assert price_drift(snapshot, None if live is None else D(live), D(envelope)) == expected


def test_the_articles_incident_measures_170_85_bps():
    assert moved_bps(D("99.50"), D("101.20")).quantize(D("0.01")) == D("170.85")


def test_geometry_fails_closed_on_what_is_no_price():
    for none_such in (D("NaN"), D("-NaN"), D("sNaN"), D("Infinity"), D("-Infinity")):
        assert not geometry_holds("long", none_such, D(183), D(190), D(1))
        assert not geometry_holds("long", D(185), none_such, D(190), D(1))
        assert not geometry_holds("long", D(185), D(183), none_such, D(1))
        assert not geometry_holds("short", D(185), none_such, D(180), D(1))
    assert not geometry_holds("long", D(185), D(0), D(190), D(1))
    assert geometry_holds("short", D(185), D(187), D(180), D("1.5"))


def test_age_is_inclusive_and_the_future_is_too_old():
    assert not older_than(0, 90_000_000, 90_000)
    assert older_than(0, 90_000_001, 90_000)
    assert older_than(1, 0, 90_000)


def test_versions_are_strict():
    assert str(version("1.20.3")) == "1.20.3"
    assert [version(text) for text in ("v1.0.0", "1.0", "01.0.0", "1.0.0-rc", "1.0.0 ", "")] == [None] * 6
    assert supports("1.2.7", "1.2.x")
    assert not supports("1.3.0", "1.2.x")
    assert supports("1.2.3", "1.2.3")
    with pytest.raises(ConfigError):
        supports("1.0.0", "any")
