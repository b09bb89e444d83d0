"""A person's answer: checked against what was shown, bound to its digest and price, signed by one or two."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from interlock.inbox import Waiting
from interlock.say import Exit, Stop
from ledger.envelope import opened
from schemas.codec import Unreadable
from schemas.models import Envelope, HumanChoice, HumanDecision
from schemas.money import plain
from schemas.plain import NotPlain, from_plain, to_plain

ACT_S_MAX = 300  # an answer is about the market as it was shown: five minutes later it must be given again
TEXT_BYTES_MAX = 4_096
FILE_CHARS_MAX = 65_536  # what is cut off is no JSON any more, and refused


def because_of(text: str) -> str:
    """The reason in words, as `explanations` keeps it. Raises Stop when it says nothing or too much."""
    size = len(text.encode("utf-8", "replace"))
    if not text.strip() or size > TEXT_BYTES_MAX:
        raise Stop(
            Exit.USAGE, f"--because has {size} bytes", fix=f"say why in at most {TEXT_BYTES_MAX} bytes"
        )
    return text


def choice_of(text: str) -> HumanChoice:
    """A consequence by name. Raises Stop naming the ones there are."""
    try:
        return HumanChoice(text.upper())
    except ValueError:
        known = ", ".join(each.value.lower() for each in HumanChoice)
        raise Stop(Exit.USAGE, f"no consequence {text!r}", fix=f"one of {known}") from None


def act_of(
    waiting: Waiting, choice: HumanChoice, *, ledger: bytes, serial: int, now: int, commitment: bytes,
    quantity: Decimal | None, price: Decimal | None,
) -> HumanDecision:  # fmt: skip
    """The act to sign. price: the one that was looked at, None for that of the escalation.

    Raises Stop on an answer that the kernel would refuse, before anything is written.
    """
    shown = waiting.price if price is None else price
    _fits(waiting, choice, quantity, shown)
    return HumanDecision(
        ledger=ledger,
        serial=serial,
        account=waiting.account,
        dfid=waiting.dfid,
        choice=choice,
        payload_digest=waiting.digest,
        price_shown=shown,
        quantity=quantity,
        valid_until=min(waiting.expires_at, now + ACT_S_MAX * 1_000_000),
        explain_commitment=commitment,
    )


def _fits(waiting: Waiting, choice: HumanChoice, quantity: Decimal | None, shown: Decimal | None) -> None:
    if (quantity is not None) != (choice is HumanChoice.MODIFY):
        word = choice.value.lower()
        raise Stop(Exit.USAGE, f"{word} and --quantity", fix="modify needs one, nothing else takes one")
    if choice is HumanChoice.ABORT:
        return
    if waiting.intent is None:
        raise Stop(
            Exit.USAGE, "no order waits here: nothing can be allowed", fix="--consequence abort, or wait"
        )
    if shown is None or shown <= 0:
        raise Stop(Exit.USAGE, "no price was shown", fix="--price P: the price you look at")
    if quantity is not None and not 0 < quantity <= waiting.intent.quantity:
        asked = plain(waiting.intent.quantity)
        raise Stop(
            Exit.USAGE, f"--quantity {plain(quantity)}", fix=f"above 0 and at most the {asked} asked for"
        )


def write_half(path: Path, envelope: Envelope) -> None:
    """Put a half-signed act where the second person can read it."""
    path.write_text(json.dumps(to_plain(envelope), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_half(path: Path) -> tuple[Envelope, HumanDecision]:
    """A half-signed act. Raises Stop when the file holds none."""
    try:
        with path.open(encoding="utf-8") as file:
            envelope = from_plain(Envelope, json.loads(file.read(FILE_CHARS_MAX)))
        return envelope, opened(envelope, HumanDecision)
    except (ValueError, RecursionError, NotPlain, Unreadable) as error:
        raise Stop(
            Exit.FAILED, f"{path}: no act: {error}", fix="the file that `inbox decide` wrote"
        ) from None
