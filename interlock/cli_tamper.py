"""`interlock ledger tamper-demo` and `interlock diff`: copies of ledgers, attacked or set side by side."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from interlock.context import Context, context
from interlock.ledger_files import Exported, export
from interlock.say import Exit, Stop, as_json, command, say
from interlock.tamper.run import Told, demonstrate, found_in
from ledger import diff_cli
from ledger.archive import read_archive
from ledger.findings import Outcome
from ledger.signing import Signer
from ledger.trust import parse_anchor, parse_trust
from ledger.verify import Level
from transport.card import seed

app = typer.Typer()
flat = typer.Typer()


@app.command("tamper-demo")
@command
def tamper_demo(
    ledger: Annotated[str | None, typer.Option("--ledger", help="the current one unless said")] = None,
    partition: Annotated[int, typer.Option(help="which partition's copy")] = 0,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Forge a copy of this ledger in every way the design knows; exit 3 when one passes."""
    there = context(ledger)
    with tempfile.TemporaryDirectory(prefix="interlock-tamper-") as folder:
        told = _told(there, export(there, Path(folder)), partition)
    if json_:
        as_json([asdict(each) for each in told])
    else:
        Console().print(_table(told))
    passed = [each.name for each in told if not each.caught and not each.skipped]
    skipped = [f"{each.name} ({each.skipped})" for each in told if each.skipped]
    say(f"{sum(each.caught for each in told)} attacks caught, {len(passed)} passed, {len(skipped)} skipped")
    for each in skipped:
        say(f"  not tried here: {each}")
    if passed:
        raise Stop(
            Exit.VERIFICATION, f"not found: {', '.join(passed)}", fix="this is a bug: please report it"
        )


@flat.command()
@command
def diff(
    first: Annotated[str, typer.Argument(help="a ledger's name, an .ilk file or a folder of them")],
    second: Annotated[str, typer.Argument(help="what to set against it")],
) -> None:
    """The first entry in which two ledgers differ, field by field: exit 0 the same, 1 different."""
    with tempfile.TemporaryDirectory(prefix="interlock-diff-") as folder:
        sides = [_place(each, Path(folder) / side) for side, each in (("a", first), ("b", second))]
        raise typer.Exit(diff_cli.main([str(each) for each in sides]))


def _place(name: str, folder: Path) -> Path:
    """Where the archives of a side lie: named as a path, else taken off the broker into ``folder``."""
    return Path(name) if Path(name).exists() else export(context(name), folder).folder


def _told(there: Context, done: Exported, partition: int) -> list[Told]:
    """Attack the copy up to what the witness has seen. Raises Stop when that is not whole to begin with."""
    trust = parse_trust(done.trust.read_text(encoding="utf-8"))
    notes = [parse_anchor(path.read_text(encoding="utf-8"), trust) for path in done.notes]
    anchors = [each for each in notes if each.partition == partition]
    if not anchors:
        raise Stop(Exit.FAILED, f"no witness's note of partition {partition}", fix="interlock run witness")
    archive = done.folder / f"{partition}.ilk"
    with archive.open("rb") as file:
        # The note covers `size` entries; the next one is the CHECKPOINT that says so.
        values = list(read_archive(file))[: max(each.point.size for each in anchors) + 1]
    outcome, codes = found_in(values, Level.EVIDENCE, anchors, trust)
    if outcome is not Outcome.INTACT:
        found = ", ".join(sorted(code.name for code in codes))
        raise Stop(Exit.VERIFICATION, f"the copy is not whole before any attack: {found}")

    def keys(who: str) -> Signer:
        return Signer(seed(there.running.root, there.name, who))

    return list(demonstrate(values, keys, anchors, trust))


def _table(told: list[Told]) -> Table:
    table = Table("attack", "keys it takes", "seen from level", "found by")
    for each in told:
        found = each.skipped or ", ".join(each.found) or "nothing"
        style = "dim" if each.skipped else "" if each.caught else "bold red"
        table.add_row(each.name, each.who, each.level, found, style=style)
    return table
