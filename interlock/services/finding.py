"""What `interlock doctor` found: one line of what is, and for a fault the next thing to do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much it matters."""

    OK = "ok"
    NOTE = "note"  # works, but should be known
    FAULT = "fault"  # something will not work until it is mended


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. `fix` is empty exactly when nothing needs to be done."""

    level: Level
    about: str
    what: str
    fix: str = ""


def ok(about: str, what: str) -> Finding:
    """As it should be."""
    return Finding(level=Level.OK, about=about, what=what)


def note(about: str, what: str, *, fix: str) -> Finding:
    """Works, but should be known."""
    return Finding(level=Level.NOTE, about=about, what=what, fix=fix)


def fault(about: str, what: str, *, fix: str) -> Finding:
    """Will not work until it is mended."""
    return Finding(level=Level.FAULT, about=about, what=what, fix=fix)


def is_healthy(findings: Iterable[Finding]) -> bool:
    """Whether none of them is a fault."""
    return all(finding.level is not Level.FAULT for finding in findings)


def lines(findings: Sequence[Finding]) -> list[str]:
    """Lines for a person: faults first, each with its fix below it."""
    order = {Level.FAULT: 0, Level.NOTE: 1, Level.OK: 2}
    told: list[str] = []
    for finding in sorted(findings, key=lambda one: order[one.level]):
        told.append(f"{finding.level:<5} {finding.about:<10} {finding.what}")
        if finding.fix:
            told.append(f"{'':<16} fix: {finding.fix}")
    return told


def some(names: Iterable[str], *, shown: int = 4) -> str:
    """The first few names, and how many more there are."""
    every = sorted(names)
    rest = f" and {len(every) - shown} more" if len(every) > shown else ""
    return ", ".join(every[:shown]) + rest
