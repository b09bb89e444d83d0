"""One campaign: load, kills, rest, seal, count, audit, and what to say of it."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from interlock.audit import Audited, audit
from interlock.demo_steps import check, seal
from schemas.models import Lane
from tests.kill.book import Book
from tests.kill.brokers import Brokers
from tests.kill.counts import Count, counted, unanswered
from tests.kill.killer import Killer
from tests.kill.load import Load
from tests.kill.progress import behind
from tests.kill.stage import Stage, all_open, stage

MINUTE_US = 60_000_000
REST_S_MAX = 180.0
SAY_EVERY_S = 10.0
POINTS_FROM = 500  # kills from which on every named point must have killed


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """pace_s: a kill every so many seconds, on the average."""

    kills: int
    seed: int
    root: Path
    brokers: int = 1
    pace_s: float = 1.5
    orders_per_s: float = 3.0
    lanes: tuple[Lane, ...] = tuple(Lane)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a campaign found; ``breaches`` must be empty."""

    book: Book
    count: Count
    audited: Audited
    breaches: tuple[str, ...]
    orders: int
    flows: int
    killing_s: float
    rest_s: float
    away_ms: Sequence[int]


def run(options: Options, say: Callable[[str], None]) -> Result:
    """Set the stage and perform on it. Raises DemoFailed or ServicesError when it cannot be had."""
    with stage(options.root, brokers=options.brokers, lanes=options.lanes, say=say) as made:
        return perform(made, options, say)


def perform(made: Stage, options: Options, say: Callable[[str], None]) -> Result:
    """Kill so often, come to rest, and count."""
    rng = random.Random(options.seed)
    load = Load(made, random.Random(rng.random()), options.orders_per_s)
    brokers = Brokers(made.there.running, random.Random(rng.random()))
    killer = Killer(made, random.Random(rng.random()), options.kills, options.pace_s, brokers)
    load.start()
    began = time.monotonic()
    try:
        _kill(killer, made, load, say)
    finally:
        load.stop()
    killing_s = time.monotonic() - began
    say(f"{killer.book.total} kills in {killing_s:.0f} s; coming to rest")
    breaches = _rest(killer, made, load)
    rest_s = time.monotonic() - began - killing_s
    seal(made.feeder, made.observer, made.there, load.now + 30 * MINUTE_US)
    breaches += behind(made)
    say("counting against the venue's own record, verifying and replaying the ledger")
    count = counted(made.there)
    with tempfile.TemporaryDirectory(prefix="interlock-kill-") as place:
        audited = audit(made.there, Path(place))
    breaches += [*killer.book.breaches, *count.breaches, *unanswered(made.there, load.ordered)]
    breaches += [] if audited.verified else [f"not verified: {audited.verdict}"]
    breaches += [] if audited.identical else [f"replay differs: {audited.replay}"]
    if options.kills >= POINTS_FROM:
        breaches += [f"nobody died at {point}" for point in killer.book.unreached()]
    return Result(
        book=killer.book, count=count, audited=audited, breaches=tuple(breaches),
        orders=sum(map(len, load.ordered.values())), flows=made.observer.tally.flows.total(),
        killing_s=killing_s, rest_s=rest_s, away_ms=brokers.away_ms,
    )  # fmt: skip


def _kill(killer: Killer, made: Stage, load: Load, say: Callable[[str], None]) -> None:
    said_s = time.monotonic()
    while killer.book.total < killer.wanted or killer.busy:
        killer.tick()
        check(made.hand)
        made.observer.poll(0.02)
        if load.failure is not None:
            return
        if time.monotonic() - said_s > SAY_EVERY_S:
            said_s = time.monotonic()
            tally = made.observer.tally
            say(
                f"  {killer.book.total} kills, {sum(map(len, load.ordered.values()))} orders, "
                f"{tally.flows.total()} flows, {len(tally.open)} open, {tally.receipts.total()} receipts"
            )


def _rest(killer: Killer, made: Stage, load: Load) -> list[str]:
    """Nobody dies any more; every flow comes to its outcome by itself or by its deadline."""
    killer.disarm()
    begun = time.monotonic()
    until = begun + 3.0
    # A worker that opens after the seal would say hello behind the last checkpoint.
    while killer.busy or time.monotonic() < until or not all_open(made):
        killer.tick()
        made.observer.poll(0.05)
        if time.monotonic() > begun + REST_S_MAX:
            return ["every process begins to read: some have not"]
    made.feeder.tick(load.now + 15 * MINUTE_US)
    try:
        made.observer.wait_for_rest(REST_S_MAX, lambda: check(made.hand))
    except TimeoutError as error:
        return [f"every opened flow has an outcome: {error}"]
    return []


def text(result: Result, options: Options) -> str:
    """The closing page."""
    book, count, audited = result.book, result.count, result.audited
    away = f"; broker away {max(result.away_ms) / 1_000:.1f} s at most" if result.away_ms else ""
    each_s = result.killing_s / max(book.total, 1)
    spent = f"{book.total} kills in {result.killing_s:.0f} s ({each_s:.2f} s each){away}"
    fed = f"{result.orders} orders of principals, {result.flows} flows"
    ended = f"{count.effects} effects at the venue, {count.without_effect} ended without one"
    wrong = f"missing {len(count.missing)}, doubled {len(count.doubled)}, reordered {len(count.reordered)}"
    arguments = f"--seed {options.seed} --brokers {options.brokers} --pace {options.pace_s}"
    lines = [
        *book.lines(),
        "",
        f"{spent}; at rest after {result.rest_s:.0f} s",
        f"{fed}; {count.accepted} accepted, {ended}",
        f"{wrong}, otherwise wrong {len(count.otherwise)}",
        f"{'verified' if audited.verified else 'NOT VERIFIED'}: {audited.verdict}",
        f"{'replay identical' if audited.identical else 'REPLAY DIFFERS'}: {audited.replay}",
        *(f"BREACH {line}" for line in result.breaches[:50]),
        f'seed {options.seed}; again: make kill KILLS={options.kills} ARGS="{arguments}"',
    ]
    return "\n".join(lines)
