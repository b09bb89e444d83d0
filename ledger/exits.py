"""What every reading command ends with: 0 done, 1 not so, 3 unreadable, 64 usage."""

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from ledger.findings import shown
from ledger.ilk import Broken
from ledger.shapes import Malformed
from schemas.codec import Unreadable

DONE, NOT_SO, UNREADABLE, USAGE = 0, 1, 3, 64


class Parser(argparse.ArgumentParser):
    """A parser whose usage errors are 64: 2 says that nothing vouches. `verify` has its own."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def dfid_of(text: str) -> bytes:
    """Return the 16 bytes of a DFID as typed. Raises ValueError in words for people."""
    try:
        found = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        found = b""
    if len(found) != 16:
        raise ValueError(f"{text!r} is no DFID: 32 hex digits, dashes or not; the place comes after it")
    return found


def ended(run: Callable[[], int]) -> int:
    """Run a command; files that cannot be followed are 3, and what cannot be opened or parsed is usage.

    Malformed, Unreadable and Broken are ValueErrors too, so they are asked first.
    """
    try:
        return run()
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (Malformed, Unreadable, Broken) as error:
        sys.stderr.write(f"unreadable: {shown(error)}\n")
        return UNREADABLE
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{shown(error)}\n")
        return USAGE


def not_so(told: str) -> int:
    """Say why the answer is no, and return its code."""
    sys.stderr.write(f"{shown(told)}\n")
    return NOT_SO
