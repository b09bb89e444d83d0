"""`python -m ledger check-proof FILE --trust FILE`: a receipt, checked with nothing else at hand.

0 proven · 1 tampering proven · 3 unreadable · 2 nothing vouches for it; 64 usage. Then the six answers.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ledger.check_receipt import Checked, check_receipt
from ledger.exits import USAGE, Parser
from ledger.findings import Code, Findings, shown
from ledger.receipt import BadReceipt, parse_receipt
from ledger.six_text import as_text
from ledger.trust import BadTrust, parse_trust

UNSHOWN = "it shows no revocation it does not hold, and no later entry of the flow: the whole ledger does"


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parser = Parser(prog="python -m ledger check-proof", description=__doc__)
    parser.add_argument("file", type=Path, help="a receipt")
    parser.add_argument("--trust", type=Path, help="the trust file: ledger, operator, roots, witnesses")
    parser.add_argument("--json", action="store_true")
    parsed = parser.parse_args(arguments)
    findings = Findings()
    try:
        trust = parse_trust(parsed.trust.read_text(encoding="utf-8")) if parsed.trust else None
        text = parsed.file.read_text(encoding="utf-8")
    except (OSError, BadTrust, UnicodeDecodeError) as error:
        sys.stderr.write(f"cannot start: {shown(error)}\n")
        return USAGE
    checked = Checked()
    try:
        checked = check_receipt(parse_receipt(text), trust, findings)
    except BadReceipt as error:
        findings.add(parsed.file.name, -1, Code.ARCHIVE_BROKEN, "a receipt in its one spelling", error)
    outcome, told = findings.outcome(), checked.told
    witnesses = () if checked.anchor is None else checked.anchor.witnesses
    if parsed.json:
        report = {
            "result": outcome.name.lower(),
            "exit": outcome.value,
            "note": None if checked.anchor is None else checked.anchor.point.text(),
            "witnesses": list(witnesses),
            "findings": [asdict(each) for each in findings.kept],
            "answers": None if told is None else {"dfid": told.dfid.hex(), **told.answers},
        }
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
        return outcome
    for each in findings.kept:
        line = f"{each.code} seq {each.seq}: expected {each.expected}; found {each.found}"
        sys.stdout.write(f"{shown(line)}\n")
    sys.stdout.write("" if told is None else as_text(told))
    sys.stdout.write(f"{outcome.name.lower()}: witnesses {', '.join(witnesses) or 'none'}; {UNSHOWN}\n")
    return outcome
