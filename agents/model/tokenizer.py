"""The word-level tokenizer as Hugging Face files, so that plain AutoTokenizer loads it.

Its decoder fuses. Joining with spaces would give `action= BUY`, a text outside the grammar although every
token in it was allowed (measured with the default decoder of word-level models).
"""

from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.decoders import Fuse
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from agents.model.vocabulary import BEGIN, END, IDS, PAD, UNKNOWN


def build() -> PreTrainedTokenizerFast:
    """The tokenizer of the closed vocabulary; a prompt is given its begin mark, nothing else."""
    words = Tokenizer(WordLevel(vocab=dict(IDS), unk_token=UNKNOWN))
    words.pre_tokenizer = WhitespaceSplit()
    words.decoder = Fuse()
    words.post_processor = TemplateProcessing(single=f"{BEGIN} $A", special_tokens=[(BEGIN, IDS[BEGIN])])
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        bos_token=BEGIN,
        eos_token=END,
        pad_token=PAD,
        unk_token=UNKNOWN,
        clean_up_tokenization_spaces=False,
        padding_side="left",
        model_max_length=64,
    )


def save(folder: Path) -> None:
    build().save_pretrained(str(folder))
