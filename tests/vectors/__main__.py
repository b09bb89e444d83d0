"""`python -m tests.vectors FILE…`: a line per id, a closing count, exit 1 if any differs."""

import sys
from collections import Counter
from pathlib import Path

from tests.vectors.runner import load_adapters, run


def main(names: list[str]) -> int:
    if not names:
        sys.stderr.write("usage: python -m tests.vectors FILE…\n")
        return 64
    load_adapters()
    counts: Counter[str] = Counter()
    for name in names:
        for result in run(Path(name)):
            counts[result.word] += 1
            sys.stdout.write(result.line() + "\n")
    sys.stdout.write(", ".join(f"{count} {word}" for word, count in sorted(counts.items())) + "\n")
    return 1 if counts["differs"] else 0


sys.exit(main(sys.argv[1:]))
