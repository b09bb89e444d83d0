"""What a replay found: how much was judged again, and what came out otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field

DIFFERENCES_MAX = 100  # the first ones tell; the count tells how many


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An entry that comes out otherwise when its input is judged again."""

    seq: int
    kind: str
    expected: str
    got: str


@dataclass(slots=True, kw_only=True)
class Replayed:
    """What replay found. judged: entries that were ruled on again; identical: all came out the same."""

    entries: int = 0
    decisions: int = 0
    judged: int = 0
    differing: int = 0
    differences: list[Difference] = field(default_factory=list)
    stopped: str = ""

    @property
    def identical(self) -> bool:
        """Whether the whole ledger was read and every ruling came out as it stands."""
        return not self.differing and not self.stopped and self.entries > 0

    def __str__(self) -> str:
        word = "identical" if self.identical else self.stopped or f"{self.differing} differ"
        return f"{self.judged} rulings of {self.entries} entries judged again: {word}"
