"""The command past a record that stops a process: signed, numbered, and an entry of the ledger."""

from __future__ import annotations

from typing import Annotated

import typer

from interlock.cli_trading import ByOption, JsonOption, LedgerOption
from interlock.command_words import tell
from interlock.context import context
from interlock.operators import OPERATOR, issue
from interlock.say import Exit, Stop, command, say
from schemas.models import Verb
from schemas.topics import BY_NAME, partitions

app = typer.Typer()


@app.command()
@command
def skip(
    topic: Annotated[str, typer.Argument(help="as the stopped process names it: TOPIC[PARTITION]@OFFSET")],
    partition: Annotated[int, typer.Argument(min=0)],
    offset: Annotated[int, typer.Argument(min=0)],
    ledger: LedgerOption = None,
    by: ByOption = OPERATOR,
    json_: JsonOption = False,
) -> None:
    """Pass one record by, into quarantine: the only way past a record at which a bug stops a process."""
    there = context(ledger)
    if topic not in BY_NAME:
        raise Stop(Exit.USAGE, f"no topic {topic!r}", fix=f"one of {', '.join(BY_NAME)}")
    if partition >= (count := partitions(BY_NAME[topic], there.card.shards)):
        raise Stop(Exit.USAGE, f"{topic} has {count} partitions here", fix="interlock ps names the record")
    place = f"{topic}[{partition}]@{offset}"
    say(f"a process that stopped at {place} passes it by at its next start: interlock stop, interlock start")
    answers = issue(there, Verb.SKIP, by, topic=topic, partition=partition, offset=offset)
    tell(Verb.SKIP, place, answers, json_=json_)
