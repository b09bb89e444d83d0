"""A model's folder as people bring it: measured before it may speak, copied where workers look, recorded.

Torch is imported only when a model is loaded.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from agents.model.golden import ANSWERS_MAX, GOLDEN, whole_language
from agents.model.manifest import MANIFEST, ModelChanged, verify
from agents.model.spoken import Silent, Spoken
from interlock.say import Exit, Stop
from topologies.stream.released import stored
from topologies.stream.voice import BATCH_MAX

if TYPE_CHECKING:
    from topologies.stream.engine_edge import Speaking

FIXTURE = 256  # rows in which each action is wanted equally often
BY_HAND = "interlock model check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a model did on the fixture.

    unspelled: literals it cannot say; refused: reasons by name; masses: the smallest and the middle feasible
    mass of all; ms_one: 50th and 99th percentile of one atom; ms_eight: of one atom among eight at once.
    """

    model_hash: bytes
    unspelled: tuple[str, ...] = ()
    mode: str = ""
    fingerprint: str = ""
    asked: int = 0
    answered: int = 0
    right: int = 0
    action_right: int = 0
    refused: tuple[tuple[str, int], ...] = ()
    masses: tuple[Decimal, Decimal] = (Decimal(0), Decimal(0))
    ms_one: tuple[Decimal, Decimal] = (Decimal(0), Decimal(0))
    ms_eight: tuple[Decimal, Decimal] = (Decimal(0), Decimal(0))
    golden: str = ""

    @property
    def fits(self) -> bool:
        """Whether it may be used at all: it spells every word and dares to answer something."""
        return not self.unspelled and self.answered > 0


def load_engine(folder: Path, mode: str = "", *, golden: bool = True) -> Speaking:
    """The engine of a folder's model. Raises Stop, saying what differs and what to do."""
    from topologies.stream.engine_edge import load  # seconds of torch

    try:
        return load(folder, mode, golden=golden)
    except ModelChanged as error:
        raise Stop(Exit.FAILED, f"the model in {folder.name} does not start", why=str(error),
                   fix=f"{BY_HAND} {folder}") from None  # fmt: skip


def unspelled(folder: Path) -> tuple[str, ...]:
    """Words of the language that a model cannot say. Raises Stop where its tokenizer cannot be read."""
    from topologies.stream.engine_edge import unspelled_in

    try:
        return unspelled_in(folder)
    except ModelChanged as error:
        raise Stop(Exit.FAILED, f"the tokenizer in {folder.name} cannot be used", why=str(error)) from None


def named(folder: Path, *, renew: bool) -> None:
    """Give a folder the manifest that names its files, unless it has one. Raises Stop where it differs."""
    from agents.model.manifest import write_manifest

    try:
        if renew or not (folder / MANIFEST).is_file():
            write_manifest(folder, command=BY_HAND, steps=0, seed=0)
        verify(folder)
    except (ModelChanged, OSError) as error:
        raise Stop(Exit.FAILED, f"{folder.name} holds no model that could be named", why=str(error),
                   fix=f"{BY_HAND} {folder} --renew, if the change is meant") from None  # fmt: skip


def measured(engine: Speaking, folder: Path, rows: int = FIXTURE, *, renew: bool = False) -> Checked:
    """Ask the fixture: one by one, then by eights, which MUST answer the same. Writes the golden file.

    An existing golden file is compared with instead, unless renewed. A model that answers nothing gets none.
    """
    from agents.model.evaluate import SEED_UNSEEN, spread_out
    from agents.model.prompt import prompt
    from agents.model.teacher import teach

    grammar, seen = whole_language(), spread_out(SEED_UNSEEN, rows)
    prompts = [prompt(each) for each in seen]
    engine.speak_many([(prompts[0], grammar)])  # what only a first call does is not timed
    alone, ms_one = _timed(engine, [[(each, grammar)] for each in prompts])
    eights = [prompts[at : at + BATCH_MAX] for at in range(0, len(prompts), BATCH_MAX)]
    together, ms_eight = _timed(engine, [[(each, grammar) for each in some] for some in eights])
    if alone != together:
        raise Stop(Exit.FAILED, f"{folder.name} answers otherwise among eight than alone",
                   why="an atom must have the same bytes in any batch", fix="another mode")  # fmt: skip
    pairs = [(said, teach(level)) for said, level in zip(alone, seen, strict=True)]
    spoken = [(said, wanted) for said, wanted in pairs if isinstance(said, Spoken)]
    masses = sorted(said.mass for said in alone)
    return Checked(
        model_hash=engine.model_hash,
        mode=engine.mode.value,
        fingerprint=engine.fingerprint,
        asked=len(alone),
        answered=len(spoken),
        right=sum(said.slots == wanted for said, wanted in spoken),
        action_right=sum(said.slots.action == wanted.action for said, wanted in spoken),
        refused=tuple(sorted(Counter(s.reason.name for s in alone if isinstance(s, Silent)).items())),
        masses=(masses[0], masses[len(masses) // 2]),
        ms_one=_percentiles(ms_one),
        ms_eight=_percentiles(ms_eight),
        golden=_golden(engine, folder, prompts, renew=renew) if spoken else "none",
    )


def stock(folder: Path, state: Path, model_hash: bytes) -> Path:
    """Copy a checked model to where workers look for it; where it lies now. Nothing is overwritten."""
    there = stored(state, model_hash)
    if there.is_dir():
        return there
    names = [*verify(folder).files, MANIFEST, GOLDEN]
    half = there.with_name(there.name + ".new")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    for name in names:
        shutil.copyfile(folder / name, half / name)
    half.rename(there)
    return there


def _golden(engine: Speaking, folder: Path, prompts: Sequence[str], *, renew: bool) -> str:
    from agents.model.golden import check_golden, write_golden

    path = folder / GOLDEN
    if path.is_file() and not renew:
        try:
            check_golden(engine, path)
        except ModelChanged as error:
            raise Stop(Exit.FAILED, f"{folder.name} no longer says what it said", why=str(error),
                       fix=f"{BY_HAND} {folder} --renew, if the change is meant") from None  # fmt: skip
        return "as written before"
    write_golden(engine, list(prompts[:ANSWERS_MAX]), path)
    return "written now"


def _timed(
    engine: Speaking, asked: Sequence[Sequence[tuple[str, object]]]
) -> tuple[list[Spoken | Silent], list[Decimal]]:
    """All answers, and per question the milliseconds of its call shared among those of the call."""
    answers: list[Spoken | Silent] = []
    took: list[Decimal] = []
    for some in asked:
        begun = time.perf_counter_ns()
        answers += engine.speak_many(some)  # type: ignore[arg-type]  # grammars, as `measured` made them
        took.append(Decimal(time.perf_counter_ns() - begun) / 1_000_000 / len(some))
    return answers, took


def _percentiles(took: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    ranked, step = sorted(took), Decimal("0.01")
    middle, high = ranked[len(ranked) // 2], ranked[min(len(ranked) - 1, len(ranked) * 99 // 100)]
    return middle.quantize(step, rounding=ROUND_CEILING), high.quantize(step, rounding=ROUND_CEILING)
