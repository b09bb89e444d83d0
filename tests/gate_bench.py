"""A bench for one gate at a time: a case of an honest proposal, and ways to change what it is judged against.

The world behind it is shared and only read; whatever a test changes is a copy of the case's own.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from kernel.case import Case, build
from kernel.claim import read_claim
from kernel.ruling import Escalation, Refusal
from kernel.state.flows import Approval, Flow
from ledger.envelope import seal
from schemas import models as m
from schemas.reasons import Reason
from tests.build import BTC, World, h_flow, signer

A = m.Action
SDS = "sovereign"
D = Decimal


@functools.cache
def world() -> World:
    """A world that holds half a bitcoin and has an open order on nothing. Look, do not touch."""
    found = World()
    found.bought()
    return found


def case_of(action: m.Action = A.BUY, *, flow: m.FlowOpened | None = None, **changes: Any) -> Case:
    """The case of an intent on a flow of the shared world, every gate of which would pass it."""
    found = world()
    opened = found.flow() if flow is None else flow
    return judged(found, opened, seal(found.intent(opened, action, **changes), signer(SDS)))


def judged(
    found: World, flow: m.FlowOpened, body: m.Envelope, attestations: Sequence[m.Envelope] = ()
) -> Case:
    """The case a signed body makes in a world, as the kernel would build it."""
    claim = read_claim(seal(flow, signer("selector")), body, tuple(attestations))
    assert claim is not None
    kernel = found.kernel
    view = flow.snapshot.instruments[0]
    quote = None
    if view.price_partition is not None and view.price_offset is not None:
        quote = kernel.quotes.at(view.instrument, view.price_partition, view.price_offset, found.now)
    shown = () if quote is None else (m.InstrumentQuote(instrument=view.instrument, quote=quote),)
    mark = kernel.quotes.last(view.instrument, found.now)
    return build(kernel.state, claim, seq=10_000, mark=mark, quote=quote, others=shown)


def at(case: Case, now: int, **core: Any) -> Case:
    """The same case at another time, or with other small state."""
    state = copy.copy(case.state)
    state.core = replace(state.core, now=now, **core)
    return replace(case, state=state)


def later(case: Case, micros: int) -> Case:
    """The same case so much later."""
    return at(case, case.now + micros)


def under(case: Case, part: str = "", **fields: Any) -> Case:
    """The same case under a contract that differs in one part (``limits``, ``drift`` …) or in itself."""
    assert case.grant is not None
    contract = case.grant.contract
    if part:
        fields = {part: replace(getattr(contract, part), **fields)}
    return replace(case, grant=replace(case.grant, contract=replace(contract, **fields)))


def marked(case: Case, **fields: Any) -> Case:
    """The same case with another live quote."""
    assert case.mark is not None
    return replace(case, mark=replace(case.mark, **fields))


def of_account(case: Case, **fields: Any) -> Case:
    """The same case on an account that differs."""
    assert case.account is not None
    return replace(case, account=replace(copy.deepcopy(case.account), **fields))


def meant(case: Case, **fields: Any) -> Case:
    """The same case with another intent, whatever the signed bytes say."""
    assert case.intent is not None
    return replace(case, intent=replace(case.intent, **fields))


def seen(case: Case, **fields: Any) -> Case:
    """The same case with its flow changed, whatever the signed bytes say."""
    return replace(case, claim=replace(case.claim, flow=replace(case.flow, **fields)))


def viewed(case: Case, **fields: Any) -> Case:
    """The same case with its instrument shown otherwise."""
    (view,) = case.flow.snapshot.instruments
    snapshot = replace(case.flow.snapshot, instruments=(replace(view, **fields),))
    return seen(case, snapshot=snapshot)


def approved(case: Case, price: str | None = "4000.5", quantity: str | None = None) -> Case:
    """The same case with a person's word behind it."""
    word = Approval(
        choice=m.HumanChoice.OVERRIDE,
        digest=case.claim.digest,
        price_shown=None if price is None else D(price),
        quantity=None if quantity is None else D(quantity),
    )
    return replace(case, approval=word)


def known(case: Case, **fields: Any) -> Case:
    """The same case of a flow that the ledger holds already."""
    flow = case.flow
    base: dict[str, Any] = {
        "dfid": flow.dfid, "account": flow.account, "lane": flow.lane, "decision_class": flow.decision_class,
        "trigger_time": flow.trigger.event_time, "expires_at": flow.flow_expires_at, "open_attempt": 1,
        "attempt": 1, "flow_hash": h_flow(flow), "contexts": [h_flow(flow)], "opened": None,
    }  # fmt: skip
    return replace(case, known=Flow(**(base | fields)))


def said(answer: Any) -> tuple[str, dict[str, Decimal]] | None:
    """The name and figures of a no or of a question; None for a pass."""
    if answer is None:
        return None
    assert isinstance(answer, Refusal | Escalation)
    return Reason(answer.reason).name, {fact.name: fact.value for fact in answer.facts}


def name(answer: Any) -> str | None:
    """The name of a no or of a question alone."""
    found = said(answer)
    return None if found is None else found[0]


__all__ = ["BTC", "SDS", "A", "D", "approved", "at", "case_of", "judged", "known", "later", "marked", "meant",
           "name", "of_account", "said", "seen", "under", "viewed", "world"]  # fmt: skip
