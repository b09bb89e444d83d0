"""What has been released so far, and whether today's schemas may follow it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from schemas import avsc
from schemas.compat import Problem, problems
from schemas.subjects import Level, Subject, subjects

FOLDER = Path(__file__).parent / "released"


def released() -> list[dict[str, Any]]:
    """Every release, oldest first: bare message name to full schema."""
    paths = sorted(FOLDER.glob("*.json"), key=lambda path: int(path.stem))
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def check(folder: Path = avsc.FOLDER) -> list[tuple[Subject, list[Problem]]]:
    """Every subject whose schema in ``folder`` its own history refuses, with fields and reasons. Offline."""
    history = released()
    found = []
    for subject in subjects():
        past = [release[subject.message] for release in history if subject.message in release]
        refused = judge(subject.level, avsc.full(f"{avsc.NAMESPACE}.{subject.message}", folder), past)
        if refused:
            found.append((subject, refused))
    return found


def judge(level: Level, new: Any, past: list[Any]) -> list[Problem]:
    """What ``level`` has against ``new`` after ``past`` (oldest first)."""
    match level:
        case Level.BACKWARD:
            return problems(new, past[-1]) if past else []
        case Level.BACKWARD_TRANSITIVE:
            return [problem for old in past for problem in problems(new, old)]
        case Level.FULL_TRANSITIVE:
            forward = [
                Problem(path=each.path, why=f"older readers: {each.why}")
                for old in past
                for each in problems(old, new)
            ]
            return [problem for old in past for problem in problems(new, old)] + forward


def record() -> Path | None:
    """Write the next release when anything changed; its path, or None. Call after a successful push only."""
    now = {subject.message: avsc.full(f"{avsc.NAMESPACE}.{subject.message}") for subject in subjects()}
    history = released()
    if history and history[-1] == now:
        return None
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{len(history) + 1}.json"
    lines = ",\n".join(
        f'"{name}": {json.dumps(schema, ensure_ascii=False)}' for name, schema in sorted(now.items())
    )
    path.write_text("{\n" + lines + "\n}\n", encoding="utf-8")
    return path
