"""One step is never accepted twice, whatever the parameters, the attempt, the person or the venue say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kernel.replay import replay
from ledger.entry import decode_entry
from ledger.envelope import opened, seal
from schemas import models as m
from schemas.codec import decode
from schemas.kinds import BODY, EntryKind
from tests.build import BTC, World, granted, signer
from tests.campaign import FEW

SDS = "sovereign"
SIZES = ("0.1", "0.5", "0.1", "0.05")
ACTIONS = (m.Action.BUY, m.Action.BUY, m.Action.BUY, m.Action.HOLD, m.Action.CLOSE, m.Action.SELL)
INTENTS = st.fixed_dictionaries(
    {
        "action": st.sampled_from(ACTIONS),
        "step_id": st.sampled_from(("s1", "s2")),
        "quantity": st.sampled_from(SIZES).map(Decimal),
        "attempt": st.sampled_from((1, 1, 2, 3)),
        "doubts": st.booleans(),
        "moved": st.booleans(),
    }
)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), INTENTS),
        st.tuples(st.just("again"), st.integers(0, 9)),
        st.tuples(st.just("receipt"), st.sampled_from(m.ReceiptStatus)),
        st.tuples(st.just("person"), st.sampled_from(m.HumanChoice)),
        st.tuples(st.just("tick"), st.sampled_from((1, 59, 700))),
    ),
    min_size=2,
    max_size=12,
)


class Flow:
    """One flow of two steps, answered again and again."""

    def __init__(self) -> None:
        given = next(each for each in granted() if each.agent_id == SDS)
        two = replace(given.budget, max_steps=2)
        self.world = World(changed={SDS: {"budget": two}})
        self.sent: list[tuple[m.FlowOpened, m.Envelope]] = []
        self.orders: list[m.KernelIntent] = []

    def play(self, act: str, told: Any) -> None:
        getattr(self, act)(told)
        for output in self.world.run():
            if type(output) is m.Envelope:
                self.orders.append(opened(output, m.KernelIntent))

    def answer(self, told: dict[str, Any]) -> None:
        world = self.world
        world.quote(BTC, "4000", "4001")
        world.run()
        flow = world.flow(signal="one", steps=("s1", "s2"), attempt=told["attempt"])
        trades = told["action"] in (m.Action.BUY, m.Action.SELL)
        changes: dict[str, Any] = {"step_id": told["step_id"]}
        changes |= {"quantity": told["quantity"]} if trades else {}
        changes |= {"confidence": Decimal("0.1")} if told["doubts"] else {}
        body = seal(world.intent(flow, told["action"], **changes), signer(SDS))
        if told["moved"]:
            world.quote(BTC, "4100", "4101")
        self.sent.append((flow, body))
        world.propose(flow, body)

    def again(self, which: int) -> None:
        if self.sent:
            self.world.propose(*self.sent[which % len(self.sent)])

    def receipt(self, status: m.ReceiptStatus) -> None:
        if self.orders:
            self.world.receipt(self.orders[-1], status)

    def person(self, choice: m.HumanChoice) -> None:
        if self.sent:
            self.world.decide(*self.sent[-1], choice, quantity=Decimal("0.05"))

    def tick(self, seconds: int) -> None:
        self.world.tick(seconds)


@FEW
@given(ACTS)
def test_one_step_is_never_accepted_twice(acts: list[tuple[str, Any]]) -> None:
    story = Flow()
    for act, told in acts:
        story.play(act, told)
    accepted: Counter[str] = Counter()
    for value in story.world.ledger:
        leaf = decode_entry(value)
        if leaf.kind != EntryKind.DECISION:
            continue
        decision = decode(BODY[EntryKind.DECISION], leaf.body)
        if decision.verdict is m.Verdict.ACCEPTED:
            accepted[opened(decision.body, m.Intent).step_id] += 1
    assert [step for step, count in accepted.items() if count > 1] == []
    keys = Counter(order.key for order in story.orders)
    assert [key for key, count in keys.items() if count > 1] == []
    assert replay(story.world.ledger).identical


def test_the_second_answer_to_a_step_is_a_duplicate_or_refused_by_name() -> None:
    story = Flow()
    same = {"action": m.Action.BUY, "step_id": "s1", "quantity": Decimal("0.1"), "attempt": 1}
    said = []
    for changes in ({}, {}, {"quantity": Decimal("0.2")}, {"action": m.Action.HOLD}, {"attempt": 2}):
        story.play("answer", {**same, "doubts": False, "moved": False, **changes})
        said.append(story.world.verdict.verdict)
    duplicate, rejected = m.Verdict.DUPLICATE, m.Verdict.REJECTED
    assert said == [m.Verdict.ACCEPTED, duplicate, rejected, rejected, duplicate]
