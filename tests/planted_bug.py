"""A real process with a bug planted in its step: it raises at every record that holds `boom`.

`python -m tests.planted_bug selector|arbiter|kernel|executor|prover`. The product knows nothing of this.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

from faust.cli.faust import cli

from kernel import executor_process
from kernel.executor import Executor
from kernel.process import main as kernel_main
from kernel.quotes import Quotes
from kernel.step import Step
from topologies.arbiter.process import main as arbiter_main
from topologies.arbiter.processor import Arbiter
from topologies.selector.process import main as selector_main
from topologies.selector.processor import Selector
from topologies.thinker import Thinker
from transport.edge import serve
from transport.log import Record
from transport.settings import read

BOOM = b"boom"


def planted(cls: type[Any], name: str) -> None:
    """Let a method raise when the first record it is given is poison for it."""
    inner: Callable[..., Any] = getattr(cls, name)

    def method(self: Any, record: Record, *rest: Any, **named: Any) -> Any:
        if named.get("skips") is not True and BOOM in (record.value or b""):
            raise ZeroDivisionError("planted")
        return inner(self, record, *rest, **named)

    setattr(cls, name, method)


def executor_main() -> int:
    logging.basicConfig(level=logging.INFO)
    return serve(read(), executor_process.build)


def prover_main() -> int:
    cli.main(["-A", "topologies.proof.worker", "worker", "--without-web", "-l", "warn"])
    return 1  # Faust ends the process itself


MAINS = {
    "selector": selector_main, "arbiter": arbiter_main, "kernel": kernel_main, "executor": executor_main,
    "prover": prover_main,
}  # fmt: skip

if __name__ == "__main__":
    for owner, method in ((Selector, "_fold"), (Arbiter, "_take"), (Step, "take"), (Quotes, "read")):
        planted(owner, method)
    planted(Executor, "_order")
    planted(Thinker, "answer")
    sys.exit(MAINS[sys.argv[1]]())
