"""How right the model is: `python -m agents.model.evaluate [--write] [--days FOLDER]`.

Measures the shipped model in a mode (single pass) under the whole language against the teacher: on rows of a
seed it was not taught, and on real days, the violent one and the quiet ones apart; then, under every language
a contract can have, what its feasible mass is worth. --write puts golden answers and the figures into the
model's folder.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from agents.model.calibrate import calibration
from agents.model.card import ACTIONS, COUNTED, card
from agents.model.days import closes, day_levels
from agents.model.engines import Mode, Speaking, load
from agents.model.golden import GOLDEN, whole_language, write_golden
from agents.model.lessons import BATCH, rows
from agents.model.manifest import WEIGHTS, verify
from agents.model.prompt import Levels, prompt
from agents.model.spoken import Spoken
from agents.model.teacher import teach

SEED_UNSEEN = 99_000_001
"""Far from every training seed (20,170,905 and the 1,200 after it)."""

FIGURES = "figures.json"


def taught_prompts(steps: int, seed: int) -> frozenset[str]:
    """Every prompt of the training run: levels are coarse, so some unseen minutes look like taught rows."""
    return frozenset(prompt(row) for step in range(steps) for row in rows(BATCH, seed + 1 + step))


def measure(engine: Speaking, asked: Iterable[Levels], taught: frozenset[str]) -> dict[str, int]:
    """Counts: asked, answered, right (all six slots), action_right, refused, and each action said.

    new, new_right: of those, the prompts that never stood in training.
    """
    grammar = whole_language()
    counts: Counter[str] = Counter(dict.fromkeys(COUNTED, 0))
    for seen in asked:
        wanted = teach(seen)
        said = engine.speak(prompt(seen), grammar)
        new = prompt(seen) not in taught
        counts["asked"] += 1
        counts["new"] += new
        if not isinstance(said, Spoken):
            counts["refused"] += 1
            continue
        counts["answered"] += 1
        counts["right"] += said.slots == wanted
        counts["new_right"] += new and said.slots == wanted
        counts["action_right"] += said.slots.action == wanted.action
        counts[said.slots.action] += 1
    return dict(sorted(counts.items()))


def spread_out(seed: int, count: int) -> list[Levels]:
    """`count` rows in which each action is wanted equally often."""
    kept: dict[str, list[Levels]] = {action: [] for action in ACTIONS}
    for seen in rows(count * 20, seed):
        kept[teach(seen).action].append(seen)
    return [kept[action][at] for at in range(count // len(ACTIONS)) for action in ACTIONS]


def figures(engine: Speaking, days: Path | None, taught: frozenset[str]) -> dict[str, dict[str, int]]:
    """Counts by set: rows of an untaught seed, and each real day found under `days`."""
    found = {"unseen rows": measure(engine, spread_out(SEED_UNSEEN, 1_000), taught)}
    if days is not None and days.is_dir():
        for path in sorted(days.glob("*/*_trade.zip")):
            found[f"{path.parent.name} {path.name[:8]}"] = measure(engine, day_levels(closes(path)), taught)
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="measure the shipped model against its teacher")
    parser.add_argument("--model", type=Path, default=WEIGHTS)
    parser.add_argument("--days", type=Path, default=Path("../shared/data/lean_crypto/coinbase/minute"))
    parser.add_argument("--mode", choices=[each.value for each in Mode], default=Mode.SINGLE_PASS.value)
    parser.add_argument(
        "--write", action="store_true", help="write golden answers, figures and the model card"
    )
    chosen = parser.parse_args(arguments)
    engine = load(chosen.model, mode=Mode(chosen.mode), golden=not chosen.write)
    made = verify(chosen.model)
    found = figures(engine, chosen.days, taught_prompts(made.steps, made.seed))
    trust = calibration(engine, spread_out(SEED_UNSEEN + 2, 400))
    print(json.dumps({"agreement": found, "calibration": trust}, indent=2))
    if chosen.write:
        asked = [prompt(seen) for seen in spread_out(SEED_UNSEEN + 1, 16)]
        write_golden(engine, asked, chosen.model / GOLDEN)
        body = json.dumps({"agreement": found, "calibration": trust}, indent=2, sort_keys=True) + "\n"
        (chosen.model / FIGURES).write_text(body, encoding="utf-8")
        (chosen.model / "MODEL_CARD.md").write_text(card(found, trust, engine.fingerprint), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
