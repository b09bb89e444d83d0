"""What happened in a demo, in words and as JSON."""

from __future__ import annotations

from collections import Counter
from typing import Any

from interlock.accounts import latest_views
from interlock.demo import Ran
from schemas.money import plain

NEXT = (
    "interlock trace last",
    "interlock why last",
    "interlock decisions -n 30",
    "interlock ledger verify",
    "interlock down",
)


def text(ran: Ran) -> str:
    """The closing page."""
    tally, audited = ran.tally, ran.audited
    lines = [
        "",
        f"ledger {ran.context.name} ({ran.context.card.ledger.hex()}), {ran.seconds:.1f} s",
        f"signals    {tally.signals} read, {ran.fed.groups} groups fed",
        f"flows      {_counts(tally.flows)}",
        "verdicts",
        *(f"  {lane:<6} {verdict:<10} {reason:<26} {count:>5}"
          for (lane, verdict, reason), count in sorted(tally.verdicts.items())),
        f"outcomes   {_counts(tally.statuses)}",
        f"receipts   {_counts(tally.receipts)}; {len(tally.fills)} fills",
        f"a HALT preempted a BUY {tally.halts_over_buys} times",
        f"bad input  sent: {_counts(ran.fed.faults)}",
        f"           quarantined: {_counts(tally.quarantined)}",
        f"           refused by the broker: {_counts(ran.fed.refused)}",
        *(f"equity     {view.view.account}: {plain(view.equity)} USD (deposited {plain(view.deposits)},"
          f" realised {plain(view.realised)}, fees {plain(view.fees)})"
          for view in latest_views(ran.context)),
        f"restarts   {_counts(ran.restarts)}",
        f"ledger     {tally.size} entries, {tally.entries['DECISION']} decisions; {_counts(tally.entries)}",
        *(f"checkpoint size {size}, root {root}" for size, root in audited.roots),
        f"{'verified' if audited.verified else 'NOT VERIFIED'}: {audited.verdict}",
        f"{'replay identical' if audited.identical else 'REPLAY DIFFERS'}: {audited.replay}",
        "",
        "next:",
        *(f"  {command}" for command in NEXT),
    ]  # fmt: skip
    return "\n".join(lines)


def as_plain(ran: Ran) -> dict[str, Any]:
    """The same as JSON values."""
    tally = ran.tally
    return {
        "ledger": ran.context.name,
        "seconds": f"{ran.seconds:.1f}",
        "signals": tally.signals,
        "flows": dict(tally.flows),
        "verdicts": {"/".join(key): count for key, count in sorted(tally.verdicts.items())},
        "outcomes": dict(tally.statuses),
        "receipts": dict(tally.receipts),
        "fills": len(tally.fills),
        "halts_over_buys": tally.halts_over_buys,
        "faults": dict(ran.fed.faults),
        "quarantined": dict(tally.quarantined),
        "refused_by_broker": dict(ran.fed.refused),
        "equity": {view.view.account: plain(view.equity) for view in latest_views(ran.context)},
        "restarts": ran.restarts,
        "entries": tally.size,
        "checkpoint": _point(*ran.audited.roots[0]),
        "checkpoints": [_point(*each) for each in ran.audited.roots],
        "verified": ran.audited.verified,
        "replay_identical": ran.audited.identical,
    }


def _counts(counter: Counter[str] | dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items())) or "none"


def _point(size: int, root: str) -> dict[str, Any]:
    return {"size": size, "root": root}
