"""Commands on what could not be read or may not pass: list it, show it, send it again after a fix."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from interlock.context import context
from interlock.genesis import Message, send
from interlock.quarantine import SENDERS, Kept, decoded, kept, named, why_not
from interlock.quarantine_words import words
from interlock.say import Exit, Stop, as_json, command, data, say
from schemas.models import Quarantined
from schemas.plain import to_plain
from transport.kafka_reader import UNREADABLE_HEADERS

LedgerOption = Annotated[str | None, typer.Option("--ledger", help="the current one unless said")]
JsonOption = Annotated[bool, typer.Option("--json", help="as one JSON document")]
NameArgument = Annotated[str, typer.Argument(help="as `quarantine ls` names it: PARTITION/OFFSET")]

app = typer.Typer(no_args_is_help=True, help="What could not be read or may not pass.")


@app.command("ls")
@command
def list_kept(
    count: Annotated[int, typer.Option("-n", min=1, max=10_000, help="the last N")] = 50,
    topic: Annotated[str | None, typer.Option("--topic", help="only what was read there")] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="only what lies there for it")] = None,
    ledger: LedgerOption = None,
    json_: JsonOption = False,
) -> None:
    """List what lies there, oldest first: its name, where it was read, why it was refused, by whom, when."""
    there = context(ledger)
    found = [
        each
        for each in kept(there)
        if topic in (None, each.about.topic) and reason in (None, each.about.reason)
    ]
    found.sort(key=lambda each: each.about.at)
    if json_:
        as_json([_plain(each) for each in found[-count:]])
        return
    for each in found[-count:]:
        row = f"{each.name:<10} {each.place:<32} {each.about.reason:<18} {each.about.worker:<12}"
        data(f"{row} {_when(each.about)}")
    say(f"{len(found)} records in quarantine of ledger {there.name}")


@app.command("show")
@command
def show_kept(name: NameArgument, ledger: LedgerOption = None, json_: JsonOption = False) -> None:
    """Show one: its bytes decoded as far as they can be, why it lies there, and what to do about it."""
    there = context(ledger)
    one = named(there, name)
    title, value = decoded(one.about, there.schema_ids())
    why, fix = words(one.about.reason)
    hindrance = why_not(one.about)
    if json_:
        can = {"retry": hindrance is None, "retry_why": None if hindrance is None else hindrance[0]}
        as_json({**_plain(one), "why": why, "fix": fix, "is": title, "message": value, **can})
        return
    data(f"{one.name}  {one.place}, put aside by {one.about.worker} at {_when(one.about)}")
    data(f"  reason: {one.about.reason}: {why}")
    data(f"  detail: {one.about.detail}")
    data(f"     fix: {fix}")
    data(f"   retry: {'interlock quarantine retry ' + one.name if hindrance is None else hindrance[0]}")
    data(f"   it is: {title}")
    if value is not None:
        as_json(value)


@app.command("retry")
@command
def retry(name: NameArgument, ledger: LedgerOption = None, json_: JsonOption = False) -> None:
    """Send the original bytes to their topic and partition again, as the principal who may write there."""
    there = context(ledger)
    about = named(there, name).about
    hindrance = why_not(about)
    if hindrance is not None or about.value is None:
        why, fix = hindrance or ("it has no value", "nothing to send")
        raise Stop(Exit.FAILED, f"{name} cannot be sent again", where=about.topic, why=why, fix=fix)
    headers = tuple(
        (each.name, each.value or b"") for each in about.headers if each.name != UNREADABLE_HEADERS
    )
    record = Message(
        topic=about.topic, partition=about.partition, key=about.key, value=about.value, headers=headers
    )
    send(there.running, SENDERS[about.topic], there.name, [record])
    if json_:
        as_json(
            {"name": name, "topic": about.topic, "partition": about.partition, "as": SENDERS[about.topic]}
        )
    else:
        data(f"{name}: sent to {about.topic}[{about.partition}] as {SENDERS[about.topic]}")
    say("what is still wrong with it is quarantined again: interlock quarantine ls")


def _plain(each: Kept) -> dict[str, Any]:
    return {"name": each.name, "time": _when(each.about), **to_plain(each.about)}


def _when(about: Quarantined) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(about.at // 1_000_000))
