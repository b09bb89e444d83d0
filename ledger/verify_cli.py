"""`python -m ledger verify`: from files, notes and a trust file to a report and an exit code.

0 intact · 1 tampering proven · 3 unreadable · 2 incomplete, unanchored, unsigned tail or signer unknown;
64 for a command line that says nothing to do. Results to stdout, byte-stable for the same input.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from ledger.findings import Code, Findings, Outcome
from ledger.ilk import archives, read_archive
from ledger.note import BadNote
from ledger.trust import Anchor, BadTrust, Trust, parse_anchor, parse_trust
from ledger.verify import Level, Partition, Read

USAGE = 64
_WORDS = {
    Outcome.INTACT: "intact",
    Outcome.TAMPERED: "TAMPERED",
    Outcome.INCOMPLETE: "INCOMPLETE",
    Outcome.UNREADABLE: "UNREADABLE",
}


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parsed = _parser().parse_args(arguments)
    findings = Findings()
    try:
        trust = parse_trust(parsed.trust.read_text(encoding="utf-8")) if parsed.trust else None
        anchors = _anchors(parsed.anchor, trust, findings)
        sources = {path.name: path for path in archives(parsed.place)}
        reads = verify_files(sources, Level[parsed.level.upper()], anchors, trust, findings)
    except (OSError, BadTrust) as error:
        sys.stderr.write(f"cannot start: {error}\n")
        return USAGE
    show = as_json if parsed.json else as_text
    sys.stdout.write(show(reads, findings, parsed.level, trust))
    return findings.outcome()


def verify_files(
    sources: Mapping[str, Path],
    level: Level,
    anchors: Sequence[Anchor],
    trust: Trust | None,
    findings: Findings,
) -> list[Read]:
    """Verify each archive as one partition of one ledger. Raises OSError for a file that cannot be opened."""
    steps: set[bytes] = set()
    reads = []
    for name, path in sorted(sources.items()):
        partition = Partition(
            source=name, level=level, findings=findings, anchors=anchors, trust=trust, steps=steps
        )
        with path.open("rb") as file:
            reads.append(partition.read(read_archive(file)))
    if not reads:
        findings.add("", -1, Code.EMPTY, "an archive", "none")
    there = {each.partition for each in reads}
    for each in anchors:
        if each.partition not in there:
            findings.add("", -1, Code.TRUNCATED, each.point.origin, "no archive of this partition")
    return reads


def as_json(reads: Sequence[Read], findings: Findings, level: str, trust: Trust | None) -> str:
    """Return the report as JSON: result, exit, level, partitions, counts, findings."""
    report = {
        "result": _WORDS[findings.outcome()].lower(),
        "exit": int(findings.outcome()),
        "level": level,
        "trust": trust is not None,
        "partitions": [{**asdict(each), "root": each.root.hex()} for each in reads],
        "counts": {str(code): count for code, count in sorted(findings.counts.items())},
        "findings": [asdict(each) for each in findings.kept],
    }
    return json.dumps(report, indent=1, sort_keys=True) + "\n"


def as_text(reads: Sequence[Read], findings: Findings, level: str, trust: Trust | None) -> str:
    """Return the report for people: what was read, how far it is vouched for, then every kind of finding."""
    lines = []
    for each in reads:
        vouched = ", ".join(each.witnesses) or "nobody outside"
        lines.append(f"{each.source}: {each.origin}, {each.entries} entries, root {each.root.hex()}")
        lines.append(f"  signed to {each.signed_size}, anchored to {each.anchored_size} by {vouched}")
    for found in findings.kept:
        place = f"{found.code} {found.source} seq {found.seq}"
        lines.append(f"{place}: expected {found.expected}; found {found.found}")
    lines += [f"{count:>8} {code}" for code, count in sorted(findings.counts.items())]
    anchored = min((each.anchored_size for each in reads), default=0)
    known = "keys of the trust file" if trust else "no trust file"
    lines.append(f"{_WORDS[findings.outcome()]}: level {level}, anchored to {anchored}, {known}")
    return "\n".join(lines) + "\n"


def _anchors(paths: Sequence[Path], trust: Trust | None, findings: Findings) -> list[Anchor]:
    found = []
    for path in paths:
        try:
            anchor = parse_anchor(path.read_text(encoding="utf-8"), trust)
        except (BadNote, UnicodeDecodeError) as error:
            findings.add(path.name, -1, Code.ANCHOR_UNUSABLE, "a checkpoint note", error)
            continue
        if not anchor.witnesses:
            findings.add(
                path.name, -1, Code.ANCHOR_UNUSABLE, "a witness of the trust file", "none on the note"
            )
        found.append(anchor)
    return found


class _Parser(argparse.ArgumentParser):
    """A parser whose usage errors are 64: 2 says that a ledger is incomplete."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m ledger verify", description=__doc__)
    parser.add_argument("place", type=Path, help="an .ilk file, or a folder of them, one per partition")
    parser.add_argument(
        "--anchor", type=Path, action="append", default=[], help="a note cosigned by a witness"
    )
    parser.add_argument("--trust", type=Path, help="the trust file: ledger, operator, roots, witnesses")
    levels = [level.name.lower() for level in Level]
    parser.add_argument("--level", choices=levels, default="evidence")
    parser.add_argument("--json", action="store_true")
    return parser
