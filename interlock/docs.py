"""Pages made from tables in code, so that they say nothing else: `python -m interlock.docs`."""

from __future__ import annotations

import sys
from pathlib import Path

from schemas.reasons import ControlReason, LaneReason, QuarantineReason, Reason
from schemas.subjects import subjects
from schemas.topics import TOPICS

FOLDER = Path(__file__).resolve().parent.parent / "docs"


def pages() -> dict[str, str]:
    """File name to text of every generated page."""
    return {"topics.md": topics(), "reasons.md": reasons()}


def topics() -> str:
    """Every topic: key, value, who writes, who reads, how long it is kept, how large a value may be."""
    lines = [
        "# Topics",
        "",
        "Made from `schemas/topics.py` by `python -m interlock.docs`, as topics and ACLs are.",
        "A ledger other than LIVE has its topics under `<ledger>.`; `anonymous` is who has no password.",
        "",
        "| topic | key | value | partitions | written by | read by | kept | value at most |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for topic in TOPICS:
        days = topic.retention_ms // 86_400_000
        kept = {"delete": f"{days} days", "compact": "compacted", "never": "for ever"}[topic.cleanup.value]
        readers = "anyone" if topic.readers == ("*",) else ", ".join(topic.readers)
        lines.append(
            f"| `{topic.name}` | {topic.key} | {topic.value} | {'one a shard' if topic.sharded else '1'} |"
            f" {', '.join(topic.writers)} | {readers} | {kept} | {topic.bytes_max // 1024} KiB |"
        )
    lines += ["", "## Subjects", "", "| subject | message | compatibility |", "|---|---|---|"]
    lines += [f"| `{each.name}` | {each.message} | {each.level.value} |" for each in subjects()]
    return "\n".join(lines) + "\n"


def reasons() -> str:
    """Every reason of the kernel with its gate, and the closed lists of lanes, commands and quarantine."""
    lines = [
        "# Reasons",
        "",
        "Made from `schemas/reasons.py` by `python -m interlock.docs`. Numbers are never reused;",
        "their order is the order of the law.",
        "",
        "| reason | number | gate | curable |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {each.name} | {each.value} | {each.gate} | {'yes' if each.curable else 'no'} |"
        for each in Reason
        if each is not Reason.NONE
    ]
    for title, table in (
        ("Lanes", LaneReason),
        ("Commands", ControlReason),
        ("Quarantine", QuarantineReason),
    ):
        lines += ["", f"## {title}", "", "| reason | number |", "|---|---|"]
        lines += [f"| {each.name} | {each.value} |" for each in table]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
