"""Physical names: what a ledger's topics, groups and transactional ids are called on the broker.

The ledger `live` has the bare names; every other ledger has its own under `<ledger>.`, where its ACLs hold.
"""

from __future__ import annotations

import re
from typing import NewType

LedgerName = NewType("LedgerName", str)

LIVE = LedgerName("live")
MARKET_SIGNALS = "market.signals"
CLOCK = "clock"
QUARANTINE = "quarantine"
EFFECT = "@effect"  # no Kafka name may hold an @, so answers can never be forged on a topic

_LEDGER_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")  # no dot: the first one ends the prefix


def ledger_name(text: str) -> LedgerName:
    """Check a ledger's name. Raises ValueError, naming what is allowed."""
    if _LEDGER_NAME.fullmatch(text) is None:
        raise ValueError(
            f"ledger name {text!r}: at most 32 of a-z, 0-9 and -, beginning with a letter or digit"
        )
    return LedgerName(text)


def physical(ledger: LedgerName, base: str) -> str:
    """The broker's name of a topic or group."""
    return base if ledger == LIVE else f"{ledger}.{base}"


def base(ledger: LedgerName, name: str) -> str:
    """The base name of what `physical` made. Raises ValueError for another ledger's name."""
    if ledger == LIVE:
        return name
    prefix = f"{ledger}."
    if not name.startswith(prefix):
        raise ValueError(f"{name} is not of ledger {ledger}")
    return name.removeprefix(prefix)


def state_topic(processor: str) -> str:
    """The base name of a remembering processor's own compacted topic."""
    return f"{processor}.state"


def group_id(ledger: LedgerName, processor: str, shard: int) -> str:
    """The group whose committed offsets show how far a loop has read."""
    return physical(ledger, f"interlock-{processor}-{shard}")


def worker_group_id(ledger: LedgerName, name: str) -> str:
    """The group that all Faust workers of one agent share."""
    return physical(ledger, f"interlock-{name}")


def transactional_id(ledger: LedgerName, processor: str, shard: int) -> str:
    """One per processor, ledger and shard: the broker lets only its newest holder write."""
    return f"interlock-{processor}-{ledger}-{shard}"
