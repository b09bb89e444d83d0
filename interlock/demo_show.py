"""What a running demo shows: a live table in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.table import Table

from interlock.tally import LANES, Tally

LINE_EVERY_S = 5.0
FRAME_EVERY_S = 0.25


class Show(Protocol):
    """Told often; decides itself how often to draw."""

    def step(self, text: str) -> None:
        """A stage of the demo began."""
        ...

    def frame(self, tally: Tally, at: int, done: float) -> None:
        """How far the tape has come (``done`` 0 to 1) and what was counted."""
        ...


def clock_text(at: int) -> str:
    """The tape time as people read it."""
    return datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def lane_line(tally: Tally, lane: str) -> tuple[str, ...]:
    """flows, accepted, rejected, escalated, reported, duplicate of one lane."""
    counts = dict.fromkeys(("ACCEPTED", "REJECTED", "ESCALATED", "REPORTED", "DUPLICATE"), 0)
    for (found, verdict, _), count in tally.verdicts.items():
        if found == lane:
            counts[verdict] = counts.get(verdict, 0) + count
    return (str(tally.flows[lane]), *(str(count) for count in counts.values()))


class PlainShow:
    """Lines on stderr, one every few seconds."""

    def __init__(self) -> None:
        self._last = 0.0
        self._began = time.monotonic()

    def step(self, text: str) -> None:
        """A line with the seconds since the start."""
        sys.stderr.write(f"[{time.monotonic() - self._began:6.1f} s] {text}\n")
        sys.stderr.flush()

    def frame(self, tally: Tally, at: int, done: float) -> None:
        """One line every five seconds."""
        if time.monotonic() - self._last < LINE_EVERY_S:
            return
        self._last = time.monotonic()
        flows = " ".join(f"{lane} {tally.flows[lane]}" for lane in LANES)
        verdicts = sum(tally.verdicts.values())
        counted = f"verdicts {verdicts}  fills {len(tally.fills)}  quarantined {tally.quarantined.total()}"
        self.step(f"{clock_text(at)} {done:4.0%}  flows {flows}  {counted}")


class LiveShow:
    """One rich table, redrawn a few times a second."""

    def __init__(self, live: Live) -> None:
        self._live, self._last = live, 0.0
        self._began = time.monotonic()

    def step(self, text: str) -> None:
        """Printed above the table."""
        self._live.console.print(
            f"[dim]{time.monotonic() - self._began:6.1f} s[/dim]  {text}", highlight=False
        )

    def frame(self, tally: Tally, at: int, done: float) -> None:
        """Redraw, at most four times a second."""
        if time.monotonic() - self._last < FRAME_EVERY_S:
            return
        self._last = time.monotonic()
        table = Table(title=f"{clock_text(at)}   {done:.0%} of the tape", title_justify="left", expand=False)
        for name in ("lane", "flows", "accepted", "rejected", "escalated", "reported", "duplicate"):
            table.add_column(name, justify="left" if name == "lane" else "right")
        for lane in LANES:
            table.add_row(lane, *lane_line(tally, lane))
        table.caption = (
            f"{tally.signals} signals  {len(tally.fills)} fills  {tally.quarantined.total()} quarantined  "
            f"{tally.size} ledger entries  {tally.halts_over_buys} HALTs over a BUY"
        )
        self._live.update(table, refresh=True)


@contextmanager
def showing() -> Iterator[Show]:
    """A live table when stderr is a terminal, plain lines otherwise."""
    if not sys.stderr.isatty():
        yield PlainShow()
        return
    with Live(console=Console(stderr=True), auto_refresh=False) as live:
        yield LiveShow(live)
