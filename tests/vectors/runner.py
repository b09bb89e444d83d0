"""One line per vector: ok, differs, no adapter, not applicable or not yet; other helpers only add units."""

import importlib
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

Vector = dict[str, Any]
Adapter = Callable[..., Any]

UNITS: dict[str, Adapter] = {}
FAMILIES: list[tuple[re.Pattern[str], Adapter]] = []


class NotApplicable(Exception):
    """The unit has no place in Interlock; args[0] says why."""


class NotYet(Exception):
    """The unit is meant to hold and does not exist yet; args[0] says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """How one vector came out: `word` is ok, differs, no adapter, not applicable or not yet."""

    id: str
    word: str
    detail: str = ""

    def line(self) -> str:
        return f"{self.id}: {self.word}{': ' + self.detail if self.detail else ''}"


class Said:
    """A word of ours beside a sentence of theirs: equal to prose that is it, explains it, or offers it.

    Prose like ``SCHEMA_INVALID (explain required)`` or ``UNKNOWN_ACTION or canonical form only``; several
    words mean the same.
    """

    def __init__(self, *words: str) -> None:
        self.words = frozenset(words)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str):
            return NotImplemented
        plain = re.sub(r"\s*\([^()]*\)$", "", other)
        return not self.words.isdisjoint((other, plain, *re.split(r",? or ", plain)))

    __hash__ = None  # type: ignore[assignment]  # equal to many sentences, so it has no hash

    def __repr__(self) -> str:
        return repr("/".join(sorted(self.words)))


def unit(*names: str) -> Callable[[Adapter], Adapter]:
    """Register an adapter for a unit, under each name it goes by.

    ``{name}`` in a name stands for a word of the vector's own unit and is given to the adapter as ``name=``.
    """

    def register(adapter: Adapter) -> Adapter:
        for name in names:
            assert name not in UNITS, f"two adapters for {name!r}"
            UNITS[name] = adapter
            if "{" in name:
                escaped = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(name))
                FAMILIES.append((re.compile(escaped), adapter))
        return adapter

    return register


def load_adapters() -> None:
    """Import every `*_units.py` beside this file."""
    for path in sorted(Path(__file__).parent.glob("*_units.py")):
        importlib.import_module(f"tests.vectors.{path.stem}")


def shared() -> Path | None:
    """The folder of vectors: INTERLOCK_VECTORS, else ../shared/vectors by the checkout; None if absent."""
    named = os.environ.get("INTERLOCK_VECTORS")
    place = Path(named) if named else Path(__file__).resolve().parents[2].parent / "shared" / "vectors"
    return place if place.is_dir() else None


def adapter_of(name: str) -> Callable[[Vector], Any] | None:
    """The adapter of a unit, told the words its name holds; None when nobody answers for it."""
    if name in UNITS:
        return UNITS[name]
    for pattern, adapter in FAMILIES:
        found = pattern.fullmatch(name)
        if found is not None:
            return partial(adapter, **found.groupdict())
    return None


def run(path: Path) -> Iterator[Result]:
    """Run all vectors of a file."""
    for vector in json.loads(path.read_text(encoding="utf-8"))["vectors"]:
        yield outcome(vector)


def outcome(vector: Vector) -> Result:
    """Run one vector. What an adapter cannot read is a line of its own, so that the others are still told."""
    adapter = adapter_of(vector["unit"])
    if adapter is None:
        return Result(id=vector["id"], word="no adapter")
    try:
        got = adapter(vector)
    except NotApplicable as why:
        return Result(id=vector["id"], word="not applicable", detail=str(why))
    except NotYet as why:
        return Result(id=vector["id"], word="not yet", detail=str(why))
    except Exception as bug:  # the outermost loop of a report: a bug of ours, shown as a difference
        return Result(id=vector["id"], word="differs", detail=f"the adapter raised {bug!r}")
    if got == vector["expected"]:
        return Result(id=vector["id"], word="ok")
    return Result(id=vector["id"], word="differs", detail=f"expected {vector['expected']!r} got {got!r}")
