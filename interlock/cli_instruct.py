"""An account's order in words, signed by its principal: the road on which a proof is asked for."""

from __future__ import annotations

import os
from decimal import Decimal
from typing import Annotated

import typer

from interlock.cli_accounts import name_of, usd
from interlock.context import context
from interlock.genesis import Message, send
from interlock.inbox_act import TEXT_BYTES_MAX
from interlock.known import known_scope
from interlock.operators import now_of, signer_of
from interlock.say import Exit, Stop, as_json, command, data, say
from ledger.envelope import seal
from ledger.hashes import explain_commitment, shard_of
from schemas.models import Instruction, InstructionRecord, Urgency

LedgerOption = Annotated[str | None, typer.Option("--ledger", help="the current one unless said")]
JsonOption = Annotated[bool, typer.Option("--json", help="as one JSON document")]
ByOption = Annotated[str | None, typer.Option("--by", help="whose key signs; principal-ACCOUNT unless said")]
SALT_BYTES = 32

app = typer.Typer()


def instruction_of(
    ledger: bytes, account: str, text: str, *, instrument: str, decision_class: str,
    notional: Decimal | None, urgency: Urgency, now: int, salt: bytes,
) -> Instruction:  # fmt: skip
    """The order to sign: it commits to its text and does not hold it. Raises Stop on no or long text."""
    size = len(text.encode("utf-8", "replace"))
    if not text.strip() or size > TEXT_BYTES_MAX:
        raise Stop(Exit.USAGE, f"the order has {size} bytes", fix=f"words of at most {TEXT_BYTES_MAX} bytes")
    return Instruction(
        ledger=ledger, account=account, instruction_id=f"order-{now}-{account}"[:64], event_time=now,
        decision_class=decision_class, instrument=instrument, notional_usd=notional, urgency=urgency,
        compliance=True, text_commitment=explain_commitment(text, salt),
    )  # fmt: skip


def urgency_of(text: str) -> Urgency:
    """An urgency by name. Raises Stop naming them."""
    try:
        return Urgency(text.upper())
    except ValueError:
        known = ", ".join(each.value.lower() for each in Urgency)
        raise Stop(Exit.USAGE, f"no urgency {text!r}", fix=f"one of {known}") from None


@app.command()
@command
def instruct(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="the order in words; at most 4 KiB")],
    instrument: Annotated[str, typer.Option("--instrument", help="what it is about")],
    decision_class: Annotated[str, typer.Option("--class", help="the class that routing reads")] = "audit",
    notional: Annotated[str | None, typer.Option(help="USD that it is worth")] = None,
    urgency: Annotated[str, typer.Option(help="low, normal or high")] = "normal",
    ledger: LedgerOption = None,
    by: ByOption = None,
    json_: JsonOption = False,
) -> None:
    """Sign an order of an account with its principal's key and send it to the selector."""
    wanted, worth = urgency_of(urgency), None if notional is None else usd(notional)
    there = context(ledger)
    known_scope(there, name_of(account), instrument)
    signer, salt = signer_of(there, by or f"principal-{account}"), os.urandom(SALT_BYTES)
    order = instruction_of(
        there.card.ledger, account, text, instrument=instrument, decision_class=decision_class,
        notional=worth, urgency=wanted, now=now_of(there), salt=salt,
    )  # fmt: skip
    record = InstructionRecord(envelope=seal(order, signer), text=text, salt=salt)
    message = Message(
        topic="instructions", partition=shard_of(account, there.card.shards), key=account.encode(),
        value=there.schema_ids().pack(record),
    )  # fmt: skip
    send(there.running, "console", there.name, [message])
    source = signer.keyid.hex()
    if json_:
        as_json({"source": source, "instruction_id": order.instruction_id, "account": account})
        return
    say(f"sent for {account}; what became of it:")
    data(f"interlock why signal {source} {order.instruction_id}")
