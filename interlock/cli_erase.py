"""The command that takes a text away: what somebody said about a flow, never what was ruled on it."""

from __future__ import annotations

from typing import Annotated

import typer

from interlock.cli_look import dfid_of
from interlock.cli_trading import ByOption, JsonOption, LedgerOption
from interlock.command_words import tell
from interlock.context import context
from interlock.erasing import erase as erase_text
from interlock.erasing import texts_of
from interlock.operators import OPERATOR
from interlock.say import Exit, Stop, command, say
from schemas.models import Verb

REASONS = ("request", "law", "mistake")  # closed words: a reason in prose would be personal data for ever

app = typer.Typer()


@app.command()
@command
def erase(
    dfid: Annotated[str, typer.Argument(help="32 hex digits, or last")],
    who: Annotated[str | None, typer.Option("--who", help="whose words alone: interlock why DFID")] = None,
    reason: Annotated[str, typer.Option(help=f"one of {', '.join(REASONS)}")] = REASONS[0],
    ledger: LedgerOption = None,
    by: ByOption = OPERATOR,
    json_: JsonOption = False,
) -> None:
    """Erase what was said about a flow. The commitments stay, and with them every proof."""
    if reason not in REASONS:
        raise Stop(Exit.USAGE, f"no reason {reason!r}", fix=f"one of {', '.join(REASONS)}")
    there = context(ledger)
    wanted = dfid_of(there, dfid)
    found = [each for each in texts_of(there, wanted) if who in (None, each.who)]
    if not found:
        raise Stop(Exit.FAILED, f"no text about {wanted.hex()}", fix=f"interlock why {wanted.hex()}")
    for each in found:
        answers = erase_text(there, each, by, reason)
        tell(Verb.ERASE, each.key, answers, json_=json_, commitment=each.commitment.hex())
    say("gone from the topic once it is compacted; verify tells of it and stays green")
