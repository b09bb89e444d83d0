"""Commands on models of the stream road: check one, see which were released, use one by a signed record."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from agents.model.golden import GOLDEN
from agents.model.manifest import MANIFEST
from interlock.context import Context, context
from interlock.models import FIXTURE, Checked, load_engine, measured, named, stock, unspelled
from interlock.releasing import release, signed
from interlock.say import Exit, Stop, as_json, command, data, say
from schemas.canonical import jcs
from schemas.models import DocumentKind
from topologies.stream.released import folder_of, hash_in, in_force, releases
from topologies.stream.thinking import AGENT

JsonOption = Annotated[bool, typer.Option("--json", help="as one JSON document")]
LedgerOption = Annotated[str | None, typer.Option("--ledger", help="the current one unless said")]
ModeOption = Annotated[str, typer.Option(help="single_pass, jump_forward or outlines; what fits unless said")]

app = typer.Typer(no_args_is_help=True, help="Models of the stream road.")


@app.command()
@command
def check(
    path: Path,
    mode: ModeOption = "",
    rows: Annotated[int, typer.Option(min=16, max=100_000, help="questions of the fixture")] = FIXTURE,
    renew: Annotated[bool, typer.Option("--renew", help="the model has changed on purpose")] = False,
    json_: JsonOption = False,
) -> None:
    """Say whether a model fits: words it cannot spell, mass, accuracy, speed; writes its golden file."""
    named(path, renew=renew)
    missing = unspelled(path)
    found = (
        Checked(model_hash=hash_in(path) or b"", unspelled=missing)
        if missing
        else measured(load_engine(path, mode, golden=False), path, rows, renew=renew)
    )
    if json_:
        as_json(_plain(found))
    else:
        for name, value in _lines(found):
            data(f"{name:<12} {value}")
    if not found.fits:
        (path / GOLDEN).unlink(missing_ok=True)  # without it nobody lets the model speak
        raise Stop(Exit.FAILED, f"{path.name} does not fit",
                   why="it cannot spell its grammar" if missing else "it dares to answer nothing",
                   fix="a model that was taught this language: docs/models.md")  # fmt: skip


@app.command("ls")
@command
def list_models(ledger: LedgerOption = None, json_: JsonOption = False) -> None:
    """Every model record of a ledger: the last one is in force."""
    there = context(ledger)
    registry = there.registry()
    found, newest = list(releases(registry, AGENT)), in_force(registry, AGENT)
    rows = [
        {"record": each.version, "model": each.model_hash.hex(), "mode": each.mode or "default",
         "in_force": each == newest, "here": folder_of(each.model_hash, there.running.root) is not None}
        for each in found
    ]  # fmt: skip
    if json_:
        as_json(rows)
        return
    for row in rows:
        force = "in force" if row["in_force"] else ""
        here = "here" if row["here"] else "not here"
        data(f"{row['record']:>4} {row['model']} {row['mode']:<12} {here:<8} {force}".rstrip())


@app.command()
@command
def use(path: Path, mode: ModeOption = "", ledger: LedgerOption = None) -> None:
    """Let a checked model speak, by a signed record; prints the ledger sequence from which it is in force."""
    if not (path / GOLDEN).is_file():
        raise Stop(Exit.FAILED, f"{path.name} was never found to fit", why=f"it has no {GOLDEN}",
                   fix=f"interlock model check {path}")  # fmt: skip
    there = context(ledger)
    engine = load_engine(path, mode)  # files, and what it says, as they were when it was checked
    newest = in_force(there.registry(), AGENT)
    if newest is not None and (newest.model_hash, newest.mode) == (engine.model_hash, engine.mode.value):
        say(f"record {newest.version} in force names this model already")
        return
    stock(path, there.running.root, engine.model_hash)
    seq = release(
        there, *signed(there, DocumentKind.MODEL, AGENT, _version(there), _body(path, engine.mode.value))
    )
    say(f"model {engine.model_hash.hex()} speaks from now on; its worker starts again to load it")
    data(f"in force from ledger seq {seq}")


def _version(there: Context) -> str:
    """One more than there are records: a record is never changed."""
    return str(1 + sum(1 for _ in releases(there.registry(), AGENT)))


def _body(path: Path, mode: str) -> bytes:
    manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    return jcs({**manifest, "mode": mode})


def _lines(found: Checked) -> list[tuple[str, str]]:
    head = [
        ("model", found.model_hash.hex()),
        ("unspelled", ", ".join(found.unspelled[:8]) or "nothing"),
    ]
    if found.unspelled:
        return head
    refused = ", ".join(f"{count} {reason}" for reason, count in found.refused) or "none"
    return [
        *head,
        ("mode", found.mode),
        ("fingerprint", found.fingerprint),
        ("answered", f"{found.answered} of {found.asked}; refused {refused}"),
        ("right", f"{found.right} in all slots, {found.action_right} in the action, of those answered"),
        ("mass", f"smallest {found.masses[0]}, middle {found.masses[1]}"),
        ("ms an atom", f"p50 {found.ms_one[0]}, p99 {found.ms_one[1]}; among eight p50 {found.ms_eight[0]}"),
        ("golden", found.golden),
    ]


def _plain(found: Checked) -> dict[str, Any]:
    plain = asdict(found)
    figures = {name: [str(each) for each in plain[name]] for name in ("masses", "ms_one", "ms_eight")}
    return {**plain, **figures, "model_hash": found.model_hash.hex(), "fits": found.fits,
            "refused": dict(found.refused), "unspelled": list(found.unspelled)}  # fmt: skip
