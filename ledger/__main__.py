"""`python -m ledger`: what an auditor runs, with nothing installed but this and a signature library.

Each command loads its own modules only, so that what `verify` rests on stays small enough to be read.
"""

import importlib
import sys

COMMANDS = ["verify", "show", "prove", "check-proof", "fork", "check-fork", "inspect", "diff", "bundle"]
COMMANDS += ["continues", "growth", "check-growth"]
USAGE = 64


def main() -> int:
    """Run the named command; return its exit code (40-ledger.md), 64 when there is none of that name."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in COMMANDS:
        sys.stderr.write(f"usage: python -m ledger {'|'.join(COMMANDS)} …\n")
        return USAGE
    code: int = importlib.import_module(f"ledger.{name.replace('-', '_')}_cli").main(sys.argv[2:])
    return code


if __name__ == "__main__":
    sys.exit(main())
