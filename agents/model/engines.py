"""A model by its folder and mode: one way to ask, three ways to answer.

`load` gives a Speaking; its modes agree on the shipped model wherever they answer at all. One a process, off
the event loop; one torch thread and fp32, so that equal prompts give equal bytes for any batch, in any
process. An edge: it reads model files.
"""

import hashlib
import os
import platform
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol, assert_never

os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch

from agents.grammar import DecisionGrammar
from agents.model.forward import LibraryForward, OwnForward
from agents.model.golden import GOLDEN, check_golden
from agents.model.judge import Heard, Origin, Stop, judged
from agents.model.jump import JumpForward
from agents.model.llama import Llama
from agents.model.manifest import WEIGHTS, ModelChanged, digest_of, verify
from agents.model.single import SinglePass
from agents.model.spoken import Silent, Spoken
from agents.model.tongue import ClosedTongue, Tongue, end_of, tongue_of
from schemas.reasons import LaneReason

BATCH_MAX: Final = 8
"""Questions of one call: more would make the first of them wait for the last."""

RECHECK: Final = 4_096
"""Sentences after which the weights in memory are hashed again: a flipped bit ends the speaking."""


class Mode(StrEnum):
    """How a model is asked."""

    SINGLE_PASS = "single_pass"
    JUMP_FORWARD = "jump_forward"
    OUTLINES = "outlines"


class Voice(Protocol):
    """An engine under a Speaking."""

    def compile(self, grammar: DecisionGrammar) -> int: ...
    def hear(self, asked: Sequence[tuple[str, DecisionGrammar]], stop: Stop) -> list[Heard]: ...
    def weights(self) -> Sequence[torch.Tensor]: ...


class Speaking:
    """A loaded model in one mode. model_hash: 32 bytes over its manifest's hashes.

    counted: sentences and silences so far, by "SPOKEN" or the reason's name. voice: the engine underneath,
    without thresholds and lock, for campaigns and benches.
    """

    def __init__(self, voice: Voice, mode: Mode, origin: Origin) -> None:
        torch.set_num_threads(1)
        self.mode = mode
        self.model_hash = origin.model_hash
        self.fingerprint = origin.fingerprint
        self.counted: Counter[str] = Counter()
        self.voice = voice
        self._origin = origin
        self._lock = threading.Lock()
        self._loaded = weights_digest(voice.weights())
        self._asked = 0
        self._changed = False

    def compile(self, grammar: DecisionGrammar) -> int:
        """Make the language ready and keep it; its token budget. Raises ModelChanged if it cannot be said."""
        with self._lock:
            return self.voice.compile(grammar)

    def speak(self, prompt: str, grammar: DecisionGrammar, stop: Stop | None = None) -> Spoken | Silent:
        """One sentence of `grammar` to `prompt`."""
        return self.speak_many([(prompt, grammar)], stop)[0]

    def speak_many(
        self, asked: Sequence[tuple[str, DecisionGrammar]], stop: Stop | None = None
    ) -> list[Spoken | Silent]:
        """At most BATCH_MAX sentences, each the bytes that it would be alone.

        stop: asked with the grammar before each forward and once after the last; the reason it names
        (DEADLINE, CONTRACT_CHANGED …) is the answer then.
        """
        assert 0 < len(asked) <= BATCH_MAX, f"{len(asked)} questions in one call"
        with self._lock, torch.inference_mode():
            if not self.recheck():
                answers: list[Spoken | Silent] = [_changed_model() for _ in asked]
            else:
                found = self.voice.hear(asked, stop or _never)
                answers = [
                    judged(heard, prompt, grammar, self.voice.compile(grammar), self._origin)
                    for heard, (prompt, grammar) in zip(found, asked, strict=True)
                ]
            self._asked += len(asked)
            self.counted.update("SPOKEN" if isinstance(a, Spoken) else a.reason.name for a in answers)
            return answers

    def recheck(self, *, now: bool = False) -> bool:
        """Whether the weights are those that were loaded; hashed every RECHECK sentences, or now."""
        if now or self._asked >= RECHECK:
            self._asked = 0
            self._changed = self._changed or weights_digest(self.voice.weights()) != self._loaded
        return not self._changed


def load(folder: Path = WEIGHTS, *, mode: Mode = Mode.SINGLE_PASS, golden: bool = True) -> Speaking:
    """The model in `folder`, its hashes and (unless they are just being made) golden answers checked.

    Raises ModelChanged on a missing or different file, on a model the mode cannot ask, on an answer that is
    not the golden one.
    """
    torch.set_num_threads(1)
    manifest = verify(folder)
    tongue = tongue_of(folder, end_of(folder))
    engine = "" if mode is not Mode.OUTLINES else "outlines "
    library = f"torch/{torch.__version__} {platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
    fingerprint = f"{mode.value}/1 {engine}{library} fp32 1-thread"
    origin = Origin(model_hash=digest_of(manifest), fingerprint=fingerprint)
    with torch.inference_mode():
        speaking = Speaking(_voice(folder, mode, tongue), mode, origin)
    if golden:
        check_golden(speaking, folder / GOLDEN)
        speaking.counted.clear()
    return speaking


def _voice(folder: Path, mode: Mode, tongue: Tongue) -> Voice:
    match mode:
        case Mode.SINGLE_PASS:
            llama = Llama.load(folder)
            if llama is None or not isinstance(tongue, ClosedTongue):
                raise ModelChanged("single_pass reads only the shipped kind of model: use jump_forward")
            return SinglePass(llama)
        case Mode.JUMP_FORWARD:
            llama = Llama.load(folder)
            return JumpForward(_library(folder) if llama is None else OwnForward(llama), tongue)
        case Mode.OUTLINES:
            from agents.model.engine import Engine  # seconds of transformers and outlines: only if asked for

            return Engine.load(folder, golden=False)
        case _:
            assert_never(mode)


def weights_digest(weights: Iterable[torch.Tensor]) -> bytes:
    """SHA-256 over the bytes of tensors in memory, in order."""
    digest = hashlib.sha256()
    for tensor in weights:
        plain = torch.view_as_real(tensor) if tensor.is_complex() else tensor
        digest.update(plain.contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.digest()


def _never(_: DecisionGrammar) -> None:
    return None


def _changed_model() -> Silent:
    nothing = Decimal(0)
    return Silent(reason=LaneReason.MODEL_CHANGED, mass=nothing, margin=nothing, tokens_in=0, tokens_out=0)


def _library(folder: Path) -> LibraryForward:
    from transformers import AutoModelForCausalLM  # seconds: only for what our own forward does not know

    model = AutoModelForCausalLM.from_pretrained(
        str(folder), dtype=torch.float32, local_files_only=True, use_safetensors=True
    )
    return LibraryForward(model.float().eval())
