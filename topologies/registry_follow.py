"""The registry beside Faust: a plain read_committed reader that every worker follows, by assign.

Faust's own consumer would share the registry out among the workers of a group; each of them needs all of it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from ledger.skips import Place, skipped
from topologies.grants import Grants
from transport.card import Card
from transport.kafka_reader import KafkaTail
from transport.names import worker_group_id
from transport.settings import ProcessSettings

HASH_WAIT_S = 2.0  # a contract is released before a flow names it; longer means it never was
RETRY_S = 0.05
REFRESH_S = 1.0  # how late a revoked key or a new version may be noticed
OVERDUE_S = 1.5  # a timer reads every second; only where it was kept from it does a flow pay for the reading


class Following:
    """Grants that catch up with the topic when asked. Thread-safe; the reading is done by whoever asks."""

    def __init__(self, settings: ProcessSettings, card: Card, name: str) -> None:
        group = worker_group_id(settings.ledger, name)
        self.grants = Grants(card.root)
        self._tail = KafkaTail(settings.kafka, settings.ledger, group, "registry", 0)
        self._lock = threading.Lock()
        self._read_at = float("-inf")

    def refresh(self) -> None:
        """Fold everything that is on the topic now. Raises LogError when the broker stays away."""
        with self._lock:
            for record in self._tail.read():
                self.grants.fold(record)
            self._read_at = time.monotonic()

    def refresh_if_due(self, after_s: float = REFRESH_S) -> None:
        """Catch up unless that was done less than ``after_s`` ago, so that hardly any flow pays for it."""
        if time.monotonic() - self._read_at >= after_s:
            self.refresh()

    def wait_for(self, known: Callable[[Grants], bool], limit_s: float = HASH_WAIT_S) -> bool:
        """Catch up until ``known`` holds, at most ``limit_s``; whether it does."""
        end = time.monotonic() + limit_s
        while not known(self.grants):
            if time.monotonic() >= end:
                return False
            self.refresh()
            if not known(self.grants):
                time.sleep(RETRY_S)
        return True

    def skips(self, settings: ProcessSettings, card: Card, name: str) -> frozenset[Place]:
        """Records that operators have signed away, as topic `control` has them now."""
        group = worker_group_id(settings.ledger, name)
        tail = KafkaTail(settings.kafka, settings.ledger, group, "control", 0)
        try:
            values = (record.value for record in tail.read())
            return skipped(values, self.grants.registry, card.ledger)
        finally:
            tail.close()

    def close(self) -> None:
        """Let go of the reader."""
        with self._lock:
            self._tail.close()
