"""What a worker opens once, and any number of its agents wait for, each of which may be cancelled meanwhile.

Faust cancels agents when partitions are handed out anew. A future they wait for would be cancelled with
them: the opening then failed when it was done, and the worker with it (seen on a busy machine).
"""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

T = TypeVar("T")


class Opening(Generic[T]):
    """``result`` is None until it is open."""

    def __init__(self) -> None:
        self.result: T | None = None
        self._done = asyncio.Event()

    def done(self, result: T) -> None:
        """It is open: let everybody in."""
        self.result = result
        self._done.set()

    async def wait(self) -> T:
        """What was opened, once it is."""
        await self._done.wait()
        assert self.result is not None, "set before the event"
        return self.result
