"""The reference engine: outlines generates one sentence of a grammar, greedily, on one thread.

An edge: it imports torch and reads model files. Importing it takes seconds, so workers import it after they
have started their signer. One engine per process, off the event loop: a shared generator is not thread-safe
(25 of 50 concurrent calls raised, one answered wrongly in silence), hence the lock.
"""

import os
import platform
import threading
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

# The mask kernel of outlines is torch-compiled: 9-20 s on its first call, for a vocabulary of 170 words.
os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import outlines
import torch
from outlines.backends.outlines_core import OutlinesCoreBackend
from outlines.generator import SteerableGenerator
from outlines_core import Index, Vocabulary
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils.logging import disable_progress_bar

from agents.emit import pattern
from agents.grammar import DecisionGrammar
from agents.model.forks import Spelled, spelled
from agents.model.golden import GOLDEN, check_golden
from agents.model.judge import Heard, Origin, Stop, judged
from agents.model.jump import GRAMMARS_MAX
from agents.model.manifest import WEIGHTS, digest_of, verify
from agents.model.spoken import Silent, Spoken
from agents.model.tongue import ClosedTongue, Tongue, end_of, tongue_of
from agents.model.vocabulary import END, IDS
from agents.model.watch import Stopped, Watch
from schemas.reasons import LaneReason


class Engine:
    """A loaded model and its compiled grammars. `model_hash`: 32 bytes over its manifest's hashes."""

    def __init__(self, model: torch.nn.Module, tokenizer: object, tongue: Tongue, model_hash: bytes) -> None:
        torch.set_num_threads(1)
        self.model_hash = model_hash
        self.fingerprint = _fingerprint()
        self._voice = outlines.from_transformers(model.float().eval(), tokenizer)
        self._tongue = tongue
        self._vocabulary = (
            spoken_vocabulary()
            if isinstance(tongue, ClosedTongue)
            else OutlinesCoreBackend(self._voice).vocabulary
        )
        self._watches: dict[bytes, tuple[Watch, Spelled]] = {}
        self._lock = threading.Lock()

    @classmethod
    def load(cls, folder: Path = WEIGHTS, *, golden: bool = True) -> "Engine":
        """The model in `folder`, hashes and (unless they are just being made) golden answers checked.

        Raises ModelChanged on a missing or different file, or on an answer that is not the golden one.
        """
        manifest = verify(folder)
        disable_progress_bar()
        model = AutoModelForCausalLM.from_pretrained(
            str(folder), dtype=torch.float32, local_files_only=True, use_safetensors=True
        )
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        tokenizer.chat_template = None  # a prompt is shown as it is, in every engine
        engine = cls(model, tokenizer, tongue_of(folder, end_of(folder)), digest_of(manifest))
        if golden:
            check_golden(engine, folder / GOLDEN)
        return engine

    def compile(self, grammar: DecisionGrammar) -> int:
        """Build and keep the automaton; its token budget. Raises ModelChanged if a word cannot be said."""
        return self._watch(grammar)[1].budget

    def weights(self) -> list[torch.Tensor]:
        """Every tensor an answer depends on."""
        return [each.detach() for each in self._voice.model.parameters()]

    def speak(self, prompt: str, grammar: DecisionGrammar) -> Spoken | Silent:
        """One sentence of `grammar` to `prompt`; the same bytes for the same prompt, whoever asks when."""
        (heard,) = self.hear([(prompt, grammar)], lambda _: None)
        origin = Origin(model_hash=self.model_hash, fingerprint=self.fingerprint)
        return judged(heard, prompt, grammar, self.compile(grammar), origin)

    def hear(self, asked: Sequence[tuple[str, DecisionGrammar]], stop: Stop) -> list[Heard]:
        """One sentence for each, one at a time: a batch of outlines shares padding and gives other bits."""
        with self._lock, torch.inference_mode():
            return [self._sentence(prompt, grammar, stop) for prompt, grammar in asked]

    def _sentence(self, prompt: str, grammar: DecisionGrammar, stop: Stop) -> Heard:
        watch, language = self._watch(grammar)
        asked, ids = self._tongue.asked(prompt), self._tongue.ask(prompt)
        room = int(self._voice.model.config.max_position_embeddings) - language.budget
        if asked is None or ids is None or len(ids) > room:
            return Heard(stopped=LaneReason.TRUNCATED)
        watch.listen(stop, grammar)
        generator = SteerableGenerator.from_processor(self._voice, watch)
        try:
            text = str(generator(asked, max_new_tokens=language.budget, do_sample=False))
        except Stopped:
            return watch.heard
        heard = watch.heard
        heard.text, heard.tokens_in, heard.stopped = text, len(ids), stop(grammar)
        return heard

    def _watch(self, grammar: DecisionGrammar) -> tuple[Watch, Spelled]:
        digest = grammar.digest
        if digest not in self._watches:
            language = spelled(grammar, self._tongue)
            if len(self._watches) >= GRAMMARS_MAX:
                self._watches.pop(next(iter(self._watches)))
            index = Index(pattern(grammar), self._vocabulary)
            closed = isinstance(self._tongue, ClosedTongue)
            self._watches[digest] = (Watch(index, language, canonical=not closed), language)
        return self._watches[digest]


def spoken_vocabulary() -> Vocabulary:
    """Every word but the end mark, as outlines' own backend builds it; END may stand only at the end."""
    words = {word: [number] for word, number in IDS.items() if word != END}
    return Vocabulary(IDS[END], words)


def _fingerprint() -> str:
    """What may change the last bit of a float: told with the atom, so that differences can be explained."""
    outlines_version = version("outlines")
    return f"outlines/{outlines_version} torch/{torch.__version__} {platform.machine()} fp32 1-thread"
