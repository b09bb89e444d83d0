"""Brokers that are killed and come back; one at a time, and the next only when all listen."""

from __future__ import annotations

import functools
import os
import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from interlock.services import detached, kafka, maven, ports
from interlock.services.faults import ServicesError
from interlock.services.running import Running

BACK_S_MAX = 170.0
AWAY_S = (0.0, 3.0)  # before it is started again
CALM_S = 6.0  # after it listens: replicas catch up, coordinators are elected


@dataclass
class Brokers:
    """`kill`, then `tick` until it says who is back. away_ms: of each, until it listened again."""

    running: Running
    rng: random.Random
    away_s: tuple[float, float] = AWAY_S
    away_ms: list[int] = field(default_factory=list)
    _node: int | None = None
    _died: float = 0.0
    _due: float = 0.0
    _calm_until: float = 0.0
    _started: bool = False

    @property
    def away(self) -> bool:
        """Whether one is down, or has only just come back."""
        return self._node is not None or time.monotonic() < self._calm_until

    @property
    def down(self) -> bool:
        """Whether one does not listen."""
        return self._node is not None

    def kill(self) -> None:
        """SIGKILL one of them."""
        node = self.rng.choice(self.running.nodes).id
        pid = detached.running(kafka.pid_file(self.running.state, node))
        if pid is None:
            raise ServicesError(f"broker {node} does not run", fix="interlock doctor")
        os.kill(pid, signal.SIGKILL)
        self._node, self._died, self._started = node, time.monotonic(), False
        self._due = self._died + self.rng.uniform(*self.away_s)

    def tick(self) -> str | None:
        """Start it again when it is time; its name once it listens."""
        if self._node is None:
            return None
        file, now = kafka.pid_file(self.running.state, self._node), time.monotonic()
        if not self._started:
            if now >= self._due and detached.running(file) is None:
                kafka.start(self.running.state, self._node, jars=jars())
                self._started = True
            return None
        if now > self._died + BACK_S_MAX:
            raise ServicesError(f"broker {self._node} does not come back", fix="read its log")
        port = next(each.workers for each in self.running.nodes if each.id == self._node)
        if not ports.answers(port):
            return None
        name, self._node = f"broker {self._node}", None
        self.away_ms.append(int((now - self._died) * 1_000))
        self._calm_until = now + CALM_S
        return name


@functools.cache
def jars() -> Sequence[Path]:
    """Kafka's class path, from the local cache."""
    return maven.fetch(maven.locked("kafka"), say=lambda _: None)
