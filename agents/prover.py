"""An instruction becomes a claim that carries its proof: what the principal wrote, and nothing beside it."""

from __future__ import annotations

from decimal import Decimal

from agents import instructions
from agents.opinions import Case, Draft, Nothing, Opinion, fact
from ledger.envelope import opened
from ledger.hashes import explain_commitment
from schemas.codec import Unreadable, decode
from schemas.models import Action, Envelope, Instruction, Mandate, ReportKind, TimeInForce
from schemas.money import plain
from schemas.reasons import LaneReason

MINUTE_US = 60_000_000
CERTAIN = Decimal(1)  # the claim repeats an order; whether it is wise is for the kernel's limits


def decide(case: Case) -> Opinion:
    """The order in the instruction's text, word for word, or REFUSED with the place where reading stopped.

    No size is reduced and no price is filled in: an order over its limits is the kernel's to refuse, by name.
    """
    instruction = instruction_of(case)
    text = case.record.instruction_text
    if instruction is None or text is None or not opens(case, instruction):
        return _unreadable(0, "the text beside the flow does not open the signed commitment")
    order = instructions.read(text)
    if isinstance(order, instructions.NotRead):
        return _unreadable(order.word, order.why)
    if order.instrument != instruction.instrument:
        word = 3 if isinstance(order, instructions.Work) else 2
        return _unreadable(word, "the text names another instrument than the signed instruction")
    if isinstance(order, instructions.Work):
        return _frame(case, order, instruction.event_time)
    return _draft(case, order)


def instruction_of(case: Case) -> Instruction | None:
    """The signed instruction that woke the flow, or None when the trigger holds none."""
    if case.flow.trigger.instruction is None:
        return None
    try:
        return opened(decode(Envelope, case.flow.trigger.instruction), Instruction)
    except Unreadable:
        return None


def opens(case: Case, instruction: Instruction) -> bool:
    """Whether text and salt beside the flow are those the principal signed."""
    text, salt = case.record.instruction_text, case.record.instruction_salt
    if text is None or salt is None:
        return False
    return explain_commitment(text, salt) == instruction.text_commitment


def _draft(case: Case, order: instructions.Order) -> Draft | Nothing:
    quantity = order.quantity
    if order.action is Action.CLOSE:
        quantity = case.free if order.instrument == case.instrument else Decimal(0)
        if quantity <= 0:
            return Nothing(
                reason=LaneReason.NO_EDGE,
                facts=(fact("held", quantity),),
                explain=f"CLOSE {order.instrument}: nothing is held, so there is nothing to close",
            )
    assert quantity is not None, "the grammar gives every BUY and SELL a quantity"
    prices = ((order.limit_price, "limit"), (order.stop, "stop"), (order.target_price, "target"))
    said = ", ".join(f"{name} {plain(price)}" for price, name in prices if price is not None)
    return Draft(
        action=order.action,
        instrument=order.instrument,
        quantity=quantity,
        limit_price=order.limit_price,
        stop=order.stop,
        target_price=order.target_price,
        time_in_force=TimeInForce.IOC,
        confidence=CERTAIN,
        explain=f"{order.action.value} {plain(quantity)} {order.instrument} as instructed"
        + (f" ({said})." if said else "."),
    )


def _frame(case: Case, work: instructions.Work, said_at: int) -> Draft | Nothing:
    """The mandate in the instruction; its minutes run from when it was said, however late it is read."""
    ends = said_at + work.minutes * MINUTE_US
    late = case.flow.snapshot.taken_at - ends
    total, low, high = plain(work.quantity), plain(work.price_low), plain(work.price_high)
    said = f"{work.side.value} {total} {work.instrument} in all, between {low} and {high}"
    if late >= 0:
        return Nothing(
            reason=LaneReason.OUTSIDE_MANDATE,
            facts=(fact("late_us", late),),
            explain=f"{said}, for {work.minutes} minutes: they were over before the instruction was read",
        )
    return Draft(
        action=Action.MANDATE,
        instrument=work.instrument,
        quantity=work.quantity,
        mandate=Mandate(
            side=work.side, price_low=work.price_low, price_high=work.price_high, expires_at=ends
        ),
        confidence=CERTAIN,
        explain=f"MANDATE to {said}, for {work.minutes} minutes, as instructed.",
    )


def _unreadable(word: int, why: str) -> Nothing:
    return Nothing(
        kind=ReportKind.REFUSED,
        reason=LaneReason.UNREADABLE_INSTRUCTION,
        facts=(fact("word", word),),
        explain=f"the instruction cannot be read at word {word}: {why}",
    )
