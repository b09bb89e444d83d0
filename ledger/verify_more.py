"""`verify` with --jobs, --since or --receipt: many processes, from one audit's end to the next one's start;
with --artifacts, what the ledger only names is looked at after it.

Where it begins it says so: nothing before is read again but the last frame, to know the place.
"""

import importlib
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path

from ledger.audit_receipt import Audited, audit_text, audited, parse_audit
from ledger.entry import decode_entry
from ledger.findings import Code, Findings, Outcome
from ledger.progress import Progress
from ledger.resumed import Start
from ledger.trust import Anchor, Trust
from ledger.verify import Common, Level, Partition, absent
from ledger.verify_chunks import verify_chunks


def verify(
    parsed: Namespace,
    paths: Sequence[Path],
    level: Level,
    anchors: Sequence[Anchor],
    trust: Trust | None,
    findings: Findings,
) -> list[Partition]:
    """Verify archives in `parsed.jobs` processes from `parsed.since` on; write a receipt if all is intact.

    Raises BadAudit (before anything is read) for a receipt that does not fit, TooMuch, OSError.
    """
    common = Common(level=level, findings=findings, anchors=anchors, trust=trust)
    since, receipt, known = parsed.since, parsed.receipt, dict[str, Audited]()
    for folder in [parsed.artifacts, *([] if receipt is None else [receipt.parent])]:
        if folder is not None and not folder.is_dir():
            raise NotADirectoryError(f"{folder} is no folder")  # before the long work, not after it
    if since is not None:
        known = parse_audit(since.read_text(encoding="utf-8"), common.level, common.trust)
    starts = [Start() if path.name not in known else _start(path, known[path.name], common) for path in paths]
    for name in sorted(known.keys() - {path.name for path in paths}):
        common.findings.add(name, -1, Code.TRUNCATED, f"{known[name].size} entries, as audited", "no file")
    progress = Progress(2 * sum(path.stat().st_size for path in paths))
    read, ends = verify_chunks(paths, common, parsed.jobs, starts, progress.told)
    progress.clear()
    absent(read, common)
    if parsed.artifacts is not None:
        # Few ask for it, and it is code that the others need not read.
        importlib.import_module("ledger.artifacts").hold(paths, parsed.artifacts, findings)
    if receipt is not None:
        _write(receipt, paths, common, ends, known)
    return read


def _start(path: Path, was: Audited, common: Common) -> Start:
    """Where to begin: at the audit's end, if the frame before it is still the one that was read last.

    Else what the audit vouched for is not what is here, and all of it is read.
    """
    frame = len(was.last).to_bytes(4, "big") + was.last
    with path.open("rb") as file:
        file.seek(was.offset - len(frame))
        there = file.read(len(frame))
    if there == frame:
        _too_old(was, common)
        return was.start()
    if len(there) < len(frame):
        common.findings.add(path.name, was.size, Code.TRUNCATED, f"{was.size} entries, as audited", "fewer")
    else:
        common.findings.add(path.name, was.size - 1, Code.PREV_BROKEN, was.last, there)
    return Start()


def _too_old(was: Audited, common: Common) -> None:
    """A note about entries that are not read again can say nothing."""
    partition = decode_entry(was.last).partition
    for anchor in common.anchors:
        new = anchor.note.render() not in was.notes
        if anchor.partition == partition and new and anchor.point.size < was.size:
            found = f"one of {anchor.point.size}, which are not read again"
            common.findings.add(was.source, -1, Code.ANCHOR_UNUSABLE, f"a note of {was.size} or more", found)


def _write(
    receipt: Path, paths: Sequence[Path], common: Common, ends: Sequence[Start], known: Mapping[str, Audited]
) -> None:
    """Write the receipt. Nothing is written of a ledger in which anything was found."""
    if common.findings.outcome() is not Outcome.INTACT or common.trust is None:
        sys.stderr.write("no receipt: only an intact ledger has one\n")
        return
    found = {}
    for path, end in zip(paths, ends, strict=True):
        with path.open("rb") as file:
            file.seek(end.offset - end.tail)
            last = file.read(end.tail)
        notes = list(known[path.name].notes) if path.name in known else []
        number = decode_entry(last).partition
        notes += [each.note.render() for each in common.anchors if each.partition == number]
        found[path.name] = audited(path.name, end, last, notes)
    receipt.write_text(audit_text(common.level, common.trust, found), encoding="utf-8")
