"""Every command of the README works as written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from interlock import demo
from interlock.services.running import Running

pytestmark = [pytest.mark.broker, pytest.mark.model, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"<!-- run: (?P<when>[a-z-]+) -->\n```(?P<kind>sh|python)\n(?P<text>.*?)```", re.DOTALL)


def blocks(when: str) -> list[str]:
    """Shell texts of the README meant for this moment; a python block runs as a script."""
    found = []
    for match in BLOCK.finditer((ROOT / "README.md").read_text(encoding="utf-8")):
        if match["when"] == when:
            text = match["text"]
            found.append(text if match["kind"] == "sh" else f"python - <<'PYTHON'\n{text}PYTHON\n")
    assert found, f"the README has no block to run {when}"
    return found


def run(text: str, running: Running, folder: Path) -> str:
    """Run a block in a clean folder beside links to the checkout, stopping at the first failure."""
    for name in ("agents", "topologies", "schemas"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    binaries = Path(sys.executable).parent
    env = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "INTERLOCK_STATE": str(running.root)}
    script = f"set -euo pipefail\n. {running.state.env}\n{text}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, (
        f"{text}\n--- stdout\n{done.stdout[-3000:]}\n--- stderr\n{done.stderr[-3000:]}"
    )
    return done.stdout + done.stderr


def test_what_to_do_after_the_demo(undisturbed: demo.Ran, tmp_path: Path):
    told = [run(text, undisturbed.context.running, tmp_path) for text in blocks("after-demo")]
    assert "woke" in told[0]
    assert "intact" in told[1]


def test_the_live_ledger_takes_signals_and_grants(services: Running, tmp_path: Path):
    try:
        told = "\n".join(run(text, services, tmp_path) for text in blocks("live"))
        for text in blocks("live-python"):
            run(text, services, tmp_path)
    finally:
        run("interlock stop --ledger live || true", services, tmp_path)
    assert "in force from ledger seq" in told


def test_an_incompatible_schema_is_refused_by_field(services: Running, tmp_path: Path):
    (told,) = [run(text, services, tmp_path) for text in blocks("schema")]
    assert "every subject takes" in told
