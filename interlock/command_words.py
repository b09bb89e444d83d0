"""Why a command was not folded and what to do about it, for people: the words of every ControlReason."""

from __future__ import annotations

from typing import Any, assert_never

from interlock.operators import Answered
from interlock.say import Exit, Stop, as_json, data
from schemas.models import Verb
from schemas.reasons import ControlReason

# What is illegal or out of bounds depends on what was asked.
_ILLEGAL = {
    Verb.OPEN: ("an account of that name is open", "interlock account fund, or another name"),
    Verb.CLOSE: (
        "it holds positions, cash or open orders",
        "close and withdraw first: interlock account show",
    ),
    Verb.SETTLE: (
        "it has no such order that is UNKNOWN or past its time",
        "interlock account show names its open orders",
    ),
    Verb.CLEAR: ("there is nothing to clear", "interlock account show"),
    Verb.SUSPEND: ("standing moves only rightward so, and RETIRED is final", "interlock agent ls"),
    Verb.RETIRE: ("the agent is retired already", "interlock agent ls"),
    Verb.RESET: ("standing moves only leftward so, and RETIRED is final", "interlock agent ls"),
}
_BOUNDS = {
    Verb.OPEN: ("the deposit is not above zero, or no more accounts fit", "another amount"),
    Verb.FUND: ("the amount is not above zero, or more than an account may be paid in", "another amount"),
    Verb.WITHDRAW: ("the amount is not above zero, or more than the free cash", "interlock account show"),
    Verb.HALT: (
        "its end lies behind already, or too many scopes are halted",
        "a later --for, or a wider scope",
    ),
    Verb.SKIP: ("too many skips wait for their record", "skip what stops a process, nothing else"),
    Verb.REDUCE: ("its end lies behind already, or too many scopes are", "a later --for, or a wider scope"),
}


def words(reason: ControlReason, verb: Verb) -> tuple[str, str]:
    """Why, and the fix."""
    match reason:
        case ControlReason.FOLDED:
            return "it was folded", ""
        case ControlReason.MALFORMED:
            return "a field this command needs is missing", f"interlock {verb.value.lower()} --help"
        case ControlReason.WRONG_LEDGER:
            return "it was signed for another ledger", "name the ledger with --ledger"
        case ControlReason.KEY_NOT_VALID:
            return "its key is not enrolled as an operator's, or was revoked", "interlock keys ls"
        case ControlReason.BAD_SIGNATURE:
            return "its signature does not verify", "interlock doctor"
        case ControlReason.SERIAL_NOT_GREATER:
            return "its number was used: another command of this key came between", "give it again"
        case ControlReason.VERB_NOT_ALLOWED:
            return "the watch may only tighten", "sign it with an operator's key"
        case ControlReason.UNKNOWN_ACCOUNT:
            return "there is no such account", "interlock account ls"
        case ControlReason.ILLEGAL_TRANSITION:
            return _ILLEGAL.get(verb, ("this state does not allow it", "interlock account show"))
        case ControlReason.OUT_OF_BOUNDS:
            return _BOUNDS.get(verb, ("a bound of the kernel is reached", "interlock account ls"))
        case never:
            assert_never(never)


def tell(verb: Verb, about: str, answers: list[Answered], *, json_: bool, **beside: Any) -> None:
    """Print where a command was folded. Raises Stop with REFUSED and the reason, when one shard did not."""
    if json_:
        as_json(
            {
                "verb": verb.value,
                "about": about,
                "answers": [
                    {"partition": each.partition, "seq": each.seq, "reason": each.reason.name}
                    for each in answers
                ],
                **beside,
            }
        )
    for each in answers:
        if each.reason is not ControlReason.FOLDED:
            why, fix = words(each.reason, verb)
            raise Stop(
                Exit.REFUSED, f"{each.reason.name}: {verb.value} {about} changed nothing",
                where=f"ledger seq {each.seq}, shard {each.partition}", why=why, fix=fix,
            )  # fmt: skip
        if not json_:
            shard = f" of shard {each.partition}" if len(answers) > 1 else ""
            data(f"{verb.value} {about}: folded at ledger seq {each.seq}{shard}")
