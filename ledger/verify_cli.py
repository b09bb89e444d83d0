"""`python -m ledger verify`: from files, notes and a trust file to a report and an exit code.

0 intact · 1 tampering proven · 3 unreadable · 2 incomplete, unanchored, unsigned tail or signer unknown;
64 for a command line that says nothing to do. Results to stdout, byte-stable for the same input.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from ledger.findings import Code, Findings, shown
from ledger.ilk import archives, read_archive
from ledger.note import BadNote
from ledger.trust import Anchor, BadTrust, Trust, parse_anchor, parse_trust
from ledger.verify import Common, Level, Partition, absent

USAGE = 64


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code."""
    parsed, findings = _parser().parse_args(arguments), Findings()
    try:
        trust = parse_trust(parsed.trust.read_text(encoding="utf-8")) if parsed.trust else None
        anchors, paths = _anchors(parsed.anchor, trust, findings), archives(parsed.place)
        known = (paths, Level[parsed.level.upper()], anchors, trust, findings)
        if parsed.jobs > 1 or parsed.since or parsed.receipt or parsed.artifacts or sys.stderr.isatty():
            # What these need is only then loaded, and counted apart (auditing.md).
            read = importlib.import_module("ledger.verify_more").verify(parsed, *known)
        else:
            read = verify_files(*known)
    except (OSError, BadTrust, UnicodeDecodeError) as error:
        sys.stderr.write(f"cannot start: {shown(error)}\n")
        return USAGE
    outcome = findings.outcome()
    report = {"result": outcome.name.lower(), "exit": outcome.value, "level": parsed.level}
    report |= {"trust": trust is not None, "partitions": list(map(_told, read))}
    report |= {"counts": dict(sorted(findings.counts.items())), "findings": list(map(asdict, findings.kept))}
    sys.stdout.write(json.dumps(report, indent=1) + "\n" if parsed.json else as_text(report))
    return outcome


def verify_files(
    paths: Sequence[Path], level: Level, anchors: Sequence[Anchor], trust: Trust | None, findings: Findings
) -> list[Partition]:
    """Verify each archive as one partition of one ledger. Raises OSError for a file that cannot be opened."""
    common = Common(level=level, findings=findings, anchors=anchors, trust=trust)
    read = [Partition(source=path.name, common=common, place=at) for at, path in enumerate(paths)]
    for path, partition in zip(paths, read, strict=True):
        with path.open("rb") as file:
            partition.follow(read_archive(file))
        partition.finish()
    common.facts.settle([each.end() for each in read], findings)
    absent(read, common)
    return read


def as_text(report: dict[str, Any]) -> str:
    """Return the report for people: what was read, how far it is vouched for, then every finding."""
    line = "{source}: {origin}, {entries} entries, signed to {signed}, anchored to {anchored} by {witnesses}"
    old = "; the first {since} by the earlier audit's word: not read again"
    lines = [(line + old * bool(each["since"])).format(**each) for each in report["partitions"]]
    line = "{code} {source} seq {seq}: expected {expected}; found {found}"
    lines += [line.format(**each) for each in report["findings"]]
    lines += [f"{count:>8} {code}" for code, count in report["counts"].items()]
    anchored = min((each["anchored"] for each in report["partitions"]), default=0)
    keys = "keys of the trust file" if report["trust"] else "no trust file"
    lines.append(f"{report['result']}: level {report['level']}, anchored to {anchored}, {keys}")
    return "".join(f"{shown(line)}\n" for line in lines)


def _told(read: Partition) -> dict[str, Any]:
    size, root = read.frontier.size, read.frontier.root().hex()
    told = {"source": read.source, "origin": read.bodies.origin, "root": root, "since": read.since}
    told |= {"entries": size, "signed": read.signed, "anchored": read.anchored}
    return {**told, "witnesses": ", ".join(sorted(read.witnesses)) or "nobody outside"}


def _anchors(paths: Sequence[Path], trust: Trust | None, findings: Findings) -> list[Anchor]:
    found = []
    for path in paths:
        try:
            found.append(parse_anchor(path.read_text(encoding="utf-8"), trust))
        except (BadNote, UnicodeDecodeError) as error:
            findings.add(path.name, -1, Code.ANCHOR_UNUSABLE, "a checkpoint note", error)
            continue
        if not found[-1].witnesses:
            findings.add(path.name, -1, Code.ANCHOR_UNUSABLE, "a trusted witness", "none on the note")
    return found


class _Parser(argparse.ArgumentParser):
    """A parser whose usage errors are 64: 2 says that a ledger is incomplete."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m ledger verify", description=__doc__)
    parser.add_argument("place", type=Path, help="an .ilk file, or a folder of them, one per partition")
    parser.add_argument("--anchor", type=Path, action="append", default=[], help="a witness's note")
    parser.add_argument("--trust", type=Path, help="the trust file: ledger, operator, roots, witnesses")
    parser.add_argument("--level", choices=[each.name.lower() for each in Level], default="evidence")
    parser.add_argument("--jobs", type=int, choices=range(1, 65), default=1, metavar="N", help="processes")
    parser.add_argument("--since", type=Path, help="an audit receipt: what it vouches for is not read again")
    parser.add_argument("--receipt", type=Path, help="where to write one, if all is intact")
    parser.add_argument("--artifacts", type=Path, help="a folder of texts and files the ledger only names")
    parser.add_argument("--json", action="store_true")
    return parser
