"""The end of every demo: the exported ledger verified against the witness's note, then judged again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from interlock.context import Context
from interlock.ledger_files import export
from kernel.replay import replay
from ledger.archive import archives, read_archive
from ledger.findings import Findings, Outcome
from ledger.trust import parse_anchor, parse_trust
from ledger.verify import Level
from ledger.verify_cli import verify_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """roots: of each shard, how much is anchored and the root of all of it; verdict and replay: in words."""

    roots: tuple[tuple[int, str], ...]
    verified: bool
    verdict: str
    identical: bool
    replay: str

    @property
    def intact(self) -> bool:
        """Whether both held."""
        return self.verified and self.identical


def audit(there: Context, folder: Path) -> Audited:
    """Export, verify at every level against the notes, and replay each partition."""
    done = export(there, folder)
    trust = parse_trust(done.trust.read_text(encoding="utf-8"))
    anchors = [parse_anchor(note.read_text(encoding="utf-8"), trust) for note in done.notes]
    findings = Findings()
    paths = archives(done.folder)
    reads = verify_files(paths, Level.EVIDENCE, anchors, trust, findings)
    counts = ", ".join(f"{count} {code}" for code, count in sorted(findings.counts.items()))
    anchored = ", ".join(str(each.anchored) for each in reads)
    found = f"; {counts}" if counts else ""
    replays = []
    for path in paths:
        with path.open("rb") as file:
            replays.append(replay(read_archive(file)))
    outcome = findings.outcome()
    return Audited(
        roots=tuple((each.anchored, each.frontier.root().hex()) for each in reads),
        verified=outcome is Outcome.INTACT,
        verdict=f"{done.entries} entries, anchored to {anchored} by the witness{found}",
        identical=all(each.identical for each in replays),
        replay="; ".join(str(each) for each in replays),
    )
