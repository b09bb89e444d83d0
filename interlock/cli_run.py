"""`interlock run NAME`: one process of a ledger in the foreground, as the supervisor would start it."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from interlock.cli_trading import LedgerOption
from interlock.context import context
from interlock.programs import programs
from interlock.say import Exit, Stop, command, say
from interlock.services import daemon

app = typer.Typer()


@app.command()
@command
def run(
    name: Annotated[str, typer.Argument(help="witness, kernel, selector, … : as interlock ps names it")],
    ledger: LedgerOption = None,
) -> None:
    """Run one process here until Ctrl-C: what it writes to its log comes to this terminal."""
    there = context(ledger)
    known = {each.name: each for each in programs(there.running, there.card)}
    if name not in known:
        raise Stop(
            Exit.USAGE, f"no process {name!r} of ledger {there.name}", fix=f"one of {', '.join(known)}"
        )
    kept = daemon.ps(there.running.root).get(there.name, ())
    if any(each.name == name and each.pid is not None for each in kept):
        raise Stop(Exit.REFUSED, f"{name} runs already under the supervisor", fix="interlock stop first")
    say(f"{name} of ledger {there.name}; Ctrl-C ends it")
    os.execvpe(known[name].argv[0], known[name].argv, {**os.environ, **known[name].env})
