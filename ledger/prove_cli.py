"""`python -m ledger prove DFID PLACE --note NOTE -o FILE`: a receipt of one flow for a counterparty."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ledger.archive import archives, read_archive
from ledger.exits import DONE, Parser, dfid_of, ended, not_so
from ledger.receipt import BadReceipt, OtherLog, make_receipt
from ledger.tlog_proof import tlog_proof
from ledger.trust import parse_anchor


def main(arguments: Sequence[str]) -> int:
    """Run the command: 0 written, 1 not in what the note covers, 3 unreadable, 64 usage."""
    parser = Parser(prog="python -m ledger prove", description=__doc__)
    parser.add_argument("dfid", help="32 hex digits, with or without dashes")
    parser.add_argument("place", type=Path, help="an .ilk file, or a folder of them")
    parser.add_argument("--note", type=Path, required=True, help="a witness's note that covers the flow")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the receipt to write")
    parser.add_argument("--tlog", type=Path, help="also a folder for one .tlog-proof an entry")
    parsed = parser.parse_args(arguments)
    return ended(lambda: _prove(parsed))


def _prove(parsed: argparse.Namespace) -> int:
    dfid, note = dfid_of(parsed.dfid), parsed.note.read_text(encoding="utf-8")
    wanted = parse_anchor(note, None).partition
    told = f"no archive of the note's log, partition {wanted}, in {parsed.place}"
    for path in archives(parsed.place):
        with path.open("rb") as file:
            try:
                receipt = make_receipt(read_archive(file), dfid, note)
            except OtherLog:
                continue
            except BadReceipt as error:
                told = f"{path}: {error}"
                continue
        parsed.output.write_text(receipt.text(), encoding="utf-8")
        if parsed.tlog is not None:
            parsed.tlog.mkdir(parents=True, exist_ok=True)
            for each in receipt.entries:
                name = parsed.tlog / f"{each.path.index}.tlog-proof"
                name.write_text(tlog_proof(each.path, note), encoding="utf-8")
        sys.stdout.write(f"{parsed.output}: {len(receipt.entries)} entries, each proven under the note\n")
        return DONE
    return not_so(told)
