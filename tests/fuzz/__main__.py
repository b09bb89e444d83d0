"""`python -m tests.fuzz N`: feed N records to the kernel and spoiled files to readers; 1 if one crashed."""

from __future__ import annotations

import argparse
import sys

from tests.fuzz import readers
from tests.fuzz.campaign import run, say

said = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
said.add_argument("count", type=int)
said.add_argument("--seed", type=int, default=1)
said.add_argument("--jobs", type=int, default=2)
said.add_argument("--files", type=int, help="spoiled files for readers; else N, 50,000 at most")
told = said.parse_args()
files = min(told.count, 50_000) if told.files is None else told.files
code = run(told.count, told.seed, told.jobs)
answers, crashed = readers.run(files, told.seed)
for name, number in sorted(answers.items()):
    say(f"{number:9}  {name}")
say(f"FAILED: {crashed}" if crashed else f"{files} spoiled files: all answered, 0 crashes")
sys.exit(code or int(crashed is not None))
