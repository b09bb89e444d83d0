"""May a command move an agent's standing? Rightward by operator or watch, leftward by an operator alone."""

from __future__ import annotations

from kernel.state.standing import ORDER, STANDINGS_MAX
from kernel.state.whole import State
from schemas.models import Control, Standing, Verb
from schemas.reasons import ControlReason

SUSPENDED_TO = frozenset({Standing.DEGRADED, Standing.ESCALATION_ONLY, Standing.PASSIVE, Standing.SUSPENDED})


def wanted_of(command: Control) -> Standing | None:
    """Where SUSPEND, RETIRE or RESET would move its agent; None where that verb never moves one."""
    said = command.standing
    match command.verb:
        case Verb.SUSPEND:
            wanted = Standing.SUSPENDED if said is None else said
            return wanted if wanted in SUSPENDED_TO else None
        case Verb.RETIRE:
            return Standing.RETIRED if said in (None, Standing.RETIRED) else None
        case Verb.RESET:
            wanted = Standing.ACTIVE if said is None else said
            return None if wanted is Standing.RETIRED else wanted
        case _:
            raise AssertionError(f"{command.verb} moves no standing")


def held_of(state: State, command: Control) -> dict[str, Standing]:
    """The standings a command speaks of: those everywhere, or those on its account."""
    return state.core.standings if command.account is None else state.accounts[command.account].standings


def judge_standing(state: State, command: Control) -> ControlReason:
    """FOLDED, or why the move is none. RETIRED is final, also on an account when it holds everywhere."""
    agent_id = command.agent_id
    if agent_id is None:
        return ControlReason.MALFORMED
    held, wanted = held_of(state, command), wanted_of(command)
    now = held.get(agent_id, Standing.ACTIVE)
    if wanted is None or Standing.RETIRED in (now, state.core.standings.get(agent_id)):
        return ControlReason.ILLEGAL_TRANSITION
    steps = ORDER.index(wanted) - ORDER.index(now)
    if command.verb is Verb.RESET:
        return ControlReason.FOLDED if _resets(state, command, steps) else ControlReason.ILLEGAL_TRANSITION
    if steps <= 0:
        return ControlReason.ILLEGAL_TRANSITION
    full = len(held) >= STANDINGS_MAX and agent_id not in held
    return ControlReason.OUT_OF_BOUNDS if full else ControlReason.FOLDED


def _resets(state: State, command: Control, steps: int) -> bool:
    """A RESET moves leftward; one that stays where it is may still lift a latched loss."""
    latched = command.account is not None and (
        state.agent(command.account, command.agent_id or "").latched != 0
    )
    return steps < 0 or (steps == 0 and latched)
