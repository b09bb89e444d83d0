"""A trust file as it is written down for an auditor."""

import json

from ledger.trust import Trust


def trust_text(trust: Trust) -> str:
    """Return the file's JSON, which `parse_trust` reads back."""
    roots, witnesses = [each.hex() for each in trust.roots], [each.text() for each in trust.witnesses]
    members = {"operator": trust.operator, "roots": roots, "witnesses": witnesses, "quorum": trust.quorum}
    return json.dumps({"ledger": trust.ledger.hex(), **members}, indent=1) + "\n"
