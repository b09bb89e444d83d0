"""How a model's words become token ids: the closed vocabulary, or any tokenizer that a folder brings."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from tokenizers import Tokenizer

from agents.model import vocabulary
from agents.model.manifest import ModelChanged
from agents.model.vocabulary import BEGIN, END, IDS

PROMPT_CHARS_MAX: Final = 4_096
"""Of a prompt. Ours have a hundred; a text of a million is not tokenised to be found too long."""

PREFACE: Final = "preface.txt"
PREFACE_CHARS_MAX: Final = 16_384


class Tongue(Protocol):
    """preface: ids that begin every prompt, so that they are computed once; end: the end mark's id."""

    preface: tuple[int, ...]
    end: int

    def asked(self, prompt: str) -> str | None:
        """The text the model is shown for a prompt; None if it is too long to be shown at all."""

    def ask(self, prompt: str) -> tuple[int, ...] | None:
        """The ids of `asked`; None like it."""

    def spell(self, words: Sequence[str]) -> tuple[int, ...]:
        """The canonical ids of words said one after another."""

    def text(self, ids: Sequence[int]) -> str:
        """What ids say."""


class ClosedTongue:
    """One word, one token, and a prompt that can only be made of known words."""

    preface: tuple[int, ...] = ()
    end = IDS[END]

    def __init__(self) -> None:
        self._words = {number: word for word, number in IDS.items()}

    def asked(self, prompt: str) -> str | None:
        return prompt

    def ask(self, prompt: str) -> tuple[int, ...] | None:
        unknown = [word for word in prompt.split(" ") if word not in IDS]
        assert not unknown, f"the prompt has words outside the vocabulary: {unknown[:8]}"
        return (IDS[BEGIN], *(IDS[word] for word in prompt.split(" ")))

    def spell(self, words: Sequence[str]) -> tuple[int, ...]:
        return tuple(IDS[word] for word in words)

    def text(self, ids: Sequence[int]) -> str:
        return "".join(self._words[number] for number in ids)


class OpenTongue:
    """A tokenizer of subwords. A prompt is a line of its own, behind the model's preface if it has one."""

    def __init__(self, tokenizer: Tokenizer, end: int, preface: str) -> None:
        self.end = end
        self._tokenizer = tokenizer
        self._text = preface
        self.preface = tuple(tokenizer.encode(preface).ids)

    def asked(self, prompt: str) -> str | None:
        return None if len(prompt) > PROMPT_CHARS_MAX else f"{self._text}{prompt}\n"

    def ask(self, prompt: str) -> tuple[int, ...] | None:
        asked = self.asked(prompt)
        return None if asked is None else tuple(self._tokenizer.encode(asked).ids)

    def spell(self, words: Sequence[str]) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode("".join(words), add_special_tokens=False).ids)

    def text(self, ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=False))


def tongue_of(folder: Path, end: int) -> Tongue:
    """The tongue of the model in `folder`, whose end mark is `end`. Raises ModelChanged on a long preface."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    if tokenizer.get_vocab() == IDS:
        return ClosedTongue()
    preface = (folder / PREFACE).read_text(encoding="utf-8") if (folder / PREFACE).is_file() else ""
    if len(preface) > PREFACE_CHARS_MAX:
        raise ModelChanged(
            f"{PREFACE} has {len(preface)} characters, at most {PREFACE_CHARS_MAX}: shorten it"
        )
    return OpenTongue(tokenizer, end, preface)


def end_of(folder: Path) -> int:
    """The id of the end mark that the model's config names; of several the first."""
    named = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("eos_token_id")
    found = named[0] if isinstance(named, list) and named else named
    if not isinstance(found, int):
        raise ModelChanged("config.json names no eos_token_id: add it, a sentence must be able to end")
    return found


def unspelled(tongue: Tongue, words: frozenset[str]) -> tuple[str, ...]:
    """Words of a grammar that a tongue cannot say: sorted. The closed one says each as one token."""
    if isinstance(tongue, ClosedTongue):
        return vocabulary.unspelled(words)
    return tuple(sorted(word for word in words if tongue.text(tongue.spell((word,))) != word))
