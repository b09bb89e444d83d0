"""The reference engine: outlines generates one sentence of a grammar, greedily, on one thread.

An edge: it imports torch and reads model files. Importing it takes seconds, so workers import it after they
have started their signer. One engine per process, off the event loop: a shared generator is not thread-safe
(25 of 50 concurrent calls raised, one answered wrongly in silence), hence the lock.
"""

import hashlib
import os
import platform
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Final

# The mask kernel of outlines is torch-compiled: 9-20 s on its first call, for a vocabulary of 170 words.
os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import outlines
import torch
from outlines.generator import SteerableGenerator
from outlines_core import Index, Vocabulary
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

from agents.emit import pattern, read
from agents.grammar import DecisionGrammar
from agents.model.golden import GOLDEN, check_golden
from agents.model.manifest import WEIGHTS, ModelChanged, verify
from agents.model.spoken import MARGIN_MIN, MASS_MIN, Silent, Spoken, floored
from agents.model.vocabulary import END, IDS, unspelled
from agents.model.watch import Seen, Watch
from schemas.reasons import LaneReason

GRAMMARS_MAX: Final = 64
"""Compiled grammars kept: more active contracts than this in one worker are compiled again."""


class Engine:
    """A loaded model and its compiled grammars. `model_hash`: 32 bytes over its manifest's hashes."""

    def __init__(self, model: torch.nn.Module, tokenizer: object, model_hash: bytes) -> None:
        torch.set_num_threads(1)
        self.model_hash = model_hash
        self.fingerprint = _fingerprint()
        self._voice = outlines.from_transformers(model.float().eval(), tokenizer)
        self._tokenizer = tokenizer
        self._vocabulary = spoken_vocabulary()
        self._watches: dict[bytes, Watch] = {}
        self._lock = threading.Lock()

    @classmethod
    def load(cls, folder: Path = WEIGHTS, *, golden: bool = True) -> "Engine":
        """The model in `folder`, hashes and (unless they are just being made) golden answers checked.

        Raises ModelChanged on a missing or different file, or on an answer that is not the golden one.
        """
        manifest = verify(folder)
        disable_progress_bar()
        model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        if tokenizer.get_vocab() != IDS:
            raise ModelChanged("the tokenizer's words are not those of agents.model.vocabulary: train again")
        digest = hashlib.sha256()
        for name, found in sorted(manifest.files.items()):
            digest.update(f"{name} {found}\n".encode("ascii"))
        engine = cls(model, tokenizer, digest.digest())
        if golden:
            check_golden(engine, folder / GOLDEN)
        return engine

    def compile(self, grammar: DecisionGrammar) -> None:
        """Build and keep the automaton of `grammar`. Raises ModelChanged if a word of it cannot be said."""
        self._watch(grammar)

    def speak(self, prompt: str, grammar: DecisionGrammar) -> Spoken | Silent:
        """One sentence of `grammar` to `prompt`; the same bytes for the same prompt, whoever asks when."""
        unknown = [word for word in prompt.split(" ") if word not in IDS]
        assert not unknown, f"the prompt has words outside the vocabulary: {unknown}"
        with self._lock, torch.inference_mode():
            watch = self._watch(grammar)
            generator = SteerableGenerator.from_processor(self._voice, watch)
            text = generator(prompt, max_new_tokens=grammar.budget, do_sample=False)
            return self._judge(prompt, grammar, str(text), watch.seen)

    def _judge(self, prompt: str, grammar: DecisionGrammar, text: str, seen: Seen) -> Spoken | Silent:
        mass, margin = floored(seen.mass), floored(seen.margin)
        tokens_in = len(prompt.split(" ")) + 1
        slots = read(grammar, text)
        reason: LaneReason | None = None
        if not seen.finite:
            reason = LaneReason.NOT_FINITE
        elif seen.stuck:
            reason = LaneReason.NO_ALLOWED_TOKEN
        elif slots is None or seen.steps != grammar.budget:
            reason = LaneReason.TRUNCATED
        elif mass < MASS_MIN:
            reason = LaneReason.LOW_MASS
        elif margin < MARGIN_MIN:
            reason = LaneReason.LOW_MARGIN
        if reason is not None or slots is None:
            assert reason is not None
            return Silent(reason=reason, mass=mass, margin=margin, tokens_in=tokens_in, tokens_out=seen.steps)
        return Spoken(
            text=text,
            slots=slots,
            mass=mass,
            margin=margin,
            tokens_in=tokens_in,
            tokens_out=seen.steps,
            model_hash=self.model_hash,
            grammar_hash=grammar.digest,
            prompt_hash=hashlib.sha256(prompt.encode("ascii")).digest(),
            fingerprint=self.fingerprint,
        )

    def _watch(self, grammar: DecisionGrammar) -> Watch:
        digest = grammar.digest
        if digest not in self._watches:
            missing = unspelled(grammar.words)
            if missing:
                raise ModelChanged(
                    f"the vocabulary does not spell {missing[:5]}: choose another model or contract"
                )
            if len(self._watches) >= GRAMMARS_MAX:
                self._watches.pop(next(iter(self._watches)))
            self._watches[digest] = Watch(Index(pattern(grammar), self._vocabulary))
        return self._watches[digest]


def spoken_vocabulary() -> Vocabulary:
    """Every word but the end mark, as outlines' own backend builds it; END may stand only at the end."""
    words = {word: [number] for word, number in IDS.items() if word != END}
    return Vocabulary(IDS[END], words)


def _fingerprint() -> str:
    """What may change the last bit of a float: told with the atom, so that differences can be explained."""
    outlines_version = version("outlines")
    return f"outlines/{outlines_version} torch/{torch.__version__} {platform.machine()} fp32 1-thread"
