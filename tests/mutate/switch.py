"""Which mutant is in force in this process, and which places a test came by."""

from __future__ import annotations

active: int = 0  # none
seen: set[int] = set()


def on(number: int) -> bool:
    """Asked at every woven place: is this mutant the one in force?"""
    seen.add(number)
    return number == active
