"""What a process builds at its start lives as long as it does: Python's collector need not walk it.

A million flows to restore would be walked again and again while they are, and by every full collection
afterwards, in the way of a verdict; so would everything that a model's libraries are made of.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def building() -> Iterator[None]:
    """No collection while it lasts; what is there at its end is never looked through again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was:
            gc.enable()
