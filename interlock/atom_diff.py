"""Where two answers to one flow differ, what explains a difference before what it leads to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, assert_never

from ledger.envelope import payload_of
from schemas.models import Intent, Report
from schemas.reasons import LaneReason

FIRST = ("fingerprint", "model_hash", "grammar_hash", "prompt_hash", "text", "mass", "margin")
"""What explains a difference, before what it leads to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field that differs, in words: as recorded, and as said now."""

    field: str
    recorded: str
    now: str


def differences(was: Intent | Report, now: Intent | Report) -> list[Difference]:
    """Every field that differs, the fingerprint first, then what explains the rest; empty: same bytes."""
    if payload_of(was) == payload_of(now):
        return []
    if type(was) is not type(now):
        return [Difference(field="kind", recorded=_kind(was), now=_kind(now))]
    before, after = dict(_flat(was)), dict(_flat(now))
    named = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    ranked = sorted(named, key=lambda name: _rank(name.rpartition(".")[2]))
    return [
        Difference(field=name, recorded=before.get(name, "nothing"), now=after.get(name, "nothing"))
        for name in ranked
    ]


def _rank(name: str) -> int:
    return FIRST.index(name) if name in FIRST else len(FIRST)


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if is_dataclass(value):
        for each in fields(value):
            yield from _flat(getattr(value, each.name), f"{path}.{each.name}" if path else each.name)
    elif isinstance(value, tuple):
        for number, each in enumerate(value):
            yield from _flat(each, f"{path}[{number}]")
    else:
        yield path, value.hex() if isinstance(value, bytes) else str(value)


def _kind(said: Intent | Report) -> str:
    match said:
        case Intent():
            return f"an atom, {said.action.value}"
        case Report():
            return f"a report, {LaneReason(said.reason).name}"
        case _:
            assert_never(said)
