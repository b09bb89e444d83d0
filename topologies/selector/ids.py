"""The one form of an id: short, lower case, opaque, so that nothing personal or free reaches the ledger."""

from __future__ import annotations

import re

ID = re.compile(r"[a-z0-9._-]{1,64}")


def bad_id(**named: str) -> str | None:
    """The first of the named values that is no id, or None."""
    for name, value in named.items():
        if ID.fullmatch(value) is None:
            return f"{name}={value[:80]!r} is no id of a-z, 0-9, dot, dash, underscore (1 to 64)"
    return None
