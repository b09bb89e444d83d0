"""Accounts as the kernel published them, and each agent's own past on them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from schemas.canonical import jcs
from schemas.codec import decode, encode
from schemas.models import AccountViewRecord, PastDecision, Standing, Verdict, VerdictRecord
from topologies.selector.bounds import SECOND_US, TIMES_MAX, TRAJECTORY
from transport.log import StateChange

VIEWS = "view/"
PASTS = "past/"
NO_COMMITMENT = bytes(32)


class Accounts:
    """The newest view per account; past decisions and proposal times per (account, agent)."""

    def __init__(self) -> None:
        self._views: dict[str, AccountViewRecord] = {}
        self._pasts: dict[tuple[str, str], tuple[PastDecision, ...]] = {}
        self._times: dict[tuple[str, str], tuple[int, ...]] = {}
        self._dirty_views: set[str] = set()
        self._dirty_pasts: set[tuple[str, str]] = set()

    def view(self, account: str) -> AccountViewRecord | None:
        """What the kernel published last, or None while the account has not been opened."""
        return self._views.get(account)

    def take_view(self, record: AccountViewRecord) -> None:
        """Replace the account's view."""
        self._views[record.view.account] = record
        self._dirty_views.add(record.view.account)

    def standing(self, account: str, agent_id: str) -> Standing:
        """The agent's standing on the account; an agent the kernel says nothing about is ACTIVE."""
        record = self._views.get(account)
        standings = () if record is None else record.view.standings
        return next((each.standing for each in standings if each.agent_id == agent_id), Standing.ACTIVE)

    def trajectory(self, account: str, agent_id: str) -> tuple[PastDecision, ...]:
        """The agent's last decisions on the account, oldest first."""
        return self._pasts.get((account, agent_id), ())

    def proposals_since(self, account: str, agent_id: str, since: int) -> int:
        """How many of its proposals were judged after ``since`` (micros UTC)."""
        return sum(1 for at in self._times.get((account, agent_id), ()) if at > since)

    def take_verdict(self, verdict: VerdictRecord, window_s: int) -> None:
        """Add a verdict to its agent's past, or the outcome to what stands there already.

        window_s: how long its proposals count against the agent's budget.
        """
        if verdict.agent_id is None or verdict.verdict is Verdict.DUPLICATE:
            return
        key = (verdict.account, verdict.agent_id)
        name = (verdict.dfid, verdict.attempt)
        before = self._pasts.get(key, ())
        known = next((each for each in before if (each.dfid, each.attempt) == name), None)
        if known is None and verdict.outcome is not None:
            return  # the outcome of a decision that has left the trajectory makes it no newer
        decision = _decision(verdict, known)
        if known is None:
            self._pasts[key] = (*before, decision)[-TRAJECTORY:]
            if verdict.action is not None:
                times = (*self._times.get(key, ()), verdict.at)
                fresh = (at for at in times if at > verdict.at - window_s * SECOND_US)
                self._times[key] = tuple(fresh)[-TIMES_MAX:]
        else:
            self._pasts[key] = tuple(decision if each is known else each for each in before)
        self._dirty_pasts.add(key)

    def changes(self) -> Iterator[StateChange]:
        """The state records of what changed since the last call."""
        for account in sorted(self._dirty_views):
            yield StateChange(key=f"{VIEWS}{account}".encode(), value=encode(self._views[account]))
        for account, agent_id in sorted(self._dirty_pasts):
            key = (account, agent_id)
            past = [encode(each).hex() for each in self._pasts.get(key, ())]
            value = jcs({"past": past, "times": list(self._times.get(key, ()))})
            yield StateChange(key=f"{PASTS}{account}/{agent_id}".encode(), value=value)
        self._dirty_views, self._dirty_pasts = set(), set()

    def load(self, records: Mapping[str, bytes]) -> None:
        """Rebuild from the records ``view/…`` and ``past/…``."""
        for name, value in records.items():
            if name.startswith(VIEWS):
                self._views[name.removeprefix(VIEWS)] = decode(AccountViewRecord, value)
                continue
            account, agent_id = name.removeprefix(PASTS).split("/")
            found = json.loads(value)
            past = (decode(PastDecision, bytes.fromhex(each)) for each in found["past"])
            self._pasts[account, agent_id] = tuple(past)
            if found["times"]:
                self._times[account, agent_id] = tuple(found["times"])

    def state(self) -> object:
        """Everything a restart must give back, for comparison."""
        return self._views, self._pasts, self._times


def _decision(verdict: VerdictRecord, known: PastDecision | None) -> PastDecision:
    """A later record of the same decision brings its outcome; what it leaves out stays as it was."""
    commitment = verdict.explain_commitment
    return PastDecision(
        dfid=verdict.dfid,
        attempt=verdict.attempt,
        action=verdict.action or (None if known is None else known.action),
        verdict=verdict.verdict.value,
        reason=verdict.reason,
        outcome=verdict.outcome or (None if known is None else known.outcome),
        explain_commitment=commitment or (NO_COMMITMENT if known is None else known.explain_commitment),
    )
