"""The price a person looks at: the market's last one, how old it is, and when it is too old to sign on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from interlock.context import Context
from interlock.inbox import Waiting
from interlock.say import Exit, Stop
from kernel import exact
from ledger.registry import Registry
from rules.contract_json import parse
from schemas.models import Action, DocumentKind, HumanChoice, MarketSignal, Quote
from schemas.wire import Refused, unframed

QUOTES_BACK = 5_000  # how far behind the market's end a price is still looked for
SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The middle of the last quote, USD, and its own time, micros UTC."""

    price: Decimal
    at: int

    def age_s(self, now: int) -> int:
        """Whole seconds since then."""
        return max(0, (now - self.at) // SECOND_US)


def price_now(there: Context, instrument: str | None) -> Seen | None:
    """The instrument's last quote on the market, None when it is not among the last records."""
    if instrument is None:
        return None
    for record in reversed(there.last("market.signals", QUOTES_BACK)):
        try:
            signal = unframed(MarketSignal, record.value)
        except Refused:
            continue
        if signal.instrument == instrument and isinstance(signal.body, Quote):
            return Seen(price=exact.mid(signal.body.bid, signal.body.ask), at=signal.event_time)
    return None


def mark_age_us_max(registry: Registry, agent: str | None) -> int | None:
    """How old a live price may be by the agent's contract in force; None when it has none."""
    body = None if agent is None else registry.body(DocumentKind.CONTRACT, agent)
    if body is None:
        return None
    return parse(body).drift.max_mark_age_ms * 1_000


def may_sign(
    waiting: Waiting, choice: HumanChoice, seen: Seen | None, now: int, limit_us: int | None, *, stale: bool
) -> None:
    """Raises Stop on an answer that allows an order while its price is older than the contract lets it be.

    The kernel would refuse it as STALE_MARK, and the escalation would be gone. A CLOSE needs no live price.
    """
    intent = waiting.intent
    if stale or choice is HumanChoice.ABORT or intent is None or intent.action is Action.CLOSE:
        return
    if intent.instrument is None:
        return
    if seen is not None and (limit_us is None or now - seen.at <= limit_us):
        return
    limit = "" if limit_us is None else f", the contract's limit is {limit_us // SECOND_US} s"
    old = "no price is among the last records" if seen is None else f"its price is {seen.age_s(now)} s old"
    raise Stop(
        Exit.FAILED, f"{intent.instrument}: {old}{limit}", where=f"flow {waiting.dfid.hex()}",
        why="the kernel would refuse it as STALE_MARK, and nothing would wait any more; nothing was signed",
        fix="wait for a newer price, --consequence abort, or --stale to sign all the same",
    )  # fmt: skip
