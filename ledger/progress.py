"""A line on a terminal's stderr that says how far a reading is; nothing where nobody looks."""

import sys
from dataclasses import dataclass

_WIDTH = 40


@dataclass(slots=True)
class Progress:
    """Counts units of work against `whole`, and draws when another hundredth is done."""

    whole: int
    done: int = 0
    _drawn: int = -1

    def told(self, more: int) -> None:
        """Add work that is done."""
        self.done += more
        part = 100 * self.done // max(self.whole, 1)
        if part != self._drawn and sys.stderr.isatty():
            self._drawn = part
            bar = "#" * (part * _WIDTH // 100)
            sys.stderr.write(f"\r{bar:-<{_WIDTH}} {part:3} %")

    def clear(self) -> None:
        """Take the line away, so that nothing stands before the report."""
        if self._drawn >= 0:
            sys.stderr.write("\r\x1b[K")
