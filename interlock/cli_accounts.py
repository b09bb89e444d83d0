"""Commands on accounts: changed by signed commands alone, read from the kernel's views."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from interlock.account_show import figures, line, page
from interlock.account_story import told
from interlock.accounts import latest_views
from interlock.cli_look import values_of
from interlock.command_words import tell
from interlock.context import Context, context
from interlock.curbs import all_curbs, concerning, plain_curb
from interlock.mandate_roads import unworked
from interlock.operators import OPERATOR, issue
from interlock.say import Exit, Stop, as_json, command, data, say
from rules.contract_document import ID
from schemas.models import Verb
from schemas.money import NotExact, unscaled

LedgerOption = Annotated[str | None, typer.Option("--ledger", help="the current one unless said")]
JsonOption = Annotated[bool, typer.Option("--json", help="as one JSON document")]
ByOption = Annotated[str, typer.Option("--by", help="the operator whose key signs")]
AccountArgument = Annotated[str, typer.Argument(metavar="ACCOUNT")]
UsdArgument = Annotated[str, typer.Argument(metavar="USD", help="a plain amount, as 2500.50")]

app = typer.Typer(no_args_is_help=True, help="Accounts: opened, funded and closed by signed commands.")


def usd(text: str) -> Decimal:
    """An amount above zero, exactly as written. Raises Stop."""
    try:
        amount = Decimal(text)
        unscaled(amount)
    except (InvalidOperation, NotExact):
        amount = Decimal(0)
    if not amount > 0:
        raise Stop(Exit.USAGE, f"{text!r} is no amount above zero", fix="write it as 2500 or 2500.50")
    return amount


def name_of(text: str) -> str:
    """An account's id. Raises Stop when it could not stand in the ledger."""
    if re.fullmatch(ID, text) is None:
        raise Stop(Exit.USAGE, f"{text!r} is no account id", fix="up to 64 of a-z, 0-9, dot, dash, _")
    return text


def _issue(verb: Verb, account: str, ledger: str | None, by: str, *, json_: bool, **fields: Any) -> None:
    wanted = name_of(account)
    answers = issue(context(ledger), verb, by, account=wanted, **fields)
    tell(verb, account, answers, json_=json_)


@app.command("open")
@command
def open_account(
    account: AccountArgument,
    deposit: UsdArgument,
    ledger: LedgerOption = None,
    by: ByOption = OPERATOR,
    json_: JsonOption = False,
) -> None:
    """Open an account with a first deposit."""
    _issue(Verb.OPEN, account, ledger, by, json_=json_, amount=usd(deposit))


def _moving(verb: Verb, help_: str) -> Callable[..., None]:
    """The command that moves money in or out of an account that is open."""

    def move(
        account: AccountArgument,
        amount: UsdArgument,
        ledger: LedgerOption = None,
        by: ByOption = OPERATOR,
        json_: JsonOption = False,
    ) -> None:
        _issue(verb, account, ledger, by, json_=json_, amount=usd(amount))

    move.__doc__ = help_
    return command(move)


app.command("fund")(_moving(Verb.FUND, "Pay in: neither a gain nor a loss, peak and day start move with it."))
app.command("withdraw")(_moving(Verb.WITHDRAW, "Pay out of the free cash."))


@app.command()
@command
def close(
    account: AccountArgument, ledger: LedgerOption = None, by: ByOption = OPERATOR, json_: JsonOption = False
) -> None:
    """Close an account that holds nothing and has no open order."""
    _issue(Verb.CLOSE, account, ledger, by, json_=json_)


@app.command()
@command
def settle(
    account: AccountArgument,
    order: Annotated[str, typer.Argument(metavar="KEY", help="64 hex digits: account show")],
    ledger: LedgerOption = None,
    by: ByOption = OPERATOR,
    json_: JsonOption = False,
) -> None:
    """Answer for an order its venue cannot speak of: what was filled stays, the rest is released."""
    try:
        key = bytes.fromhex(order)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Stop(Exit.USAGE, f"{order!r} is no order key", fix=f"interlock account show {account}")
    _issue(Verb.SETTLE, account, ledger, by, json_=json_, target=key)


@app.command()
@command
def clear(
    account: AccountArgument,
    agent: Annotated[str | None, typer.Option("--agent", help="one agent's breaker alone")] = None,
    ledger: LedgerOption = None,
    by: ByOption = OPERATOR,
    json_: JsonOption = False,
) -> None:
    """Clear what a failure left behind: tripped breakers, and the mark of a dirty account."""
    _issue(Verb.CLEAR, account, ledger, by, json_=json_, agent_id=agent)


@app.command("ls")
@command
def list_accounts(ledger: LedgerOption = None, json_: JsonOption = False) -> None:
    """Every account, one a line."""
    found = _read(context(ledger))
    if json_:
        as_json(found)
        return
    for each in found:
        data(line(each))
    say(f"{len(found)} accounts")


@app.command()
@command
def show(account: AccountArgument, ledger: LedgerOption = None, json_: JsonOption = False) -> None:
    """One account: cash, positions, gains, standings, open orders, mandates, and every curb with its end."""
    there = context(ledger)
    found = next((each for each in _read(there) if each["account"] == account), None)
    if found is None:
        raise Stop(Exit.FAILED, f"no account {account} in ledger {there.name}", fix="interlock account ls")
    stopped = concerning(all_curbs(there), account)
    idle = unworked(there, account)
    if json_:
        as_json({**found, "curbs": [plain_curb(each) for each in stopped], "unworked": idle})
        return
    for text in page(found):
        data(text)
    for each in stopped:
        data(f"  {each.line()}")
    for text in idle:
        say(text)


def _read(there: Context) -> list[Any]:
    story = told(values_of(there))
    return [
        figures(record, story.of(record.view.account), closed=record.view.account in story.closed)
        for record in latest_views(there)
    ]
