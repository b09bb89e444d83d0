"""Every command of the README works as written."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from interlock import demo
from interlock.context import Context, make_current
from interlock.services.running import Running
from interlock.services.supervisor import wait_until
from transport.card import load_card

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


def prepared(text: str, running: Running, folder: Path) -> tuple[list[str], dict[str, str]]:
    """Command and environment of a block, in a clean folder beside links to the checkout."""
    for name in ("agents", "topologies", "schemas"):
        if not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    binaries = Path(sys.executable).parent
    env = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "INTERLOCK_STATE": str(running.root)}
    return ["bash", "-c", f"set -euo pipefail\n. {running.state.env}\n{text}"], env


def run(text: str, running: Running, folder: Path) -> str:
    """Run a block, stopping at its first failure; everything it printed."""
    argv, env = prepared(text, running, folder)
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, (
        f"{text}\n--- stdout\n{done.stdout[-3000:]}\n--- stderr\n{done.stderr[-3000:]}"
    )
    return done.stdout + done.stderr


def test_what_to_do_after_the_demo(undisturbed: demo.Ran, tmp_path: Path):
    root = undisturbed.context.running.root
    make_current(root, undisturbed.context.name)  # as the demo left it; other tests have made ledgers since
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
    assert "MarketSignal.body.colour: is new and has no default" in told
    assert "refused, as it should be" in told
    assert "every subject takes" in told


def test_one_faust_worker_runs_by_hand(services: Running, tmp_path: Path):
    run("interlock start --lanes eoam", services, tmp_path)
    live = Context(running=services, card=load_card(services.root, "live"))
    assert wait_until(lambda: hellos(live) > 0, timeout_s=60)
    before = hellos(live)
    (text,) = blocks("worker")
    argv, env = prepared(text, services, tmp_path)
    with (tmp_path / "worker.log").open("wb") as log:
        worker = subprocess.Popen(argv, cwd=tmp_path, env=env, stdout=log, stderr=log, start_new_session=True)
        try:
            assert wait_until(lambda: hellos(live) > before, timeout_s=60), "the worker said no hello"
            assert worker.poll() is None
        finally:
            os.killpg(worker.pid, signal.SIGTERM)
            worker.wait(30)


def hellos(live: Context) -> int:
    """How many hellos of strategy stand on the LIVE ledger's manifest topic."""
    return sum(1 for record in live.read("agents.manifest") if record.key == b"strategy")
