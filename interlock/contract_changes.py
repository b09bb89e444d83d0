"""What one contract changes against another, field by field, and which of it lets an agent do more."""

from __future__ import annotations

import json
from typing import Any

from rules.contract import Contract
from rules.contract_json import canonical
from rules.inherit import inherit
from rules.semver import version


def changes(old: Any, new: Any, path: str = "") -> list[tuple[str, str, str]]:
    """(field, before, after) wherever two JSON values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            change
            for name in sorted(old.keys() | new.keys())
            for change in changes(old.get(name), new.get(name), f"{path}.{name}" if path else name)
        ]
    return [] if old == new else [(path, json.dumps(old), json.dumps(new))]


def widened(old: Contract, new: Contract) -> set[str]:
    """The fields in which the new contract allows what the old one does not.

    They are those that the law of inheritance would tighten if the old contract stood above the new one.
    """
    held = json.loads(canonical(inherit(new, old)))
    return {field for field, _, _ in changes(json.loads(canonical(new)), held)}


def is_newer(first: str, second: str) -> bool:
    """Whether the first version's number is the greater one; what is no number is not."""
    one, two = version(first), version(second)
    return one is not None and two is not None and one > two
