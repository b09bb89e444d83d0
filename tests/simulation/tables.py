"""What a campaign injected and reached, as tables for people."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.simulation.campaign import Report
from tests.simulation.faults import RATES
from tests.simulation.processes import NAMES
from transport.kill_points import KillPoint


@dataclass
class Totals:
    """The sums over many seeds."""

    seeds: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    broken: list[Report] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, report: Report, seconds: float) -> None:
        self.seeds[report.mode] += 1
        self.faults += report.faults
        self.reached += report.reached
        self.ends += report.ends
        self.seconds += seconds
        if report.broken:
            self.broken.append(report)

    def lines(self) -> list[str]:
        count = sum(self.seeds.values())
        modes = ", ".join(f"{number} {mode}" for mode, number in sorted(self.seeds.items()))
        found = [f"{count} seeds ({modes}), {self.seconds / max(count, 1):.2f} s each"]
        found += ["", "faults injected"]
        found += [f"  {self.faults[name]:>9}  {name}" for name in RATES]
        found += ["", "killed at" + "".join(f"{name:>10}" for name in NAMES)]
        found += [f"  {point.value:<18}" + self._killed(point) for point in KillPoint]
        found += ["", "lives ended"]
        found += [f"  {number:>9}  {how}" for how, number in sorted(self.ends.items())]
        groups: dict[str, list[str]] = defaultdict(list)
        for name, number in sorted(self.reached.items()):
            kind, _, rest = name.partition(" ")
            groups[kind].append(f"  {number:>9}  {rest}")
        for kind, rows in groups.items():
            found += ["", f"{kind} reached", *rows]
        return found

    def _killed(self, point: KillPoint) -> str:
        return "".join(f"{self.faults[f'killed {name} {point.value}'] or '-':>10}" for name in NAMES)


def told(report: Report) -> str:
    """A broken law, and how to see it again."""
    where = f"seed {report.seed} ({report.mode}): {report.broken}: {report.detail[:400]}"
    return f"{where}\n  make simulate SEED={report.seed}"


def proof(caught: Iterable[tuple[str, int, int, Counter[str]]]) -> list[str]:
    """One line a planted bug: caught in how many seeds, and by which laws."""
    found = ["planted bug                                        caught in seeds   by"]
    for name, seeds, number, laws in caught:
        by = "; ".join(f"{law} ({times})" for law, times in laws.most_common(3))
        found.append(f"  {name:<48} {number:>5} of {seeds:<5}  {by}")
    return found
