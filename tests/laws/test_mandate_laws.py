"""Laws of mandates: whatever children ask and the venue answers, their sum stays within the frame."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.exact import ZERO
from kernel.replay import replay
from kernel.snapshot import texts
from schemas import models as m
from schemas.reasons import Reason
from tests.build import ACCOUNT, World

D = Decimal
S = m.ReceiptStatus
asked = st.tuples(st.just("ask"), st.integers(1, 8), st.sampled_from((m.Action.BUY, m.Action.SELL)))
answered = st.tuples(
    st.just("answer"),
    st.integers(0, 8),
    st.sampled_from((S.SENT, S.PARTIAL, S.FILLED, S.DECLINED, S.UNKNOWN)),
)
ticked = st.tuples(st.just("tick"), st.integers(1, 600), st.none())
restarted = st.tuples(st.just("restart"), st.just(0), st.none())
histories = st.lists(st.one_of(asked, asked, answered, answered, ticked, restarted), max_size=14)
TENTH = D("0.1")


class Ward:
    """An account with one mandate of 1, and a ledger of our own: what was accepted and what was filled."""

    def __init__(self) -> None:
        self.world = World()
        self.parent = self.world.mandated("1")
        self.ends = self.world.views[ACCOUNT].view.mandates[0].expires_at
        self.number = 0
        self.open: list[tuple[m.KernelIntent, Decimal, bool]] = []  # order, filled, whether it is UNKNOWN
        self.used = ZERO
        self.filled = ZERO

    def play(self, move: str, size: int, what: object) -> None:
        match move:
            case "ask":
                self.ask(size * TENTH, m.Action(what))
            case "answer":
                self.answer(size, m.ReceiptStatus(what))
            case "tick":
                self.world.tick(size)
                self.world.quote("btc-usd", "4000", "4001")
                self.world.run()
            case "restart":
                live = texts(self.world.kernel.state)
                self.world.restart()
                assert texts(self.world.kernel.state) == live

    def ask(self, quantity: Decimal, action: m.Action) -> None:
        self.number += 1
        flow = self.world.child(self.parent, self.number)
        self.world.propose(flow, self.world.intent(flow, action, quantity=quantity))
        self.world.run()
        verdict = self.world.verdict
        over = self.world.now > self.ends or self.gone
        beyond = over or action is m.Action.SELL or self.used + quantity > 1
        if beyond:
            assert verdict.reason == Reason.PARENT_AUTHORITY_EXCEEDED
        elif verdict.verdict is m.Verdict.ACCEPTED:
            self.used += quantity
            self.open.append((self.world.order, ZERO, False))
        else:
            assert verdict.reason != Reason.PARENT_AUTHORITY_EXCEEDED

    def answer(self, size: int, status: m.ReceiptStatus) -> None:
        if not self.open:
            return
        order, before, unknown = self.open.pop(0)
        done = {S.FILLED: order.quantity, S.PARTIAL: max(before, order.quantity * size / 8)}.get(
            status, before
        )
        done = done.quantize(D("0.0001"))
        self.world.receipt(order, status, done, price=D(4000))
        self.world.run()
        if status in (S.SENT, S.UNKNOWN):
            self.open.append((order, done, unknown or status is S.UNKNOWN))
            return
        if unknown and status is S.PARTIAL:  # UNKNOWN outranks it: only a final word or a person ends it
            self.open.append((order, before, True))
            return
        self.filled += done
        if self.world.now <= self.ends:
            self.used -= order.quantity - done

    @property
    def gone(self) -> bool:
        return self.used >= 1 and not self.open

    def holds(self) -> None:
        mandates = self.world.kernel.state.accounts[ACCOUNT].mandates
        stands = self.world.now <= self.ends and not self.gone
        assert [each.used for each in mandates.values()] == ([self.used] if stands else [])
        assert self.filled <= 1
        assert self.world.kernel.state.accounts[ACCOUNT].held("btc-usd").quantity <= 1
        assert self.world.kernel.state.accounts[ACCOUNT].money_holds()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories)
def test_children_never_exceed_their_mandate_whatever_is_asked_and_answered(history):
    ward = Ward()
    for move in history:
        ward.play(*move)
        ward.holds()
    assert replay(ward.world.ledger).identical
