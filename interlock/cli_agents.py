"""Commands on agents: how they stand with the kernel, and an operator's word on it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from interlock.accounts import latest_views
from interlock.command_words import tell
from interlock.context import Context, context
from interlock.known import known_scope
from interlock.operators import OPERATOR, issue
from interlock.say import Exit, Stop, as_json, command, data, say
from schemas.models import AgentState, DocumentKind, Standing, Verb
from schemas.wire import Refused, unframed

LedgerOption = Annotated[str | None, typer.Option("--ledger", help="the current one unless said")]
JsonOption = Annotated[bool, typer.Option("--json", help="as one JSON document")]
ByOption = Annotated[str, typer.Option("--by", help="the operator whose key signs")]
AccountOption = Annotated[str | None, typer.Option("--account", help="on one account alone")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME")]

TIGHTER = (Standing.DEGRADED, Standing.ESCALATION_ONLY, Standing.PASSIVE, Standing.SUSPENDED)
LOOSER = (Standing.ACTIVE, *TIGHTER[:-1])

app = typer.Typer(no_args_is_help=True, help="Agents: how they stand with the kernel.")


def standing_of(text: str | None, known: tuple[Standing, ...]) -> Standing | None:
    """A standing a command may name. Raises Stop."""
    found = next((each for each in known if text is not None and each.value == text.upper()), None)
    if text is not None and found is None:
        raise Stop(Exit.USAGE, f"no standing {text!r} here", fix=f"one of {', '.join(known)}")
    return found


def _issue(
    verb: Verb, name: str, account: str | None, ledger: str | None, by: str, json_: bool, **fields: Any
) -> None:
    there = context(ledger)
    known_scope(there, account, None, name)
    answers = issue(there, verb, by, agent_id=name, account=account, **fields)
    tell(verb, f"agent {name}" + (f" on {account}" if account else ""), answers, json_=json_)


@app.command()
@command
def suspend(
    name: NameArgument,
    account: AccountOption = None,
    standing: Annotated[
        str | None, typer.Option("--standing", help="how far: DEGRADED … SUSPENDED, the default")
    ] = None,
    ledger: LedgerOption = None,
    by: ByOption = OPERATOR,
    json_: JsonOption = False,
) -> None:
    """Narrow what an agent may do, at once; only an operator's reset widens it again."""
    how_far = standing_of(standing, TIGHTER)
    _issue(Verb.SUSPEND, name, account, ledger, by, json_, standing=how_far)


@app.command()
@command
def retire(
    name: NameArgument,
    account: AccountOption = None,
    ledger: LedgerOption = None,
    by: ByOption = OPERATOR,
    json_: JsonOption = False,
) -> None:
    """End an agent. Nothing brings it back."""
    _issue(Verb.RETIRE, name, account, ledger, by, json_)


@app.command()
@command
def reset(
    name: NameArgument,
    account: AccountOption = None,
    standing: Annotated[
        str | None, typer.Option("--standing", help="back to: ACTIVE, the default, … PASSIVE")
    ] = None,
    ledger: LedgerOption = None,
    by: ByOption = OPERATOR,
    json_: JsonOption = False,
) -> None:
    """Let an agent do more again, and lift its tripped breaker."""
    back_to = standing_of(standing, LOOSER)
    _issue(Verb.RESET, name, account, ledger, by, json_, standing=back_to)


@app.command("ls")
@command
def list_agents(ledger: LedgerOption = None, json_: JsonOption = False) -> None:
    """Every agent: contract in force, its worker, and where it does not stand ACTIVE."""
    found = _read(context(ledger))
    if json_:
        as_json(found)
        return
    for each in found:
        held = [f"{standing} on {account}" for account, standing in each["standings"].items()]
        data(f"{each['agent']:<16} {each['version']:<10} {each['worker']:<10} {', '.join(held) or 'ACTIVE'}")
    say(f"{len(found)} agents")


def _read(there: Context) -> list[Any]:
    registry, workers = there.registry(), _workers(there)
    standings: dict[str, dict[str, str]] = {}
    for record in latest_views(there):
        for each in record.view.standings:
            standings.setdefault(each.agent_id, {})[record.view.account] = each.standing.value
    return [
        {
            "agent": agent,
            "version": registry.contract_versions(agent)[-1],
            "worker": workers.get(agent, "-"),
            "standings": standings.get(agent, {}),
        }
        for agent in registry.ids(DocumentKind.CONTRACT)
    ]


def _workers(there: Context) -> dict[str, str]:
    found = {}
    for record in there.read("agents.state"):
        try:
            said = unframed(AgentState, record.value)
        except Refused:
            continue
        found[said.agent_id] = said.state.value
    return found
