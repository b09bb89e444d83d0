"""`python -m tests.fuzz N`: feed N records to decode and judge; exit 1 if one crashed or was lost."""

from __future__ import annotations

import argparse
import sys

from tests.fuzz.campaign import run

said = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
said.add_argument("count", type=int)
said.add_argument("--seed", type=int, default=1)
said.add_argument("--jobs", type=int, default=2)
told = said.parse_args()
sys.exit(run(told.count, told.seed, told.jobs))
