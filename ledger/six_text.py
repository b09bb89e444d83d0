"""The six answers about a flow for people: one line each, byte-stable."""

from typing import Any

from ledger.findings import shown
from ledger.six import QUESTIONS, Six

_TITLES = {
    "woke": "What woke it",
    "seen": "What was seen",
    "why": "Why (commitments; the texts are in the topic explanations)",
    "proposed": "What was proposed",
    "ruled": "What was ruled",
    "happened": "What happened",
}


def as_text(told: Six) -> str:
    """Return the answers for people, one line each, byte-stable."""
    lines = [f"flow {told.dfid.hex()}"]
    for question in QUESTIONS:
        lines.append(f"{_TITLES[question]}:")
        answers = told.answers[question] or [{"nothing": "in this ledger"}]
        lines += [
            "  " + " ".join(f"{name}={_word(value)}" for name, value in each.items()) for each in answers
        ]
    return "\n".join(lines) + "\n"


def _word(value: Any) -> str:
    match value:
        case dict():
            return "{" + " ".join(f"{name}={_word(each)}" for name, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(_word(each) for each in value) + "]"
        case _:
            return shown(value)
