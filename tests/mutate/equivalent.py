"""Mutants that no test can kill, because they are the same law in other words; each with its proof."""

from __future__ import annotations

from pathlib import Path

FILE = Path(__file__).with_name("equivalent.txt")


def listed() -> dict[str, str]:
    """Key to proof. A key on one line, its proof indented on the next; # begins a comment."""
    found: dict[str, str] = {}
    key = ""
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("    "):
            assert key, f"a proof without a mutant: {line}"
            found[key] = f"{found[key]} {line.strip()}".strip()
        else:
            key = line
            assert key not in found, f"listed twice: {key}"
            found[key] = ""
    assert all(found.values()), [key for key, proof in found.items() if not proof]
    return found
