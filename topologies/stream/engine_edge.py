"""The engine a process speaks with, by the name of its mode; importing it loads torch."""

from __future__ import annotations

from pathlib import Path

from agents.model.engines import Mode, Speaking
from agents.model.engines import load as load_mode
from agents.model.golden import GOLDEN, check_golden, whole_language
from agents.model.manifest import ModelChanged
from agents.model.tongue import end_of, tongue_of, unspelled

__all__ = ["Speaking", "load", "unspelled_in"]


def load(folder: Path, mode: str = "", *, golden: bool = True) -> Speaking:
    """The model in ``folder``, checked, in a mode; without one in the fastest that reads it.

    Raises ModelChanged on another model than its manifest or golden answers say, or no such mode.
    """
    if mode:
        if mode not in list(Mode):
            raise ModelChanged(f"no mode {mode!r}: one of {', '.join(Mode)}")
        return load_mode(folder, mode=Mode(mode), golden=golden)
    try:
        speaking = load_mode(folder, mode=Mode.SINGLE_PASS, golden=False)
    except ModelChanged:
        return load_mode(folder, mode=Mode.JUMP_FORWARD, golden=golden)
    if golden:
        check_golden(speaking, folder / GOLDEN)
    return speaking


def unspelled_in(folder: Path) -> tuple[str, ...]:
    """Words of the whole language that a folder's tokenizer cannot say, sorted."""
    return unspelled(tongue_of(folder, end_of(folder)), whole_language().words)
