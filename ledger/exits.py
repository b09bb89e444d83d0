"""What every reading command ends with: 0 done, 1 not so, 3 unreadable, 64 usage."""

import sys
from collections.abc import Callable

from ledger.ilk import Broken
from ledger.shapes import Malformed
from schemas.codec import Unreadable

DONE, NOT_SO, UNREADABLE, USAGE = 0, 1, 3, 64


def ended(run: Callable[[], int]) -> int:
    """Run a command; files that cannot be followed are 3, and what cannot be opened or parsed is usage.

    Malformed, Unreadable and Broken are ValueErrors too, so they are asked first.
    """
    try:
        return run()
    except (Malformed, Unreadable, Broken) as error:
        sys.stderr.write(f"unreadable: {error}\n")
        return UNREADABLE
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return USAGE


def not_so(told: str) -> int:
    """Say why the answer is no, and return its code."""
    sys.stderr.write(f"{told}\n")
    return NOT_SO
