"""Which mandate a trigger is worked under, and the number its child flow gets: no number is given twice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ledger.hashes import child_dfid
from rules.mandate import in_force
from schemas.canonical import jcs
from schemas.models import AccountView, Lane, MandateView
from transport.log import StateChange

PREFIX = "child/"
Name = tuple[bytes, str]  # (parent's DFID, its step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A child flow's family: its parent and step, and its number under them, from 1."""

    parent: bytes
    step: str
    number: int
    expires_at: int

    def dfid(self, ledger: bytes) -> bytes:
        """The child's own name."""
        return child_dfid(ledger, self.parent, self.step, self.number)


class Children:
    """The last number given, by account and mandate.

    A mandate that has left its account's view never comes back, so its number is forgotten with it: there are
    no more of them than the kernel lets stand on the accounts.
    """

    def __init__(self) -> None:
        self._last: dict[str, dict[Name, int]] = {}
        self._dirty: set[str] = set()

    def next(self, view: AccountView, lane: Lane, instrument: str, now: int) -> Child | None:
        """The child that a trigger opens, not yet counted; None where no mandate is to be worked.

        Of several mandates the oldest is worked first: views show them in that order.
        """
        if lane is not Lane.SDS:
            return None
        for each in view.mandates:
            if each.instrument == instrument and in_force(each, now):
                last = self._last.get(view.account, {}).get(_name(each), 0)
                return Child(parent=each.dfid, step=each.step_id, number=last + 1, expires_at=each.expires_at)
        return None

    def opened(self, account: str, child: Child) -> None:
        """Remember that the number was given."""
        self._last.setdefault(account, {})[child.parent, child.step] = child.number
        self._dirty.add(account)

    def take_view(self, view: AccountView) -> None:
        """Forget the numbers of mandates that stand no more."""
        numbers = self._last.get(view.account)
        if numbers is None:
            return
        left = {_name(each) for each in view.mandates}
        kept = {name: number for name, number in numbers.items() if name in left}
        if kept != numbers:
            self._dirty.add(view.account)
            if kept:
                self._last[view.account] = kept
            else:
                del self._last[view.account]

    def changes(self) -> Iterator[StateChange]:
        """The state records of what changed since the last call."""
        for account in sorted(self._dirty):
            numbers = self._last.get(account)
            value = None if numbers is None else _written(numbers)
            yield StateChange(key=f"{PREFIX}{account}".encode(), value=value)
        self._dirty = set()

    def load(self, records: Mapping[str, bytes]) -> None:
        """Rebuild from the records ``child/…``."""
        for name, value in records.items():
            rows = json.loads(value)
            self._last[name.removeprefix(PREFIX)] = {
                (bytes.fromhex(parent), step): number for parent, step, number in rows
            }

    def state(self) -> object:
        """Everything a restart must give back, for comparison."""
        return self._last


def _name(mandate: MandateView) -> Name:
    return (mandate.dfid, mandate.step_id)


def _written(numbers: Mapping[Name, int]) -> bytes:
    return jcs([[parent.hex(), step, number] for (parent, step), number in sorted(numbers.items())])
