"""How fast one atom is made: `python -m bench.sds [--quick]`, one thread, beside plain outlines in one run.

Plain outlines is its own Generator over the same model, prompt and language, greedy. Calls alternate, so that
a busy machine slows all alike; `cpu` is the thread's own time, which a neighbour on the core does not change.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agents.emit import pattern
from agents.grammar import EVERYTHING
from agents.model.calibrate import languages
from agents.model.engines import Mode, Speaking, load
from agents.model.forks import spelled
from agents.model.lessons import rows
from agents.model.make_random import Size, make
from agents.model.manifest import WEIGHTS
from agents.model.prompt import prompt
from agents.model.slots import masks
from agents.model.tongue import ClosedTongue
from bench.sds_atoms import atoms_a_second
from bench.sds_gates import gates_beside_drift

LARGE = Size(width=384, layers=6)
"""A Llama of more than ten million parameters."""

TOKENS_MAX = 120
"""Of plain outlines over subwords, which may spell a word letter by letter."""

GOALS = {
    "single_pass": 15.0,
    "jump_forward": 6.0,
    "large": 4.0,
    "p99": 2.0,
    "atoms": 1_500.0,
    "compile": 50.0,
}


@dataclass
class Clock:
    """Wall and own seconds of calls of one kind."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def time(self, call: Callable[[], object]) -> None:
        wall, cpu = time.perf_counter(), time.thread_time()
        call()
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.thread_time() - cpu)

    def at(self, share: float, *, cpu: bool = False) -> float:
        """The quantile, in milliseconds."""
        found = sorted(self.cpu if cpu else self.wall)
        return 1_000 * found[min(len(found) - 1, int(share * len(found)))]


def plain(folder: Path, *, closed: bool) -> Callable[[str], object]:
    """Plain outlines over the model in `folder`: what a reader of its documentation would write."""
    import outlines
    import torch
    from outlines.backends.outlines_core import OutlinesCoreLogitsProcessor
    from outlines.generator import SteerableGenerator
    from outlines_core import Index
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from agents.model.engine import spoken_vocabulary

    model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32).eval()
    voice = outlines.from_transformers(model, AutoTokenizer.from_pretrained(str(folder)))
    if closed:
        masked = OutlinesCoreLogitsProcessor(Index(pattern(EVERYTHING), spoken_vocabulary()), "torch")
        generator = SteerableGenerator.from_processor(voice, masked)
    else:
        generator = outlines.Generator(voice, outlines.types.Regex(pattern(EVERYTHING)))
    torch.set_num_threads(1)
    return lambda text: generator(text, max_new_tokens=TOKENS_MAX, do_sample=False)


def race(
    runners: dict[str, tuple[int, Callable[[str], object]]], prompts: list[str], rounds: int
) -> dict[str, Clock]:
    """`rounds` rounds; each runner answers its number of prompts in a round."""
    clocks = {name: Clock() for name in runners}
    for run in runners.values():
        for text in prompts[:4]:
            run[1](text)
    at = 0
    for _ in range(rounds):
        for name, (times, run) in runners.items():
            for _ in range(times):
                at = (at + 1) % len(prompts)
                text = prompts[at]
                clocks[name].time(lambda run=run, text=text: run(text))
    return clocks


def table(title: str, clocks: dict[str, Clock]) -> dict[str, float]:
    """Print one line a runner; how many times faster than the first each is, by the wall."""
    base, ratios = next(iter(clocks.values())), {}
    print(
        f"\n{title}\n{'':>16} {'calls':>6} {'p50 ms':>9} {'p99 ms':>9} {'p99/p50':>8}"
        f" {'cpu p50':>9} {'cpu 99/50':>9} {'x wall':>7} {'x cpu':>7}"
    )
    for name, clock in clocks.items():
        wall, cpu, high = clock.at(0.5), clock.at(0.5, cpu=True), clock.at(0.99)
        ratios[name] = base.at(0.5) / wall
        tail = clock.at(0.99, cpu=True) / cpu
        by_cpu = base.at(0.5, cpu=True) / cpu
        print(
            f"{name:>16} {len(clock.wall):>6} {wall:>9.3f} {high:>9.3f} {high / wall:>8.2f}"
            f" {cpu:>9.3f} {tail:>9.2f} {ratios[name]:>7.1f} {by_cpu:>7.1f}"
        )
    return ratios


def shipped(rounds: int) -> None:
    """The shipped model: plain outlines, the reference, jump-forward, single pass."""
    texts = [prompt(row) for row in rows(512, 11)]
    speaking = {mode.value: load(mode=mode) for mode in Mode}

    def one(voice: Speaking) -> Callable[[str], object]:
        return lambda text: voice.speak(text, EVERYTHING)

    outlines_alone = plain(WEIGHTS, closed=True)
    runners: dict[str, tuple[int, Callable[[str], object]]] = {
        "plain outlines": (1, outlines_alone),
        "outlines": (1, one(speaking["outlines"])),
        "jump_forward": (8, one(speaking["jump_forward"])),
        "single_pass": (20, one(speaking["single_pass"])),
    }
    differ = sum(
        str(outlines_alone(text)) != getattr(speaking["single_pass"].speak(text, EVERYTHING), "text", None)
        for text in texts[:16]
    )
    clocks = race(runners, texts, rounds)
    ratios = table("the shipped model, one prompt a call", clocks)
    print(f"answers that differ from plain outlines: {differ} of 16")
    for name in ("single_pass", "jump_forward"):
        verdict(f"{name} beside plain outlines", ratios[name], GOALS[name])
        spread = clocks[name].at(0.99) / clocks[name].at(0.5)
        verdict(f"{name} p99 / p50", spread, GOALS["p99"], less=True)


def large(rounds: int) -> None:
    """A Llama of ten million parameters with a preface, random weights: jump-forward and the prefix cache."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        make(folder, kind="llama", size=LARGE, seed=1)
        speaking = load(folder, mode=Mode.JUMP_FORWARD, golden=False)
        count = sum(each.numel() for each in speaking.voice.weights() if not each.is_complex())
        preface = (folder / "preface.txt").read_text(encoding="utf-8")
        texts = [prompt(row) for row in rows(64, 12)]
        speaking.compile(EVERYTHING)
        runners: dict[str, tuple[int, Callable[[str], object]]] = {
            "plain outlines": (
                1,
                (lambda run: lambda text: run(f"{preface}{text}\n"))(plain(folder, closed=False)),
            ),
            "jump_forward": (4, lambda text: speaking.speak(text, EVERYTHING)),
        }
        ratios = table(f"a random Llama of {count / 1e6:.1f} M parameters", race(runners, texts, rounds))
        verdict("jump_forward on a large model", ratios["jump_forward"], GOALS["large"])


def compiling() -> None:
    """Every language there is, compiled into our slots and forks; the second time it is looked up."""
    slots, forks, again = Clock(), Clock(), Clock()
    speaking = load()
    for grammar in languages():
        slots.time(lambda grammar=grammar: masks(grammar))
        forks.time(lambda grammar=grammar: spelled(grammar, ClosedTongue()))
        speaking.compile(grammar)
        again.time(lambda grammar=grammar: speaking.compile(grammar))
    print(
        f"\ncompiling 31 languages: slots {slots.at(1.0):.2f} ms at most, forks {forks.at(1.0):.2f} ms,"
        f" known already {1_000 * again.at(0.5):.1f} us"
    )
    verdict("slowest compile in our slots (ms, at most)", slots.at(1.0), GOALS["compile"], less=True)


def verdict(what: str, found: float, goal: float, *, less: bool = False) -> None:
    met = found <= goal if less else found >= goal
    print(f"{'ok  ' if met else 'MISS'} {what}: {found:,.1f} (wanted {goal:,.0f})")


def main() -> int:
    words = argparse.ArgumentParser(prog="python -m bench.sds", description=__doc__)
    words.add_argument("--quick", action="store_true", help="a tenth of the calls: shows that it runs")
    told = words.parse_args()
    shipped(4 if told.quick else 60)
    rate = atoms_a_second(20 if told.quick else 200)
    verdict("atoms a second of one core at batch 8, single pass", rate, GOALS["atoms"])
    large(1 if told.quick else 10)
    compiling()
    gates_beside_drift(200 if told.quick else 2_000)
    return 0


if __name__ == "__main__":
    sys.exit(main())
