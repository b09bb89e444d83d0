"""Pages made from tables in code, so that they say nothing else: `python -m interlock.docs`."""

from __future__ import annotations

import sys
from pathlib import Path

from interlock.docs_tamper import tampering
from kernel.case import Stance
from kernel.gates import GATES
from kernel.table import COMPENSATION, FACES, REPORT
from schemas.reasons import ControlReason, LaneReason, QuarantineReason, Reason
from schemas.subjects import subjects
from schemas.topics import TOPICS

FOLDER = Path(__file__).resolve().parent.parent / "docs"

MEANT = {
    Stance.HALT: "HALT",
    Stance.HOLD: "HOLD",
    Stance.CANCEL: "CANCEL",
    Stance.REDUCING: "reducing: CLOSE, SELL of what is held and free",
    Stance.INCREASING: "increasing: BUY, SELL beyond what is held",
    Stance.MANDATE: "MANDATE: a frame for child flows",
}
SOFTER = (
    "Where a gate is asked, it may ask less of some:",
    "",
    "- gate 2 asks a HALT only whether this very envelope was answered before;",
    "- gate 4 asks HALT, HOLD and CANCEL for the agent's standing and not for the trading state, and lets",
    "  what reduces pass REDUCING_ONLY;",
    "- gate 7 asks a CANCEL whether the order it names is open, an agent's, on an instrument it may touch;",
    "- gate 8 asks a CLOSE for no price: gate 11 asks for a live one, or a person;",
    "- gate 9 asks what reduces for an instrument and for no size;",
    "- gate 10 asks what reduces or takes back only for a token, when gate 4 sends it to a person: getting",
    "  out waits for nobody, so no contract may ask approval of CLOSE, CANCEL, HOLD or HALT;",
    "- gate 11 asks what reduces for a mark that is present, sane and fresh; CLOSE without one goes to a",
    "  person.",
)


def pages() -> dict[str, str]:
    """File name to text of every generated page."""
    return {"topics.md": topics(), "reasons.md": reasons(), "law.md": law(), "tampering.md": tampering()}


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


def law() -> str:
    """The twelve gates with what each asks and the reasons it may give, and which of them an action faces."""
    lines = [
        "# The law",
        "",
        "Made from `kernel/gates/`, `kernel/table.py` and `schemas/reasons.py` by",
        "`python -m interlock.docs`. The gates are asked in this order; the first that says no decides, and",
        "a person decides only what no later gate refuses. Curable: the selector may open the flow again",
        "with a fresh context.",
        "",
        "| # | gate | asks | may answer | curable |",
        "|---|---|---|---|---|",
    ]
    for number, gate in GATES:
        asks = (sys.modules[gate.__module__].__doc__ or "").partition("\n")[0].partition(": ")[2]
        own = [each for each in Reason if each.gate == number]
        curable = "yes" if any(each.curable for each in own) else "no"
        names = ", ".join(each.name for each in own)
        lines.append(f"| {number} | {gate.__name__} | {asks} | {names} | {curable} |")
    numbers = [number for number, _ in GATES]
    lines += [
        "",
        "## Action × gate",
        "",
        "● is asked, a blank is not. The same table is the kernel's own.",
        "",
    ]
    lines += [f"| action | {' | '.join(map(str, numbers))} |", f"|---{'|---' * len(numbers)}|"]
    rows = [(MEANT[stance], FACES[stance]) for stance in Stance]
    rows += [("the kernel's own order after a failure half-way", COMPENSATION)]
    rows += [("a report: no action at all", REPORT)]
    for name, faces in rows:
        lines.append(f"| {name} | {' | '.join('●' if each in faces else ' ' for each in numbers)} |")
    return "\n".join([*lines, "", *SOFTER]) + "\n"


def main() -> int:
    """Write every page."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
