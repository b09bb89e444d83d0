"""Commands on what waits for a person: look, decide, and sign beside another."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from interlock.account_story import calls, told
from interlock.accounts import latest_views
from interlock.cli_accounts import usd
from interlock.cli_look import values_of
from interlock.context import Context, context
from interlock.genesis import send
from interlock.inbox import Waiting
from interlock.inbox_act import act_of, because_of, choice_of, read_half, write_half
from interlock.inbox_price import Seen, mark_age_us_max, may_sign, price_now
from interlock.inbox_ruled import tell_ruled
from interlock.inbox_send import (
    commitment_of,
    explain,
    inbox_of,
    operators,
    submit,
)
from interlock.inbox_show import figures, line, page
from interlock.operators import OPERATOR, next_serial, signer_of
from interlock.say import Exit, Stop, as_json, command, data, say
from ledger.envelope import cosign as signed_beside
from ledger.envelope import seal, signed_by
from schemas.models import HumanChoice, HumanDecision
from schemas.money import plain

LedgerOption = Annotated[str | None, typer.Option("--ledger", help="the current one unless said")]
JsonOption = Annotated[bool, typer.Option("--json", help="as one JSON document")]
ByOption = Annotated[str, typer.Option("--by", help="the operator whose key signs")]
StaleOption = Annotated[bool, typer.Option("--stale", help="sign although the last price is too old")]
FlowArgument = Annotated[str, typer.Argument(metavar="DFID", help="32 hex digits, or last")]

app = typer.Typer(no_args_is_help=True, help="What waits for a person.")


def chosen(found: list[Waiting], text: str) -> Waiting:
    """The escalation named: by flow, or the last one. Raises Stop."""
    if text == "last" and found:
        return found[-1]
    wanted = text.replace("-", "").lower()
    for each in found:
        if each.dfid.hex() == wanted:
            return each
    raise Stop(
        Exit.FAILED,
        "nothing waits for a person" if text == "last" else f"flow {text} does not wait for a person",
        why="it was never escalated, has its answer already, or its time ran out",
        fix="interlock inbox ls, interlock why DFID",
    )


@app.command("ls")
@command
def list_inbox(ledger: LedgerOption = None, json_: JsonOption = False) -> None:
    """What is escalated now, oldest first; what has expired is not shown. Then what must be put right."""
    there = context(ledger)
    found, now = inbox_of(there)
    if json_:
        as_json([figures(each, now) for each in found])
        return
    for each in found:
        data(line(each, now))
    say(f"{len(found)} wait for a person")
    for text in calls(told(values_of(there)), latest_views(there)):
        say(text)


@app.command()
@command
def show(dfid: FlowArgument, ledger: LedgerOption = None, json_: JsonOption = False) -> None:
    """One escalation: who asks for what and why, what it would change, its digest, price and time left."""
    there = context(ledger)
    found, now = inbox_of(there)
    each = chosen(found, dfid)
    seen = price_now(there, None if each.intent is None else each.intent.instrument)
    if json_:
        as_json(figures(each, now, *_of(seen)))
        return
    for text in page(each, now, *_of(seen)):
        data(text)


@app.command()
@command
def decide(
    dfid: FlowArgument,
    consequence: Annotated[str, typer.Option(help="override, modify or abort")],
    because: Annotated[str, typer.Option(help="why, for the record; at most 4 KiB")],
    quantity: Annotated[str | None, typer.Option(help="of a modify: no more than asked for")] = None,
    price: Annotated[str | None, typer.Option(help="the price you look at, if not the one shown")] = None,
    stale: StaleOption = False,
    out: Annotated[Path | None, typer.Option("-o", help="where an act for two is written")] = None,
    ledger: LedgerOption = None,
    by: ByOption = OPERATOR,
    json_: JsonOption = False,
) -> None:
    """Answer an escalation with a signed act, bound to the payload and the price shown, and wait for it."""
    choice, text = choice_of(consequence), because_of(because)
    amounts = [None if each is None else usd(each) for each in (quantity, price)]
    there = context(ledger)
    found, now = inbox_of(there)
    waiting, signer = chosen(found, dfid), signer_of(there, by)
    _look(there, waiting, choice, now, stale=stale)
    publics = (signer.public, *operators(there).values())
    serial = next_serial(there, "human.decisions", HumanDecision, publics)
    beside = explain(there, waiting, text, by, serial)
    act = act_of(waiting, choice, ledger=there.card.ledger, serial=serial, now=now,
                 commitment=commitment_of(there, beside), quantity=amounts[0], price=amounts[1])  # fmt: skip
    # The text stands before the act that commits to it: whoever reads the act finds it, whatever dies when.
    send(there.running, "console", there.name, [beside])
    envelope = seal(act, signer)
    if waiting.persons > 1 and choice is not HumanChoice.ABORT:
        path = out or Path(f"{act.dfid.hex()}.act.json")
        write_half(path, envelope)
        say(f"{waiting.persons} persons must sign; a second operator within five minutes:")
        data(f"interlock inbox cosign {path} --by NAME")
        return
    tell_ruled(act, submit(there, act, envelope), json_=json_)


@app.command()
@command
def cosign(
    path: Annotated[Path, typer.Argument(metavar="FILE")],
    by: Annotated[str, typer.Option("--by", help="the second operator, whose key signs beside")],
    stale: StaleOption = False,
    ledger: LedgerOption = None,
    json_: JsonOption = False,
) -> None:
    """Sign another operator's act as the second person, and send it."""
    there = context(ledger)
    envelope, act = read_half(path)
    signer, known = signer_of(there, by), operators(there)
    first = [known.get(each.keyid) for each in envelope.signatures]
    if len(first) != 1 or first[0] is None or not signed_by(envelope, first[0]):
        raise Stop(Exit.FAILED, f"{path}: not signed by one operator in force", fix="interlock keys ls")
    if signer.keyid not in known or signer.public == first[0]:
        raise Stop(Exit.USAGE, f"{by} cannot be the second person",
                   why="it is the first one's key, or no operator's key in force",
                   fix="interlock keys new OPERATOR NAME")  # fmt: skip
    found, now = inbox_of(there)
    waiting = chosen(found, act.dfid.hex())
    seen = _look(there, waiting, act.choice, now, stale=stale)
    for text in page(waiting, now, *_of(seen)):
        say(text)
    say(f"  the act   {act.choice.value} {'' if act.quantity is None else plain(act.quantity)}")
    tell_ruled(act, submit(there, act, signed_beside(envelope, signer)), json_=json_)


def _of(seen: Seen | None) -> tuple[Decimal | None, int | None]:
    return (None, None) if seen is None else (seen.price, seen.at)


def _look(there: Context, waiting: Waiting, choice: HumanChoice, now: int, *, stale: bool) -> Seen | None:
    """The price as it is now. Raises Stop before anything is signed, when it is too old to be signed on."""
    intent = waiting.intent
    seen = price_now(there, None if intent is None else intent.instrument)
    limit_us = mark_age_us_max(there.registry(), None if intent is None else intent.agent_id)
    may_sign(waiting, choice, seen, now, limit_us, stale=stale)
    return seen
