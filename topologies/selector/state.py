"""All that the selector remembers, part by part; every part writes its own buckets and reads them back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from topologies.selector.accounts import PASTS, VIEWS, Accounts
from topologies.selector.children import PREFIX as CHILD
from topologies.selector.children import Children
from topologies.selector.directory import Directory
from topologies.selector.early import PREFIX as EARLY
from topologies.selector.early import Early
from topologies.selector.headlines import BUCKET as HEADLINES
from topologies.selector.headlines import Headlines
from topologies.selector.market import PREFIX as MARKET
from topologies.selector.market import Market
from topologies.selector.notebook import COUNTERS, Notebook
from topologies.selector.notebook import PREFIX as SUPPRESSED
from topologies.selector.open_flows import PREFIX as OPEN
from topologies.selector.open_flows import OpenFlows
from topologies.selector.seen import PREFIX as SEEN
from topologies.selector.seen import Seen
from transport.log import Reader, StateChange
from transport.names import state_topic

REGISTRY = "registry"  # the bucket that says how far the topic `registry` was folded
NAME = "selector"


class State:
    """The parts. On a restart the registry is folded again from its topic, up to where it had been read."""

    def __init__(self, *, root_public: bytes, seen: Seen | None = None) -> None:
        self.directory = Directory(root_public)
        self.accounts = Accounts()
        self.market = Market()
        self.headlines = Headlines()
        self.early = Early()
        self.seen = Seen() if seen is None else seen
        self.flows = OpenFlows()
        self.children = Children()
        self.notebook = Notebook()
        self._registry_read = 0
        self._registry_written = 0

    def registry_read(self, offset: int) -> None:
        """Remember that the topic ``registry`` was folded up to and with ``offset``."""
        self._registry_read = offset + 1

    def changes(self) -> Iterator[StateChange]:
        """The state records of what changed since the last call, in a fixed order."""
        if self._registry_read != self._registry_written:
            yield StateChange(key=REGISTRY.encode(), value=str(self._registry_read).encode())
            self._registry_written = self._registry_read
        yield from self.accounts.changes()
        yield from self.market.changes()
        yield from self.headlines.changes()
        yield from self.early.changes()
        yield from self.flows.changes()
        yield from self.children.changes()
        yield from self.seen.changes()
        yield from self.notebook.changes()

    def restore(self, reader: Reader, shard: int) -> None:
        """Rebuild everything from ``selector.state``, and the registry from its own topic."""
        found = {key.decode(): value for key, value in reader.compacted(state_topic(NAME), shard).items()}
        self._registry_read = self._registry_written = int(found.get(REGISTRY, b"0"))
        for record in reader.records("registry", 0, 0):
            if record.offset >= self._registry_read:
                break
            self.directory.fold(record)
        self.load(found)

    def load(self, found: Mapping[str, bytes]) -> None:
        """Rebuild the parts from their state records."""

        def under(*prefixes: str) -> dict[str, bytes]:
            return {name: value for name, value in found.items() if name.startswith(prefixes)}

        self.accounts.load(under(VIEWS, PASTS))
        self.market.load(under(MARKET))
        self.early.load(under(EARLY))
        self.flows.load(under(OPEN))
        self.children.load(under(CHILD))
        self.seen.load(under(SEEN))
        self.notebook.load(under(COUNTERS, SUPPRESSED))
        if HEADLINES in found:
            self.headlines.load(found[HEADLINES])

    def whole(self) -> object:
        """Everything a restart must give back, for comparison."""
        parts = (
            self.accounts,
            self.market,
            self.headlines,
            self.early,
            self.flows,
            self.children,
        )
        return (
            self._registry_read,
            sorted(self.directory.grants),
            self.directory.instruments,
            *(part.state() for part in parts),
            self.seen.state(),
            self.notebook.state(),
        )
