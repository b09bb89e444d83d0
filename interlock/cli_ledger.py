"""Commands on the ledger: export, verify, show, replay."""

from __future__ import annotations

import importlib
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from interlock.artifact_files import keep
from interlock.cli_look import tell
from interlock.cli_what_if import show_what_if
from interlock.context import context
from interlock.ledger_files import export as export_files
from interlock.say import Exit, Stop, as_json, command, data, say
from kernel.replay import replay as replay_entries
from ledger import verify_cli
from ledger.archive import archives, read_archive

LedgerOption = Annotated[str | None, typer.Option("--ledger", help="the current one unless said")]

app = typer.Typer(no_args_is_help=True, help="What the kernel ruled, provably.")
flat = typer.Typer()


@app.command()
@command
def export(
    folder: Path,
    ledger: LedgerOption = None,
    parquet: Annotated[bool, typer.Option("--parquet", help="also one Parquet file a partition")] = False,
    artifacts: Annotated[
        bool, typer.Option("--artifacts", help="also the texts and model files that it only names")
    ] = False,
) -> None:
    """Write archives, the witness's notes and a trust file: `python -m ledger verify` needs nothing else."""
    there = context(ledger)
    done = export_files(there, folder)
    say(f"{done.entries} entries in {folder}")
    if parquet:
        _parquet(folder)
    words = [f"--anchor {note}" for note in done.notes]
    if artifacts:
        kept = keep(there, archives(folder), folder / "artifacts")
        say(f"{kept.texts} texts and {kept.files} model files beside it; {kept.gone} more are not here")
        words.append(f"--artifacts {folder / 'artifacts'}")
    data(f"python -m ledger verify {folder} {' '.join(words)} --trust {done.trust}")


def _parquet(folder: Path) -> None:
    try:
        write = importlib.import_module("interlock.parquet").write_parquet
    except ModuleNotFoundError:
        raise Stop(Exit.FAILED, "pyarrow is not installed", fix="pip install 'interlock[parquet]'") from None
    for path in archives(folder):
        with path.open("rb") as file:
            count = write(path.with_suffix(".parquet"), read_archive(file))
        say(f"{path.with_suffix('.parquet').name}: {count} rows")


@app.command()
@command
def verify(
    ledger: LedgerOption = None,
    level: Annotated[str, typer.Option(help="structure, commit, sign or evidence")] = "sign",
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Verify the topic against the witness's note: exit 0 intact, 1 tampered, 2 incomplete, 3 unreadable."""
    there = context(ledger)
    with tempfile.TemporaryDirectory(prefix="interlock-verify-") as folder:
        done = export_files(there, Path(folder))
        anchors = [word for note in done.notes for word in ("--anchor", str(note))]
        words = [str(done.folder), *anchors, "--trust", str(done.trust), "--level", level]
        code = verify_cli.main([*words, *(["--json"] if json_ else [])])
    raise typer.Exit(code)


@app.command()
@command
def show(
    dfid: Annotated[str, typer.Argument(help="32 hex digits, or last")],
    ledger: LedgerOption = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """The six answers about one flow, from the ledger alone."""
    tell(context(ledger), dfid, json_=json_)


@flat.command()
@command
def replay(
    ledger: LedgerOption = None,
    assert_identical: Annotated[
        bool, typer.Option("--assert-identical", help="exit 3 on any difference")
    ] = False,
    with_rules: Annotated[
        Path | None, typer.Option("--with-rules", help="contracts (YAML) to judge by instead: a what-if")
    ] = None,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Judge every decision again from the ledger alone."""
    there = context(ledger)
    if with_rules is not None:
        show_what_if(there, with_rules, json_=json_)
        return
    found = [replay_entries(there.ledger(partition)) for partition in range(there.card.shards)]
    if json_:
        as_json([asdict(each) for each in found])
    for partition, each in enumerate(found):
        say(f"partition {partition}: {each}")
        for one in each.differences:
            say(f"  seq {one.seq} {one.kind}: the ledger has {one.expected}, replay gives {one.got}")
    data("replay identical" if all(each.identical for each in found) else "replay differs")
    if assert_identical and not all(each.identical for each in found):
        raise Stop(Exit.VERIFICATION, "replay differs from the ledger", fix="interlock trace the flows named")
