"""What was killed: kind × process × point, how processes ended otherwise, and what should not have been."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.kill.points import LOOPS, points_of
from transport.exits import AGAIN, FENCED

NATURAL = frozenset({0, AGAIN, FENCED})  # how a process may end that nobody killed


@dataclass
class Book:
    """killed: (kind, process, point); point is "" where there is none."""

    killed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    exits: Counter[tuple[str, int]] = field(default_factory=Counter)  # by themselves: process, exit code
    breaches: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Kills of every kind."""
        return self.killed.total()

    def of_kind(self, kind: str) -> int:
        """Kills of one kind."""
        return sum(count for (each, _, _), count in self.killed.items() if each == kind)

    def ended(self, process: str, code: int) -> None:
        """A process ended and nobody had killed it."""
        self.exits[process, code] += 1
        if code not in NATURAL:
            self.breaches.append(f"{process} ended with {code}: read its log")

    def unreached(self) -> list[str]:
        """Named points at which no process has died."""
        died = {point for kind, _, point in self.killed if kind == "point"}
        wanted = {point.value for process in LOOPS for point in points_of(process)}
        return sorted(wanted - died)

    def lines(self) -> Iterator[str]:
        """The tables."""
        kinds = sorted({kind for kind, _, _ in self.killed})
        processes = sorted({process for _, process, _ in self.killed})
        yield f"{'process':<12}" + "".join(f"{kind:>9}" for kind in kinds) + f"{'all':>9}"
        for process in processes:
            counts = [self._count(kind, process) for kind in kinds]
            yield f"{process:<12}" + "".join(f"{count or '':>9}" for count in (*counts, sum(counts)))
        sums = [self.of_kind(kind) for kind in kinds]
        yield f"{'all':<12}" + "".join(f"{count:>9}" for count in (*sums, self.total))
        yield ""
        yield f"{'at the point':<18}" + "".join(f"{process:>9}" for process in LOOPS)
        for point in points_of("executor"):
            counts = [self.killed["point", process, point.value] for process in LOOPS]
            reaches = [point in points_of(process) for process in LOOPS]
            cells = (str(count) if there else "-" for count, there in zip(counts, reaches, strict=True))
            yield f"{point.value:<18}" + "".join(f"{cell:>9}" for cell in cells)
        if self.exits:
            ends = ", ".join(f"{name} {code} x{count}" for (name, code), count in sorted(self.exits.items()))
            yield f"ended by themselves and were started again (75 again, 76 fenced): {ends}"

    def _count(self, kind: str, process: str) -> int:
        return sum(n for (each, who, _), n in self.killed.items() if (each, who) == (kind, process))
