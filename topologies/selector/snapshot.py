"""What a flow's agents may look at: one compiled view of the moment, nothing in it newer than taken_at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from rules.exact import rounded
from rules.features import FEATURE_VERSION
from schemas.models import AccountViewRecord, Position, Snapshot
from schemas.money import CONTEXT
from topologies.selector.bounds import VIEWS_MAX
from topologies.selector.headlines import Headline, digests
from topologies.selector.market import Market

ALONE = ("BAR", "QUOTE", "TRADE", "NEWS")  # triggers about one instrument; others also show what is held


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """A snapshot and the headlines whose digests stand in it."""

    snapshot: Snapshot
    shown: tuple[Headline, ...]


def instruments_of(kind: str, instrument: str, record: AccountViewRecord) -> tuple[str, ...]:
    """The instruments a snapshot shows, the one named first."""
    held = sorted(each.instrument for each in record.view.positions if each.instrument != instrument)
    return (instrument,) if kind in ALONE else (instrument, *held)[:VIEWS_MAX]


def compiled(
    *,
    now: int,
    rules_hash: bytes,
    instruments: tuple[str, ...],
    account: AccountViewRecord,
    market: Market,
    shown: Iterable[Headline],
) -> Compiled:
    """The snapshot at ``now`` (micros UTC)."""
    headlines = tuple(shown)
    equity = _equity(account, market)
    snapshot = Snapshot(
        taken_at=now,
        feature_version=FEATURE_VERSION,
        rules_hash=rules_hash,
        instruments=tuple(market.view(instrument) for instrument in instruments),
        headlines=digests(headlines),
        account=account.view,
        account_hash=account.view_hash,
        equity=equity,
        peak=max(account.peak, equity),
        day_start=account.day_start,
    )
    return Compiled(snapshot=snapshot, shown=headlines)


def held(account: AccountViewRecord, instrument: str) -> Decimal:
    """The quantity held of an instrument."""
    found = (each.quantity for each in account.view.positions if each.instrument == instrument)
    return next(found, Decimal(0))


def _equity(account: AccountViewRecord, market: Market) -> Decimal:
    """Equity by our own last quotes where all of it is quoted, else as published.

    The kernel folds the same quotes, but its view of them may come before or after this snapshot is taken; a
    snapshot must not depend on which.
    """
    total = CONTEXT.add(account.view.cash, account.view.reserved_cash)
    for position in account.view.positions:
        value = _value(position, market)
        if value is None:
            return account.equity
        total = CONTEXT.add(total, value)
    return total


def _value(position: Position, market: Market) -> Decimal | None:
    mark = market.mark(position.instrument)
    return None if mark is None else rounded(CONTEXT.multiply(position.quantity, mark), "ROUND_HALF_EVEN")
