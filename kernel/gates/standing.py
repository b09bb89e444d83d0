"""Gate 4: may this account, instrument and lane trade, and does this agent still have its standing?"""

from __future__ import annotations

from typing import assert_never

from kernel.case import Case, Stance
from kernel.folds.curbs import states_on
from kernel.ruling import Answer, Escalation, Refusal, facts
from kernel.state.accounts import WHOLE
from kernel.state.flows import COMPENSATION
from kernel.state.trading import severest
from schemas.models import Standing, TradingState
from schemas.reasons import Reason

QUIET = frozenset({Stance.HALT, Stance.HOLD})


def standing(case: Case) -> Answer:
    """Trading state first, the agent's standing after: a HOLD trades nothing, a CANCEL only takes back."""
    if case.stance not in QUIET and case.stance is not Stance.CANCEL:
        refusal = _trading(case)
        if refusal is not None:
            return refusal
    return None if _compensates(case) else _of_agent(case)


def _compensates(case: Case) -> bool:
    """Whether it is the kernel's own order: what puts a failure right asks nothing of who failed.

    No flow may name such a step; gate 1 has seen to that.
    """
    assert case.intent is not None
    return case.intent.step_id.startswith(COMPENSATION)


def trading_state(case: Case) -> TradingState:
    """The severest of account, instrument, lane and the whole ledger; a latched halt counts as HALTED."""
    assert case.account is not None
    assert case.intent is not None
    account = case.account
    states = states_on(case.state, account, case.flow.lane, case.intent.instrument)
    if account.terminated:
        states.append(TradingState.TERMINATED)
    if account.dirty:
        states.append(TradingState.REDUCING)  # a flow failed half-way; a person clears it
    if _halted_for(case) > 0:
        states.append(TradingState.HALTED)
    return severest(states)


def _halted_for(case: Case) -> int:
    """Micros that an agent's latch still stands; zero or less when none does."""
    assert case.account is not None
    assert case.intent is not None
    scopes = (WHOLE, case.intent.instrument)
    return max(case.account.halts.get(scope, 0) for scope in scopes if scope is not None) - case.now


def _trading(case: Case) -> Refusal | None:
    match trading_state(case):
        case TradingState.ACTIVE:
            return None
        case TradingState.REDUCING | TradingState.TERMINATED:
            return None if case.stance is Stance.REDUCING else Refusal(reason=Reason.REDUCING_ONLY)
        case TradingState.HALTED:
            left = _halted_for(case)  # of an agent's latch; how long an operator's word stands is his
            return Refusal(reason=Reason.TRADING_HALTED, facts=facts(halted_for_us=left) if left > 0 else ())
        case never:
            assert_never(never)


def standing_of(case: Case) -> Standing:
    """The stricter of the agent's standing everywhere and on this account."""
    assert case.account is not None
    return case.state.standing(case.account, case.agent_id)


def _of_agent(case: Case) -> Answer:
    match standing_of(case):
        case Standing.ACTIVE:
            return None
        case Standing.DEGRADED:
            allowed = case.stance in QUIET or case.stance in (Stance.REDUCING, Stance.CANCEL)
            return None if allowed else Refusal(reason=Reason.AGENT_DEGRADED)
        case Standing.ESCALATION_ONLY:
            if case.stance in QUIET or case.approval is not None:
                return None
            return Escalation(reason=Reason.AGENT_ESCALATION_ONLY)
        case Standing.PASSIVE:
            return None if case.stance in QUIET else Refusal(reason=Reason.AGENT_PASSIVE)
        case Standing.SUSPENDED:
            return Refusal(reason=Reason.AGENT_SUSPENDED)
        case Standing.RETIRED:
            return Refusal(reason=Reason.AGENT_RETIRED)
        case never:
            assert_never(never)
