"""`interlock replay --with-rules DIR`: what would have been ruled under other contracts, as a table."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.table import Table

from interlock.context import Context
from interlock.grants import contracts
from interlock.say import Exit, Stop, as_json, say
from kernel.exact import plus
from kernel.what_if import Changed, WhatIf, what_if
from rules.config_error import ConfigError
from schemas.models import Verdict
from schemas.money import plain
from schemas.reasons import Reason

HYPOTHETICAL = (
    "hypothetical: each decision by itself, on the history as it was; what would have followed is not known"
)


def show_what_if(there: Context, folder: Path, *, json_: bool) -> None:
    """Print the changed verdicts and their money. Raises Stop on contracts that cannot be read."""
    try:
        rules = {each.agent_id: each for each in contracts(folder)}
    except (ConfigError, OSError) as error:
        raise Stop(Exit.FAILED, f"{folder}: {error}", fix="interlock contract lint FILE") from None
    if not rules:
        raise Stop(
            Exit.USAGE, f"no contract (*.yaml) in {folder}", fix="copy agents/contracts and edit there"
        )
    found = [what_if(there.ledger(partition), rules) for partition in range(there.card.shards)]
    if json_:
        as_json({"hypothetical": True, "partitions": [_plain(each) for each in found]})
    else:
        Console().print(_table([changed for each in found for changed in each.changed]))
    for partition, each in enumerate(found):
        beyond = f", {each.beyond} more not shown" if each.beyond else ""
        say(f"partition {partition}: {each.judged} decisions judged, {len(each.changed)} differ{beyond}")
        if each.stopped:
            raise Stop(Exit.VERIFICATION, f"partition {partition}: {each.stopped}")
    say(HYPOTHETICAL)


def _ruled(ruling: tuple[Verdict, Reason]) -> str:
    verdict, reason = ruling
    return verdict.value if reason is Reason.NONE else f"{verdict.value} {reason.name}"


def _plain(found: WhatIf) -> dict[str, object]:
    lines: list[dict[str, object]] = []
    for each in found.changed:
        figures = {name: plain(value) for name, value in asdict(each).items() if isinstance(value, Decimal)}
        named: dict[str, object] = {"seq": each.seq, "account": each.account, "agent_id": each.agent_id}
        action: dict[str, object] = {"action": each.action.value, "instrument": each.instrument}
        lines.append({**named, **action, **figures, "was": _ruled(each.was), "would": _ruled(each.would)})
    return {"judged": found.judged, "changed": lines, "beyond": found.beyond, "stopped": found.stopped}


def _table(changed: list[Changed]) -> Table:
    table = Table(
        "seq", "account", "agent", "order", "worth USD", "traded USD", "was", "would be", title="hypothetical"
    )
    for each in changed:
        order = f"{each.action.value} {plain(each.quantity)} {each.instrument or ''}"
        money = (plain(each.worth), plain(each.traded))
        table.add_row(
            str(each.seq), each.account, each.agent_id, order, *money, _ruled(each.was), _ruled(each.would)
        )
    for turn, count in sorted(Counter((each.was[0].value, each.would[0].value) for each in changed).items()):
        among = [each for each in changed if (each.was[0].value, each.would[0].value) == turn]
        sums = (plain(plus(*(each.worth for each in among))), plain(plus(*(each.traded for each in among))))
        table.add_row("", "", "", f"{count} decisions", *sums, turn[0], turn[1], style="bold")
    return table
