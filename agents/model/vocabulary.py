"""The closed vocabulary: every word the model can read or say, and no digit that could be continued."""

from typing import Final

from agents.grammar import FULL, SLOTS, SPEAKABLE, number_word
from agents.model.prompt import words as prompt_words

PAD: Final = "<pad>"
BEGIN: Final = "<s>"
END: Final = "</s>"
UNKNOWN: Final = "<unk>"
SPECIAL: Final = (PAD, BEGIN, END, UNKNOWN)

SPOKEN: Final = (
    "action=",
    *SPEAKABLE,
    *(f";{slot}=" for slot in SLOTS),
    *(number_word(value) for value in range(FULL + 1)),
)

VALUES: Final = (*SPEAKABLE, *(number_word(value) for value in range(FULL + 1)))
"""Words that fill a slot. The shipped model reads them all as one: what it said it does not hear."""

VOCABULARY: Final = (*SPECIAL, *SPOKEN, *prompt_words())
IDS: Final = {word: at for at, word in enumerate(VOCABULARY)}
"""Word to token id. The order is part of the weights: append, never insert."""

assert len(IDS) == len(VOCABULARY), "a word stands twice"


def unspelled(asked: frozenset[str]) -> tuple[str, ...]:
    """Words of a grammar that this vocabulary cannot say as one token, sorted."""
    return tuple(sorted(asked - set(SPOKEN)))
