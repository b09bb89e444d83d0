"""A BATCH moves time: positions, days, latches, marks, and what memory may now forget."""

from __future__ import annotations

import heapq

from kernel.figures import equity_of
from kernel.folds.curbs import end_curbs
from kernel.folds.losses import latch_losses
from kernel.folds.mandates import end_mandates
from kernel.state.accounts import Account, DayStart
from kernel.state.days import UTC_ZONE, next_day
from kernel.state.memory import HORIZON_US
from kernel.state.whole import State
from schemas.models import BatchEntry, FlowStatus, InputRange, Mark

SIGNALS = "market.signals"
QUOTES_US = 600_000_000  # how long a quote may be asked for; contracts ask for less (max_context_age_ms)
SKEW_US = 5_000_000
READ_STEP_US = 1_000_000
RECHECK_US = 60_000_000
BEYOND_TIME = frozenset({FlowStatus.EXECUTING, FlowStatus.SUSPENDED})  # only a record ends these


class Diverged(ValueError):
    """An entry that does not continue the state it is folded into."""


def fold_batch(state: State, entry: BatchEntry) -> None:
    """Marks apply before everything else in the batch; equity, peak and day start move with them."""
    core = state.core
    if entry.now < core.now:
        raise Diverged(f"time went back from {core.now} to {entry.now}")
    core.now = entry.now
    for read in entry.inputs:
        _advance(state, read)
    _begin_days(state)
    end_curbs(state)
    end_mandates(state)
    for mark in entry.marks:
        fold_mark(state, mark)
    state.memory.forget(core.now - HORIZON_US)
    _expire(state)
    _let_go(state)


def _advance(state: State, read: InputRange) -> None:
    core, place = state.core, (read.topic, read.partition)
    at = core.positions.get(place, 0)
    if read.first != at or read.next < at:
        raise Diverged(f"{read.topic}[{read.partition}] read from {read.first}, the state stands at {at}")
    core.positions[place] = read.next
    if core.skips:  # one that lies behind this batch has been used
        core.skips = {skip for skip in core.skips if skip[:2] != place or skip[2] >= read.first}
    if read.topic == SIGNALS:
        _note_read(state, read.first)


def _note_read(state: State, first: int) -> None:
    """Where a restarted kernel must begin to read: at the read before the first it may be asked about."""
    reads, now = state.core.quote_reads, state.core.now
    if not reads or now - reads[-1][0] >= READ_STEP_US:
        reads.append((now, first))
    while len(reads) > 1 and reads[1][0] < now - QUOTES_US - SKEW_US:
        reads.popleft()


def fold_mark(state: State, mark: Mark) -> None:
    """Take a price over: every account that holds or has reserved the instrument is worth something else."""
    state.core.marks[mark.instrument] = mark
    for name in sorted(state.holders.get(mark.instrument, ())):
        revalue(state, state.accounts[name])
        state.touched[name] = None


def revalue(state: State, account: Account) -> None:
    """Equity at the present marks; the peak only rises, and a loss that goes too far is latched."""
    account.equity = equity_of(state, account)
    account.peak = max(account.peak, account.equity)
    latch_losses(state, account)


def watch_zone(state: State, zone: str) -> None:
    """Begin to keep day starts in a zone, for every account, from now on."""
    if zone not in state.core.days:
        state.core.days[zone] = next_day(state.core.now, zone)
        for account in state.accounts.values():
            account.day_starts[zone] = DayStart(equity=account.equity, until=state.core.days[zone])


def _begin_days(state: State) -> None:
    core = state.core
    watch_zone(state, UTC_ZONE)
    for zone in sorted(core.days):
        if core.now >= core.days[zone]:
            core.days[zone] = next_day(core.now, zone)
            for name, account in state.accounts.items():
                account.day_starts[zone] = DayStart(equity=account.equity, until=core.days[zone])
                state.touched[name] = None


def _expire(state: State) -> None:
    """Note the living flows whose time has run out; an entry of its own ends each of them."""
    core = state.core
    while core.expiries and core.expiries[0][0] < core.now:
        expires_at, dfid = heapq.heappop(core.expiries)
        flow = state.flows.get(dfid)
        if flow is None or flow.expires_at != expires_at:
            continue  # a later attempt was given more time, and has an entry of its own here
        if not flow.final and flow.status not in BEYOND_TIME and dfid not in core.overdue:
            core.overdue.append(dfid)


def _let_go(state: State) -> None:
    """Forget flows that are over and lie beyond the horizon; the others are looked at again later."""
    overdue, horizon = set(state.core.overdue), state.memory.horizon
    while state.leaving.due(horizon):
        _, dfid = state.leaving.pop()
        if state.flows[dfid].final and dfid not in overdue:
            del state.flows[dfid]
        else:
            state.leaving.push(horizon + RECHECK_US, dfid)
