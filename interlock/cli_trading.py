"""Commands that stop trading and let it go on: halt, reduce, resume, at the narrowest scope they name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

import typer

from interlock.command_words import tell
from interlock.context import context
from interlock.curbs import all_curbs, plain_curb
from interlock.known import known_scope
from interlock.operators import OPERATOR, issue, now_of
from interlock.say import Exit, Stop, as_json, command, data, say
from schemas.models import Lane, Verb

LedgerOption = Annotated[str | None, typer.Option("--ledger", help="the current one unless said")]
JsonOption = Annotated[bool, typer.Option("--json", help="as one JSON document")]
ByOption = Annotated[str, typer.Option("--by", help="the operator whose key signs")]
AccountOption = Annotated[str | None, typer.Option("--account", help="one account")]
InstrumentOption = Annotated[str | None, typer.Option("--instrument", help="one instrument")]
LaneOption = Annotated[str | None, typer.Option("--lane", help="one lane: eoam, sds, dlpci")]
EverythingOption = Annotated[bool, typer.Option("--everything", help="all trading of this ledger")]
ForOption = Annotated[str | None, typer.Option("--for", help="it ends by itself: 45s, 30m, 2h, 1d")]

UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
FOR_S_MAX = 30 * 86_400  # a halt that should outlast a month is one without an end

app = typer.Typer()


def seconds(text: str) -> int:
    """A length of time as people write it, in seconds. Raises Stop."""
    match = re.fullmatch(r"([1-9][0-9]{0,6})([smhd])", text)
    found = 0 if match is None else int(match[1]) * UNITS_S[match[2]]
    if not 0 < found <= FOR_S_MAX:
        raise Stop(Exit.USAGE, f"{text!r} is no length of time", fix="45s, 30m, 2h; 30d at most")
    return found


def scope(
    account: str | None, instrument: str | None, lane: str | None, everything: bool
) -> tuple[dict[str, Any], str]:
    """The fields of a command and the scope in words. Raises Stop on a scope no kernel knows."""
    if lane is not None and (account is not None or instrument is not None):
        raise Stop(
            Exit.USAGE,
            "a lane is a scope of its own",
            fix="--lane alone, or --account and --instrument without it",
        )
    named = account is not None or instrument is not None or lane is not None
    if everything == named:
        raise Stop(
            Exit.USAGE,
            "--everything and a narrower scope" if named else "no scope is named",
            fix="--account, --instrument, --lane, or --everything for all of this ledger",
        )
    try:
        fields = {"account": account, "instrument": instrument, "lane": lane and Lane(lane.upper())}
    except ValueError:
        raise Stop(Exit.USAGE, f"no lane {lane!r}", fix="eoam, sds or dlpci") from None
    words = " ".join(f"{name} {value}" for name, value in fields.items() if value is not None)
    return {name: value for name, value in fields.items() if value is not None}, words or "everything"


def _trade(
    verb: Verb, what: tuple[dict[str, Any], str], for_: str | None, ledger: str | None, by: str, json_: bool
) -> None:
    fields, words = what
    length = None if for_ is None else seconds(for_)
    there = context(ledger)
    known_scope(there, fields.get("account"), fields.get("instrument"))
    if length is not None:
        fields["expires_at"] = now_of(there) + length * 1_000_000
    tell(verb, words, issue(there, verb, by, **fields), json_=json_)


@app.command()
@command
def halts(ledger: LedgerOption = None, json_: JsonOption = False) -> None:
    """Everything that is stopped or only reducing now: scope, by whom, and until when."""
    found = all_curbs(context(ledger))
    if json_:
        as_json([plain_curb(each) for each in found])
        return
    for each in found:
        data(each.line())
    say(f"{len(found)} curbs stand" if found else "nothing is stopped")


def _curbing(verb: Verb, help_: str) -> Callable[..., None]:
    """The command that puts a curb on a scope; the two there are differ in nothing but the verb."""

    def curb(
        account: AccountOption = None,
        instrument: InstrumentOption = None,
        lane: LaneOption = None,
        everything: EverythingOption = False,
        for_: ForOption = None,
        ledger: LedgerOption = None,
        by: ByOption = OPERATOR,
        json_: JsonOption = False,
    ) -> None:
        _trade(verb, scope(account, instrument, lane, everything), for_, ledger, by, json_)

    curb.__doc__ = help_
    return command(curb)


app.command("halt")(
    _curbing(
        Verb.HALT, "Stop trading at the narrowest scope named; later decisions are refused as TRADING_HALTED."
    )
)
app.command("reduce")(
    _curbing(Verb.REDUCE, "Allow only what makes positions smaller; the rest is refused as REDUCING_ONLY.")
)


@app.command()
@command
def resume(
    account: AccountOption = None,
    instrument: InstrumentOption = None,
    lane: LaneOption = None,
    everything: EverythingOption = False,
    ledger: LedgerOption = None,
    by: ByOption = OPERATOR,
    json_: JsonOption = False,
) -> None:
    """Let the same scope trade again; a wider or narrower halt stands on its own and stays."""
    _trade(Verb.RESUME, scope(account, instrument, lane, everything), None, ledger, by, json_)
