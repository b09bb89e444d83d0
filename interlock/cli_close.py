"""Commands on a ledger's end: close it, archive what is closed, go on from it in a new one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interlock.cli_trading import ByOption, JsonOption, LedgerOption
from interlock.closing import REASONS, SEEN_S, Last, NotClosed, last_notes, open_orders
from interlock.closing import archive as archive_files
from interlock.command_words import tell
from interlock.context import Context, context, make_current
from interlock.genesis import create
from interlock.operators import OPERATOR, issue
from interlock.say import Exit, Stop, command, data, say
from schemas.models import Verb
from transport.card import folder as card_folder
from transport.names import ledger_name

app = typer.Typer()


@app.command()
@command
def close(
    reason: Annotated[str, typer.Option(help=f"one of {', '.join(REASONS)}")] = REASONS[0],
    anyway: Annotated[bool, typer.Option("--anyway", help="though orders wait for their receipts")] = False,
    ledger: LedgerOption = None,
    by: ByOption = OPERATOR,
    json_: JsonOption = False,
) -> None:
    """End a ledger for ever: each shard writes CLOSE and its last CHECKPOINT, and takes nothing after it."""
    if reason not in REASONS:
        raise Stop(Exit.USAGE, f"no reason {reason!r}", fix=f"one of {', '.join(REASONS)}")
    there = context(ledger)
    waiting = [each for shard in range(there.card.shards) for each in open_orders(there.ledger(shard))]
    if waiting and not anyway:
        raise Stop(
            Exit.REFUSED, f"{len(waiting)} orders have no final receipt: {waiting[0]} …",
            why="after CLOSE nobody could answer for them, and verify would say so for ever",
            fix="wait, interlock account settle, or --anyway",
        )  # fmt: skip
    answers = issue(there, Verb.CLOSE_LEDGER, by, reason=reason)
    tell(Verb.CLOSE_LEDGER, there.name, answers, json_=json_)
    for last in _last(there, SEEN_S):
        say(f"{last.end.origin}: closed at {last.end.size} entries, seen by the witness")
    say(f"interlock stop --ledger {there.name}; interlock ledger archive DIR; interlock ledger continue NAME")


@app.command()
@command
def archive(folder: Path, ledger: LedgerOption = None) -> None:
    """Write a closed ledger, verify and replay what was written, and list the hash of every file."""
    there = context(ledger)
    try:
        hashes = archive_files(there, folder)
    except NotClosed as error:
        raise Stop(Exit.VERIFICATION, f"not archived: {error}", fix="interlock ledger close") from None
    for name, digest in hashes.items():
        data(f"{digest}  {name}")


@app.command("continue")
@command
def go_on(
    name: Annotated[str, typer.Argument(help="of the new ledger")],
    shards: Annotated[int | None, typer.Option(min=1, help="as many as before unless said")] = None,
    account: Annotated[list[str] | None, typer.Option(help="whose principal gets a key")] = None,
    ledger: LedgerOption = None,
) -> None:
    """Make the ledger that goes on from a closed one: its GENESIS names the last notes of the old."""
    there, new = context(ledger), ledger_name(name)
    if (card_folder(there.running.root, new) / "card.json").exists():
        raise Stop(Exit.REFUSED, f"there is a ledger {new} already", fix="another name")
    notes = tuple(last.note for last in _last(there, 0.0))
    card = create(
        there.running, new, clock=there.card.clock, accounts=account or ["paper-1", "paper-2"],
        shards=shards or there.card.shards, say=say, continues=notes,
    )  # fmt: skip
    make_current(there.running.root, new)
    say(f"{new} goes on from {there.name}; its kernel writes the notes into GENESIS at its first start")
    data(card.ledger.hex())


def _last(there: Context, wait_s: float) -> list[Last]:
    try:
        return last_notes(there, wait_s)
    except NotClosed as error:
        raise Stop(Exit.REFUSED, str(error), fix="interlock ledger close, with a witness running") from None
