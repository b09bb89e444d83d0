"""What did not become a flow, and how often: suppressed signals by predicate, and counters of everything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from schemas.canonical import jcs
from topologies.selector.bounds import NAMES_MAX, SUPPRESSED_PAGE, SUPPRESSED_PAGES
from transport.log import StateChange

COUNTERS = "counters"
PREFIX = "suppressed/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """One agent not woken by one signal for one account; figures are shortest plain text, '' when unknown."""

    source: str
    signal_id: str
    account: str
    agent_id: str
    predicate: str
    measured: str
    threshold: str
    at: int


class Notebook:
    """Counters by name, and a ring of the last suppressed signals."""

    def __init__(self) -> None:
        self._counters: dict[str, int] = {}
        self._pages: dict[int, list[Suppressed]] = {}
        self._number = 0  # of the page being written
        self._dirty: set[str] = set()

    @property
    def counters(self) -> Mapping[str, int]:
        """How often, by name: `opened:EOAM`, `quarantined:BAD_PRICE`, `suppressed:strategy:…`, …"""
        return self._counters

    def count(self, name: str) -> None:
        """One more of ``name``."""
        if name not in self._counters and len(self._counters) >= NAMES_MAX:
            name = "other"
        self._counters[name] = self._counters.get(name, 0) + 1
        self._dirty.add(COUNTERS)

    def suppress(self, one: Suppressed) -> None:
        """Remember a suppressed signal, and count its predicate."""
        self.count(f"suppressed:{one.agent_id}:{one.predicate}")
        if len(self._pages.get(self._number, ())) >= SUPPRESSED_PAGE:
            self._number += 1
            self._pages.pop(self._number - SUPPRESSED_PAGES, None)
        self._pages.setdefault(self._number, []).append(one)
        self._dirty.add(_page(self._number))

    def suppressed(self) -> Iterator[Suppressed]:
        """The remembered ones, oldest first."""
        for number in sorted(self._pages):
            yield from self._pages[number]

    def changes(self) -> Iterator[StateChange]:
        """The state records of what changed since the last call."""
        for name in sorted(self._dirty):
            value = self._counters if name == COUNTERS else self._written(int(name.removeprefix(PREFIX)))
            yield StateChange(key=name.encode(), value=jcs(value))
        self._dirty = set()

    def load(self, records: Mapping[str, bytes]) -> None:
        """Rebuild from the records ``counters`` and ``suppressed/…``."""
        for name, value in records.items():
            found = json.loads(value)
            if name == COUNTERS:
                self._counters = found
            else:
                self._pages[found["number"]] = [Suppressed(**one) for one in found["items"]]
        self._number = max(self._pages, default=0)

    def state(self) -> object:
        """Everything a restart must give back, for comparison."""
        return sorted(self._counters.items()), sorted(self._pages.items()), self._number

    def _written(self, place: int) -> object:
        number = next(each for each in self._pages if each % SUPPRESSED_PAGES == place)
        return {"number": number, "items": [asdict(one) for one in self._pages[number]]}


def _page(number: int) -> str:
    return f"{PREFIX}{number % SUPPRESSED_PAGES:02d}"
