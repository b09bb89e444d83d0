"""The command's entry: says which extra is missing where a bare install cannot go on."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; exit 4 when a package of an extra is absent."""
    try:
        from interlock.cli import main as run
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"interlock: the package {error.name!r} is missing here\n"
            "     fix: pip install '.[local]' (python -m ledger verify needs no extra)\n"
        )
        raise SystemExit(4) from None
    run()


if __name__ == "__main__":
    main()
