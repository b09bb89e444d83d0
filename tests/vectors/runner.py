"""One line per vector: ok, differs, no adapter, not applicable or not yet; other helpers only add units."""

import importlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Vector = dict[str, Any]
Adapter = Callable[[Vector], Any]

UNITS: dict[str, Adapter] = {}


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


def unit(*names: str) -> Callable[[Adapter], Adapter]:
    """Register an adapter for a unit, under each name it goes by."""

    def register(adapter: Adapter) -> Adapter:
        for name in names:
            assert name not in UNITS, f"two adapters for {name!r}"
            UNITS[name] = adapter
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


def run(path: Path) -> Iterator[Result]:
    """Run all vectors of a file."""
    for vector in json.loads(path.read_text(encoding="utf-8"))["vectors"]:
        yield outcome(vector)


def outcome(vector: Vector) -> Result:
    """Run one vector. An adapter that raises anything else is a bug of ours and is shown as such."""
    adapter = UNITS.get(vector["unit"])
    if adapter is None:
        return Result(id=vector["id"], word="no adapter")
    try:
        got = adapter(vector)
    except NotApplicable as why:
        return Result(id=vector["id"], word="not applicable", detail=str(why))
    except NotYet as why:
        return Result(id=vector["id"], word="not yet", detail=str(why))
    if got == vector["expected"]:
        return Result(id=vector["id"], word="ok")
    return Result(id=vector["id"], word="differs", detail=f"expected {vector['expected']!r} got {got!r}")
