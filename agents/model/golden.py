"""Golden answers: a model that no longer says what it said when it was shipped does not start."""

import json
from pathlib import Path
from typing import Final

from agents.grammar import EVERYTHING, DecisionGrammar
from agents.model.manifest import ModelChanged
from agents.model.spoken import Speaker, Spoken

GOLDEN: Final = "golden.json"
ANSWERS_MAX: Final = 16


def whole_language() -> DecisionGrammar:
    """Every action granted: the grammar golden answers and the model card are measured under."""
    return EVERYTHING


def write_golden(speaker: Speaker, prompts: list[str], path: Path) -> None:
    """Record the answers to at most ANSWERS_MAX prompts; a prompt without an answer is recorded by reason."""
    answers = {prompt: _answer(speaker, prompt) for prompt in prompts[:ANSWERS_MAX]}
    path.write_text(json.dumps(answers, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def check_golden(speaker: Speaker, path: Path) -> None:
    """Raises ModelChanged with the first prompt whose answer differs, or when there are no golden answers."""
    if not path.is_file():
        raise ModelChanged(f"no {path.name} beside the model: run python -m agents.model.evaluate --write")
    for prompt, wanted in json.loads(path.read_text(encoding="utf-8")).items():
        found = _answer(speaker, prompt)
        if found != wanted:
            raise ModelChanged(f"to {prompt!r} the model says {found}, its golden answer is {wanted}")


def _answer(speaker: Speaker, prompt: str) -> str:
    spoken = speaker.speak(prompt, whole_language())
    return spoken.text if isinstance(spoken, Spoken) else spoken.reason.name
