"""`make kill KILLS=1000`: kills on the real thing, counted; `--seed` draws the same kinds again."""

from __future__ import annotations

import argparse
import random
import signal
import sys
from pathlib import Path

from interlock.cli_demo import lanes_of
from interlock.services import local
from tests.kill.campaign import Options, run, text
from tests.kill.stage import said

STATE = Path(".interlock") / "kill"


def main() -> int:
    """Parse, run, print; 1 when anything is missing, doubled, reordered or not verified."""
    parser = argparse.ArgumentParser(prog="python -m tests.kill")
    parser.add_argument("kills", type=int, nargs="?", default=200)
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--pace", type=float, default=1.5, help="seconds a kill, on the average")
    parser.add_argument("--orders", type=float, default=3.0, help="orders a second")
    parser.add_argument("--lanes", default="eoam,sds,dlpci")
    parser.add_argument("--state", type=Path, help="the state folder; .interlock/kill-<brokers>")
    parser.add_argument("--keep", action="store_true", help="leave the broker running")
    told = parser.parse_args()
    options = Options(
        kills=told.kills,
        seed=random.SystemRandom().randrange(1_000_000) if told.seed is None else told.seed,
        root=(told.state or Path(f"{STATE}-{told.brokers}")).absolute(),
        brokers=told.brokers,
        pace_s=told.pace,
        orders_per_s=told.orders,
        lanes=lanes_of(told.lanes),
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    said(f"seed {options.seed}")
    try:
        result = run(options, said)
    finally:
        if not told.keep:
            local.down(options.root)
    sys.stdout.write(text(result, options) + "\n")
    return 1 if result.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
