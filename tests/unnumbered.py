"""An account as plain values without the places of entries: one BATCH more or less moves every sequence."""

from __future__ import annotations

import json
from typing import Any

from kernel.snapshot import texts
from kernel.state.accounts import Account
from kernel.state.plain import dumped
from kernel.state.whole import State
from schemas.canonical import jcs


def unnumbered(account: Account) -> dict[str, Any]:
    """What the account is; of its mandates the order of age is kept, not the sequence."""
    found: dict[str, Any] = dumped(account)
    ages = sorted(found["mandates"].values(), key=lambda each: each["seq"])
    for age, mandate in enumerate(ages):
        mandate["seq"] = age
    return found


def untimed(state: State) -> dict[str, bytes]:
    """All of a state but time, positions and sequence: what an act that binds nobody leaves as it is."""
    found = texts(state)
    heaps = json.loads(found["leaving"])
    moved_by_time = ("core", "memory", "expiries", "leaving")
    kept = {name: text for name, text in found.items() if name not in moved_by_time}
    return kept | {"leaving": jcs(heaps[1])}
