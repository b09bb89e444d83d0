"""Commands on shapes: gen, check, push."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from interlock.context import context
from interlock.genesis import Message, schema_ids, send
from interlock.grants import Release, schema_body
from interlock.say import Exit, Stop, as_json, command, say
from ledger import released
from ledger.signing import Signer
from schemas import avsc, generate, releases
from schemas.models import DocumentKind
from schemas.publish import publish
from transport.card import seed
from transport.names import LIVE

app = typer.Typer(no_args_is_help=True, help="Shapes: the Avro schemas in schemas/avro are the source.")


@app.command()
@command
def gen() -> None:
    """Write the models that the schemas say, and let verifiers know the shapes of entries among them."""
    changed = generate.write()
    say(f"{len(changed)} models written: {', '.join(changed) or 'nothing had changed'}")
    fresh = released.record()
    if fresh:
        say(f"verifiers know {', '.join(fresh)} by {released.PATH.name}")


@app.command()
@command
def check(
    folder: Annotated[Path, typer.Argument(help="a folder of .avsc files")] = avsc.FOLDER,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Say offline, field by field, why a change is refused."""
    try:
        refused = releases.check(folder)
    except (KeyError, ValueError) as error:
        raise Stop(Exit.FAILED, f"{folder}: no whole set of schemas: {error}") from None
    if json_:
        as_json({subject.name: [str(problem) for problem in found] for subject, found in refused})
    for subject, found in refused:
        say(f"{subject.name} ({subject.level}):")
        for problem in found:
            say(f"  {problem}")
    if refused:
        raise Stop(
            Exit.FAILED, f"{len(refused)} subjects refuse the change", fix="give a new field a default"
        )
    say(f"every subject takes today's schemas ({len(releases.released())} releases checked)")


@app.command()
@command
def push(ledger: Annotated[str | None, typer.Option("--ledger")] = None) -> None:
    """Release the shapes: schema registry first, then signed SCHEMA documents, then the order of restarts."""
    refused = releases.check()
    if refused:
        raise Stop(Exit.FAILED, f"{refused[0][0].name}: {refused[0][1][0]}", fix="interlock schema check")
    there = context(ledger)
    published = publish(there.running.registry_url, "" if there.name == LIVE else f"{there.name}.")
    registry = there.registry()
    known = registry.schema_ids.ids
    fresh = [each for each in published if known.get(each.number) != schema_ids([each]).ids[each.number]]
    signer = Signer(seed(there.running.root, there.name, "registry"))
    release = Release(signer, serial=time.time_ns() // 1000)  # grows, and needs no file to remember it
    ids = schema_ids(published)
    messages = []
    for each in fresh:
        version = str(1 + sum(1 for old in registry.all() if old.document.id == each.subject.name))
        key, envelope = release.sign(DocumentKind.SCHEMA, each.subject.name, version, schema_body(each))
        messages.append(Message(topic="registry", partition=0, key=key, value=ids.pack(envelope)))
    send(there.running, "release", there.name, messages)
    path = releases.record()
    say(f"{len(messages)} new shapes released{f', recorded in {path}' if path else ''}")
    say("restart in this order, readers first: kernel, executor, arbiter, selector, workers")
