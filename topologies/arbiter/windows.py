"""All windows of a shard: when each must be looked at again, what has changed, what may be forgotten."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from topologies.arbiter.bounds import WINDOWS_MAX
from topologies.arbiter.window import Key, Window, name_of, written
from transport.log import StateChange


class Windows:
    """Windows by (dfid, attempt): open until answered or overdue, remembered until the flow expires."""

    def __init__(self) -> None:
        self._windows: dict[Key, Window] = {}
        self._due: list[tuple[int, Key]] = []  # (micros, key): a heap; what it names may have gone
        self._dirty: dict[Key, None] = {}

    def get(self, key: Key) -> Window | None:
        """The window of a flow's attempt, or None when it was never opened or is forgotten."""
        return self._windows.get(key)

    def has_room(self) -> bool:
        """Whether one more may be opened; the oldest closed one is forgotten for it."""
        if len(self._windows) < WINDOWS_MAX:
            return True
        closed = [(each.flow.opened.deadline, key) for key, each in self._windows.items() if each.closed]
        if closed:
            self._forget(min(closed)[1])
        return bool(closed)

    def put(self, window: Window) -> None:
        """Add a window, new or restored."""
        self._windows[window.key] = window
        heapq.heappush(self._due, (_looked_at(window), window.key))

    def touch(self, key: Key) -> None:
        """Note that a window has changed."""
        self._dirty[key] = None

    def overdue(self, now: int) -> Iterator[Window]:
        """The open windows whose deadline has passed, each to be closed by the caller; forgets expired ones.

        A deadline is the last moment at which an answer counts, so a window is overdue only after it.
        """
        while self._due and self._due[0][0] < now:
            _, key = heapq.heappop(self._due)
            window = self._windows.get(key)
            if window is None:
                continue
            if not window.closed:
                self.touch(key)
                yield window
                assert window.closed, "an overdue window is closed by whoever takes it"
            if window.flow.opened.flow_expires_at < now:
                self._forget(key)
            else:
                heapq.heappush(self._due, (window.flow.opened.flow_expires_at, key))

    def changes(self) -> Iterator[StateChange]:
        """The state records of what changed since the last call."""
        for key in self._dirty:
            window = self._windows.get(key)
            yield StateChange(key=name_of(key), value=None if window is None else written(window))
        self._dirty = {}

    def state(self) -> list[tuple[bytes, bytes]]:
        """Everything a restart must give back, for comparison."""
        return sorted((name_of(key), written(window)) for key, window in self._windows.items())

    def _forget(self, key: Key) -> None:
        del self._windows[key]
        self.touch(key)


def _looked_at(window: Window) -> int:
    flow = window.flow.opened
    return flow.flow_expires_at if window.closed else flow.deadline
