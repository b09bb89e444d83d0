"""What an accepted decision makes of mandates: a new frame, or a part of one used; and time ends them."""

from __future__ import annotations

from kernel import opening
from kernel.claim import Inside
from kernel.state.accounts import Account
from kernel.state.flows import Flow
from kernel.state.mandates import Mandate, use
from kernel.state.whole import State
from rules.mandate import ACTING
from schemas.models import Action, FlowOpened, Intent, KernelIntent


def fold_mandate(state: State, flow: Flow, account: Account, inside: Inside, seq: int) -> None:
    """Put an accepted MANDATE into force; of one that a person resized, the total is his."""
    intent, approval = inside.intent, flow.approval
    assert intent is not None
    assert intent.instrument is not None
    assert intent.mandate is not None
    assert inside.answer is not None
    frame, resized = intent.mandate, None if approval is None else approval.quantity
    mandate = Mandate(
        dfid=intent.dfid,
        step_id=intent.step_id,
        seq=seq,
        agent_id=intent.agent_id,
        contract_version=intent.contract_version,
        keyid=inside.answer.signatures[0].keyid,
        instrument=intent.instrument,
        side=frame.side,
        total=intent.quantity if resized is None else resized,
        price_low=frame.price_low,
        price_high=frame.price_high,
        expires_at=frame.expires_at,
    )
    account.mandates[mandate.name] = mandate
    state.framed.add(account.account)
    state.touch(account.account)


def use_mandate(flow: Flow, account: Account, intent: Intent, order: KernelIntent) -> None:
    """Count a child's accepted order against its parent; what only protects is not counted."""
    assert flow.opened is not None
    opened = opening.surely(flow.opened, FlowOpened)
    if opened.parent is None or opened.parent_step is None or intent.action not in ACTING:
        return
    use(account.mandates, (opened.parent, opened.parent_step), order.key, order.quantity)


def is_mandate(inside: Inside) -> bool:
    """Whether what was judged is a frame for child flows."""
    return inside.intent is not None and inside.intent.action is Action.MANDATE


def mandate_ends(state: State, now: int) -> bool:
    """Whether a mandate is over at ``now``."""
    frames = (each for name in state.framed for each in state.accounts[name].mandates.values())
    return any(each.expires_at < now for each in frames)


def end_mandates(state: State) -> None:
    """Let go of the mandates whose time is over at the state's ``now``."""
    for name in sorted(state.framed):
        mandates = state.accounts[name].mandates
        over = [each.name for each in mandates.values() if each.expires_at < state.now]
        for each in over:
            del mandates[each]
        if over:
            state.touch(name)
        if not mandates:
            state.framed.discard(name)
