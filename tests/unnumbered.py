"""An account as plain values without the places of entries: one BATCH more or less moves every sequence."""

from __future__ import annotations

from typing import Any

from kernel.state.accounts import Account
from kernel.state.plain import dumped


def unnumbered(account: Account) -> dict[str, Any]:
    """What the account is; of its mandates the order of age is kept, not the sequence."""
    found: dict[str, Any] = dumped(account)
    ages = sorted(found["mandates"].values(), key=lambda each: each["seq"])
    for age, mandate in enumerate(ages):
        mandate["seq"] = age
    return found
