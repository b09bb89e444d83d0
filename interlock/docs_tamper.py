"""The page on tampering: every attack of the demonstration, the keys it takes, and what sees it."""

from __future__ import annotations

from interlock.tamper.ruled_attacks import RULED
from interlock.tamper.run import ATTACKS, KEEPER
from ledger.verify import Level


def tampering() -> str:
    """Attack by level, in Markdown; from the tables that the demonstration and its test run."""
    levels = [each.name.lower() for each in Level]
    lines = [
        "# What tampering is seen by",
        "",
        "Made from `interlock/tamper/` by `python -m interlock.docs`. `interlock ledger tamper-demo`",
        "does all of it to a copy of your ledger, `tests/unit/test_tamper.py` to one with a flow of each",
        "lane. ● sees it; what a level sees, every deeper one sees too. Note: it shows only against a",
        "witness's note, since whoever holds the kernel's checkpoint key can sign any history that nobody",
        "else has seen.",
        "",
        f"| attack | with | code | note | {' | '.join(levels)} | replay |",
        f"|{'---|' * (len(levels) + 5)}",
    ]
    for attack in ATTACKS:
        codes = ", ".join(sorted(code.name for code in attack.codes))
        seen = " | ".join("●" if level >= attack.level else " " for level in Level)
        note = "yes" if attack.anchored else " "
        lines.append(f"| {attack.name} | {attack.who} | {codes} | {note} | {seen} |   |")
    blank = " | ".join(" " for _ in Level)
    lines += [f"| {name} | {KEEPER} | differs |   | {blank} | ● |" for name in RULED]
    lines += [
        "",
        "Replay is asked of a ledger that `verify` has found sound. A flipped byte anywhere is found by",
        "the chain alone (`tests/unit/test_byte_sweep.py`; `SWEEP=all` flips every one). What a stolen key",
        "can do that is *not* tampering is in [forgers.md](forgers.md).",
    ]
    return "\n".join(lines) + "\n"
