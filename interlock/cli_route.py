"""Commands on routing: which road a signal would take, and why."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from interlock.context import context
from interlock.releasing import release, signed
from interlock.say import Exit, Stop, as_json, command, data, say
from rules.routing import explain, facts_of_signal, route
from rules.routing_table import canonical_routing, parse_routing, routing_from_yaml
from schemas.models import DocumentKind, MarketSignal
from schemas.plain import from_plain

JsonOption = Annotated[bool, typer.Option("--json", help="as one JSON document")]
LedgerOption = Annotated[str | None, typer.Option("--ledger", help="the current one unless said")]

app = typer.Typer(no_args_is_help=True, help="The signed routing table.")


@app.command()
@command
def show(ledger: LedgerOption = None, json_: JsonOption = False) -> None:
    """The routing table in force: a row a line, or as it was signed."""
    if not json_:
        for row in parse_routing(_body(ledger)).rows:
            kinds = ",".join(row.match.kinds)
            data(f"{row.precedence:>5} {row.row:<16} {kinds:<24} -> {row.lane.value:<5} {row.decision_class}"
                 f"  {','.join(row.accounts)}: {','.join(row.agents)}")  # fmt: skip
        return
    as_json(json.loads(_body(ledger)))


@app.command("test")
@command
def try_signal(ledger: LedgerOption = None, json_: JsonOption = False) -> None:
    """Which row a signal (JSON on stdin) matches, and why the others do not."""
    try:
        value = json.loads(sys.stdin.read(), parse_float=Decimal)
    except ValueError as error:
        raise Stop(Exit.FAILED, f"stdin: no JSON: {error}") from None
    facts = facts_of_signal(from_plain(MarketSignal, value))
    table = parse_routing(_body(ledger))
    found = route(table, facts)
    if json_:
        as_json({
            "lane": None if found is None else found.lane.value,
            "decision_class": None if found is None else found.decision_class,
            "rows": [{"row": tried.row, "differs": tried.differs} for tried in explain(table, facts)],
        })  # fmt: skip
        return
    for tried in explain(table, facts):
        data(f"{tried.row}: " + ("matches" if tried.differs is None else f"differs in {tried.differs}"))
    data(
        "no row matches: no flow opens" if found is None else f"-> {found.lane.value} {found.decision_class}"
    )


@app.command()
@command
def push(path: Path, ledger: LedgerOption = None) -> None:
    """Sign and release a routing table (YAML); prints the ledger sequence from which it is in force."""
    table, there = routing_from_yaml(path.read_text(encoding="utf-8")), context(ledger)
    if there.registry().granted(DocumentKind.ROUTING, "routing", table.version) is not None:
        raise Stop(Exit.REFUSED, f"routing table {table.version} is released already",
                   fix="raise the version: one version, one table, for ever")  # fmt: skip
    body = canonical_routing(table)
    seq = release(there, *signed(there, DocumentKind.ROUTING, "routing", table.version, body))
    say(f"routing table {table.version} is in force for new flows")
    data(f"in force from ledger seq {seq}")


def _body(ledger: str | None) -> bytes:
    body = context(ledger).registry().body(DocumentKind.ROUTING, "routing")
    if body is None:
        raise Stop(Exit.FAILED, "no routing table was released", fix="interlock start")
    return body
