"""Commands that answer questions about decisions: decisions, trace, why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from interlock.context import Context, context
from interlock.erasing import erasures, texts_of
from interlock.reading import Decided, decisions, last_dfid
from interlock.say import Exit, Stop, as_json, command, data, say
from interlock.signal_story import story
from ledger.six import six
from ledger.six_text import as_text
from schemas.money import plain
from schemas.reasons import Reason

LedgerOption = Annotated[str | None, typer.Option("--ledger", help="the current one unless said")]
JsonOption = Annotated[bool, typer.Option("--json")]
LIST_MAX = 50

app = typer.Typer(no_args_is_help=True)


def dfid_of(there: Context, text: str) -> bytes:
    """A DFID as written, or the last one of the ledger. Raises Stop when it is none."""
    if text == "last":
        found = last_dfid(values_of(there))
        if found is None:
            raise Stop(Exit.FAILED, "the ledger has no decision yet", fix="make demo, or interlock start")
        return found
    try:
        dfid = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        dfid = b""
    if len(dfid) != 16:
        raise Stop(Exit.USAGE, f"{text!r} is no DFID", fix="32 hex digits, or `last`")
    return dfid


def values_of(there: Context) -> Iterable[bytes]:
    """Entry values of every partition, one partition after the other."""
    for partition in range(there.card.shards):
        yield from there.ledger(partition)


def tell(there: Context, dfid: str, *, json_: bool) -> None:
    """Print the six answers about one flow. Raises Stop when the ledger does not know it."""
    wanted = dfid_of(there, dfid)
    told = six(values_of(there), wanted)
    if not told.found():
        raise Stop(Exit.FAILED, f"no flow {wanted.hex()} in ledger {there.name}", fix="interlock decisions")
    if json_:
        as_json({"dfid": wanted.hex(), **told.answers})
    else:
        data(as_text(told).rstrip())


@app.command()
@command
def trace(
    dfid: Annotated[str, typer.Argument(help="32 hex digits, or last")],
    ledger: LedgerOption = None,
    json_: JsonOption = False,
) -> None:
    """The six answers about one flow: what woke it, seen, why, proposed, ruled, happened."""
    tell(context(ledger), dfid, json_=json_)


@app.command()
@command
def why(
    what: Annotated[str, typer.Argument(help="a DFID, `last`, or `signal`")],
    rest: Annotated[list[str] | None, typer.Argument(help="after `signal`: SOURCE ID")] = None,
    ledger: LedgerOption = None,
    json_: JsonOption = False,
) -> None:
    """Why a decision fell as it did, or what became of a signal: `why last`, `why signal SOURCE ID`."""
    there = context(ledger)
    if what == "signal":
        if rest is None or len(rest) != 2:
            raise Stop(Exit.USAGE, "why signal needs SOURCE and ID", fix="interlock why signal tape ID")
        told = story(there, rest[0], rest[1])
        lines = [line for one in told for line in one.lines()]
        if json_:
            as_json({"source": rest[0], "signal_id": rest[1], "answers": lines})
            return
        for line in lines:
            data(line)
        return
    wanted = dfid_of(there, what)
    found = [each for each in decisions(values_of(there)) if each.dfid == wanted]
    if not found:
        raise Stop(Exit.FAILED, f"no decision about {wanted.hex()}", fix="interlock decisions")
    texts = {each.who: each.text for each in texts_of(there, wanted)}
    gone = [each for each in erasures(values_of(there)) if each.key.startswith(wanted.hex())]
    if json_:
        erased = [{"key": each.key, "seq": each.seq, "by": [k.hex() for k in each.by]} for each in gone]
        ruled = [_plain(each) for each in found]
        as_json({"dfid": wanted.hex(), "decisions": ruled, "explanations": texts, "erased": erased})
        return
    data(f"flow {wanted.hex()}  account {found[0].account}")
    for each in found:
        data(f"  attempt {each.attempt}: {sentence(each)}")
    for who, text in sorted(texts.items()):
        data(f"  {who} said: {text}")
    for one in gone:
        asked = ", ".join(key.hex()[:12] for key in one.by)
        data(f"  {one.key.partition(':')[2]}: its words were erased at seq {one.seq}, asked by {asked}")


@app.command("decisions")
@command
def list_decisions(
    count: Annotated[int, typer.Option("-n", min=1, help="the last N")] = 20,
    ledger: LedgerOption = None,
    json_: JsonOption = False,
) -> None:
    """The last decisions, one a line."""
    there = context(ledger)
    found = list(decisions(values_of(there)))[-min(count, LIST_MAX * 20) :]
    if json_:
        as_json([_plain(each) for each in found])
        return
    for each in found:
        data(f"{each.seq:>7} {each.dfid.hex()} {each.lane:<5} {each.account:<8} {sentence(each)}")
    say(f"{len(found)} decisions of ledger {there.name}")


def sentence(each: Decided) -> str:
    """What was proposed or chosen, by whom signed, how it was ruled and what became of the flow."""
    figures = " ".join(f"{name}={plain(value)}" for name, value in each.facts)
    reason = "" if each.reason in ("NONE", "") else f" {each.reason}"
    gate = f" (gate {Reason[each.reason].gate})" if each.reason in Reason.__members__ and reason else ""
    signed = f" signed by {', '.join(key.hex()[:12] for key in each.signers)}" if each.signers else ""
    ordered = f" (ordered {each.ordered})" if each.ordered else ""
    told = f" {figures}" if figures else ""
    return f"{each.what}{signed} {each.verdict}{ordered}{reason}{gate}{told} -> {each.status}"


def _plain(each: Decided) -> dict[str, Any]:
    return {
        "seq": each.seq, "dfid": each.dfid.hex(), "account": each.account, "lane": each.lane,
        "attempt": each.attempt, "what": each.what, "verdict": each.verdict, "reason": each.reason,
        "facts": {name: plain(value) for name, value in each.facts}, "status": each.status,
        "ordered": each.ordered or None, "signers": [key.hex() for key in each.signers],
    }  # fmt: skip
