"""What is stopped, by whom and until when: every curb in the ledger's fold, with its scope in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from interlock.context import Context
from interlock.operators import now_of
from interlock.reading import utc
from kernel.fold import fold
from kernel.folds.curbs import INSTRUMENT, LANE
from kernel.replay import first_state
from kernel.state.accounts import WHOLE, Account
from kernel.state.trading import FOREVER, Curb
from kernel.state.whole import State
from ledger.entry import decode_entry
from schemas.codec import decode
from schemas.kinds import BODY, EntryKind
from schemas.models import TradingState

BY_OPERATOR, BY_AGENT, BY_LOSS = "operator", "agent", "max loss"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Stopped:
    """One curb. account: None where it is on everybody; until: micros UTC, None where the clock ends nothing.

    beneath: it holds only when a harder word on the same scope is over.
    """

    account: str | None
    scope: str
    state: TradingState
    until: int | None
    by: str
    beneath: bool = False

    def line(self) -> str:
        """One line for people."""
        end = "an operator resumes" if self.until is None else utc(self.until)
        if self.by == BY_LOSS:
            end = "the account is closed"
        beneath = "  beneath a harder one" if self.beneath else ""
        return f"{self.state.value:<10} {self.scope:<32} by {self.by}, until {end}{beneath}"


def folded(values: Iterable[bytes]) -> State | None:
    """The kernel's state after these entries of one partition, nothing judged; None when there are none."""
    state = None
    for value in values:
        state = first_state(value) if state is None else state
        leaf = decode_entry(value)
        kind = EntryKind(leaf.kind)
        fold(state, kind, decode(BODY[kind], leaf.body), leaf.seq)
        state.touched.clear()
    return state


def curbs(state: State, now: int) -> list[Stopped]:
    """Everything that curbs trading at ``now`` (micros), on everybody first."""
    found = [
        each for scope, curb in state.core.curbs.items() for each in _laid(None, _wide(scope), curb, now)
    ]
    for name in sorted(state.accounts):
        found += _on(state.accounts[name], now)
    return found


def all_curbs(there: Context) -> list[Stopped]:
    """The curbs of every shard; what is on everybody stands in each and is told once."""
    now = now_of(there)
    states = (folded(there.ledger(partition)) for partition in range(there.card.shards))
    found = {each: None for state in states if state is not None for each in curbs(state, now)}
    return sorted(found, key=lambda each: (each.account or "", each.scope, each.beneath))


def plain_curb(each: Stopped) -> dict[str, Any]:
    """As JSON values."""
    return {**asdict(each), "state": each.state.value}


def concerning(found: Iterable[Stopped], account: str) -> list[Stopped]:
    """What reaches one account: its own, and what is on everybody."""
    return [each for each in found if each.account in (None, account)]


def _wide(scope: str) -> str:
    if scope == WHOLE:
        return "everything"
    if scope.startswith(LANE):
        return f"lane {scope.removeprefix(LANE).lower()}"
    return f"instrument {scope.removeprefix(INSTRUMENT)}"


def _on(account: Account, now: int) -> Iterator[Stopped]:
    name = account.account
    for scope, curb in account.curbs.items():
        yield from _laid(name, _narrow(name, scope), curb, now)
    for scope, until in account.halts.items():
        if until > now:
            yield Stopped(
                account=name, scope=_narrow(name, scope), state=TradingState.HALTED, until=until, by=BY_AGENT
            )
    if account.terminated:
        yield Stopped(
            account=name, scope=f"account {name}", state=TradingState.TERMINATED, until=None, by=BY_LOSS
        )


def _narrow(account: str, scope: str) -> str:
    return f"account {account}" + ("" if scope == WHOLE else f" instrument {scope}")


def _laid(account: str | None, scope: str, curb: Curb, now: int) -> Iterator[Stopped]:
    if curb.until > now:
        yield _stopped(account, scope, curb.state, curb.until, beneath=False)
    if curb.then is not TradingState.ACTIVE and curb.then_until > max(now, curb.until):
        yield _stopped(account, scope, curb.then, curb.then_until, beneath=curb.until > now)


def _stopped(account: str | None, scope: str, state: TradingState, until: int, *, beneath: bool) -> Stopped:
    end = None if until >= FOREVER else until
    return Stopped(account=account, scope=scope, state=state, until=end, by=BY_OPERATOR, beneath=beneath)
