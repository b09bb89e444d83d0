"""Laws of the kernel over random histories: a script of acts, played through the real processor."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel import consumer, snapshot
from kernel.entries import next_entry
from kernel.fold import fold
from kernel.replay import replay
from kernel.state.whole import State
from ledger.chain import Head
from ledger.envelope import opened, seal
from schemas import models as m
from tests.build import BTC, ETH, World, identity, signer
from tests.unnumbered import untimed

Act = tuple[str, int, int]
PRICES = ("3980", "4000", "4004", "4060", "4001")
KINDS = ("quote", "buy", "buy", "close", "hold", "halt", "fill", "partial", "decline", "tick", "again",
         "redeliver", "forge", "report", "doubt", "approve", "control", "garbage", "mandate", "child",
         "stand")  # fmt: skip
ACTS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 4), st.integers(0, 9)), min_size=3, max_size=14
)
EXAMPLES = int(os.environ.get("LAWS", "12"))  # a few in every check, thousands in a campaign
FEW = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


class Story:
    """Plays acts in a world; remembers what was sent, so that it can be sent again."""

    def __init__(self) -> None:
        self.world = World(accounts=("paper-1", "paper-2"))
        self.sent: list[tuple[m.FlowOpened, m.Envelope]] = []
        self.orders: list[m.KernelIntent] = []
        self.parents: list[m.FlowOpened] = []
        self.names = 0

    def play(self, act: Act) -> None:
        kind, first, second = act
        {
            "quote": self.quote, "tick": self.tick, "fill": self.fill, "partial": self.partial,
            "decline": self.decline, "again": self.again, "redeliver": self.redeliver, "forge": self.forge,
            "report": self.report, "approve": self.approve, "control": self.control, "garbage": self.garbage,
            "halt": self.halt, "mandate": self.mandate, "child": self.child, "stand": self.stand,
        }.get(kind, lambda a, b: self.trade(kind, a, b))(first, second)  # fmt: skip

    def settle(self) -> None:
        for output in self.world.run():
            if type(output) is m.Envelope:
                self.orders.append(opened(output, m.KernelIntent))

    def quote(self, first: int, second: int) -> None:
        price = PRICES[first]
        self.world.quote(BTC if second % 3 else ETH, price, str(int(price) + 1))

    def tick(self, first: int, second: int) -> None:
        self.world.tick((1, 30, 61, 700, 4000)[first])

    def trade(self, kind: str, first: int, second: int) -> None:
        world = self.world
        self.names += 1
        account = "paper-1" if second % 4 else "paper-2"
        flow = world.flow(signal=f"n{self.names}", account=account)
        action = {"buy": m.Action.BUY, "close": m.Action.CLOSE, "hold": m.Action.HOLD}.get(kind, m.Action.BUY)
        changes: dict[str, Any] = {} if kind != "doubt" else {"confidence": Decimal("0.1")}
        if action is m.Action.BUY:
            changes["quantity"] = Decimal(first + 1) / 5
        self.send(flow, seal(world.intent(flow, action, **changes), signer("sovereign")))

    def send(self, flow: m.FlowOpened, body: m.Envelope) -> None:
        self.sent.append((flow, body))
        self.world.propose(flow, body)

    def halt(self, first: int, second: int) -> None:
        world = self.world
        flow = world.flow(("strategy", "risk"))
        answers = [world.intent(flow), world.intent(flow, m.Action.HALT, agent_id="risk")]
        self.send(flow, seal(world.window(flow, answers), signer("arbiter")))

    def again(self, first: int, second: int) -> None:
        if self.sent:
            old, _ = self.sent[second % len(self.sent)]
            if old.lane is m.Lane.SDS and old.parent is None:
                flow = self.world.flow(
                    signal=old.trigger.signal_id, attempt=old.attempt + 1, account=old.account
                )
                self.send(flow, seal(self.world.intent(flow), signer("sovereign")))

    def redeliver(self, first: int, second: int) -> None:
        if self.sent:
            flow, body = self.sent[second % len(self.sent)]
            self.world.propose(flow, body)

    def forge(self, first: int, second: int) -> None:
        if self.sent:
            flow, body = self.sent[second % len(self.sent)]
            self.world.propose(flow, replace(body, signatures=(replace(body.signatures[0], sig=bytes(64)),)))

    def report(self, first: int, second: int) -> None:
        flow = self.world.flow()
        kind = (m.ReportKind.NO_PROPOSAL, m.ReportKind.ESCALATE)[first % 2]
        self.send(flow, seal(self.world.report(flow, "sovereign", kind), signer("sovereign")))

    def approve(self, first: int, second: int) -> None:
        if self.sent:
            flow, body = self.sent[second % len(self.sent)]
            choice = (m.HumanChoice.OVERRIDE, m.HumanChoice.ABORT, m.HumanChoice.MODIFY)[first % 3]
            self.world.decide(flow, body, choice, quantity=Decimal("0.1"))

    def control(self, first: int, second: int) -> None:
        verb = (m.Verb.FUND, m.Verb.WITHDRAW, m.Verb.REDUCE, m.Verb.RESUME, m.Verb.HALT)[first]
        amount = Decimal(100 * second) if first < 2 else None
        self.world.control(verb, account="paper-1", amount=amount)

    def mandate(self, first: int, second: int) -> None:
        self.names += 1
        flow = self.world.flow(("prover",), signal=f"n{self.names}")
        intent = self.world.intent(flow, m.Action.MANDATE, quantity=Decimal(first + 1) / 5)
        self.parents.append(flow)
        self.sent.append((flow, seal(intent, signer("prover"))))
        self.world.prove(flow, intent)

    def child(self, first: int, second: int) -> None:
        if self.parents:
            self.names += 1
            flow = self.world.child(self.parents[second % len(self.parents)], self.names)
            intent = self.world.intent(flow, quantity=Decimal(first + 1) / 10)
            self.send(flow, seal(intent, signer("sovereign")))

    def stand(self, first: int, second: int) -> None:
        lower = (m.Standing.DEGRADED, m.Standing.ESCALATION_ONLY, m.Standing.PASSIVE)[first % 3]
        verb, wanted = (m.Verb.SUSPEND, lower) if second < 6 else (m.Verb.RESET, m.Standing.ACTIVE)
        self.world.control(verb, account="paper-1", agent_id="sovereign", standing=wanted)

    def garbage(self, first: int, second: int) -> None:
        topic = ("proposals", "control", "venue.receipts", "human.decisions", "registry")[first]
        self.world.put(topic, None, raw=bytes([second]) * second)

    def fill(self, first: int, second: int) -> None:
        self.answer(second, m.ReceiptStatus.FILLED, 1)

    def partial(self, first: int, second: int) -> None:
        self.answer(second, (m.ReceiptStatus.CANCELLED, m.ReceiptStatus.UNKNOWN)[first % 2], first)

    def decline(self, first: int, second: int) -> None:
        self.answer(second, m.ReceiptStatus.DECLINED, 0)

    def answer(self, which: int, status: m.ReceiptStatus, tenths: int) -> None:
        trades = [order for order in self.orders if order.side]
        if trades:
            order = trades[which % len(trades)]
            done = None if status is m.ReceiptStatus.FILLED else order.quantity * tenths / 10
            price = order.limit_price / 3 if which % 2 else None
            price = None if price is None else price.quantize(Decimal("0.000001"))
            self.world.receipt(order, status, done, price, fee="0.37")


def told(acts: list[Act], *, at_once: int = 1) -> Story:
    """A story told; ``at_once`` acts share one step."""
    story = Story()
    for number, act in enumerate(acts, 1):
        story.play(act)
        if number % at_once == 0:
            story.settle()
    story.settle()
    return story


def texts(state: State) -> dict[str, bytes]:
    return snapshot.texts(state)


def folded(values: list[bytes]) -> tuple[State, Head]:
    state = State(identity())
    head = Head(ledger=identity().ledger, partition=0)
    for value in values:
        entry = next_entry(head, value)
        fold(state, entry.kind, entry.body, entry.seq)
        head = entry.head
    return state, head


@FEW
@given(ACTS)
def test_replay_of_any_ledger_is_identical(acts: list[Act]) -> None:
    found = replay(told(acts).world.ledger)
    assert (found.differences, found.stopped) == ([], "")


@FEW
@given(ACTS)
def test_the_state_folded_from_the_ledger_is_the_live_state(acts: list[Act]) -> None:
    story = told(acts)
    state, head = folded(story.world.ledger)
    assert texts(state) == texts(story.world.kernel.state)
    assert head == story.world.kernel.head


@FEW
@given(ACTS, st.integers(0, 13), st.sampled_from((5, 40, 2_000)))
def test_a_kernel_restored_anywhere_goes_on_as_if_it_had_never_stopped(
    acts: list[Act], cut: int, every: int
) -> None:
    """Snapshots come every 5, 40 or 2,000 entries and at a clean stop; kills without one follow."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consumer, "SNAPSHOT_EVERY", every)
        restored_at(acts, cut)


def restored_at(acts: list[Act], cut: int) -> None:
    story = Story()
    for number, act in enumerate(acts):
        if number == cut:
            for output in story.world.kernel.closing(story.world.now):
                story.world._committed(output)
        if number in (cut, cut + 2):
            before, quotes = texts(story.world.kernel.state), story.world.kernel.quotes
            story.world.restart()
            kernel = story.world.kernel
            assert texts(kernel.state) == before
            story.world.run()
            for name in (BTC, ETH):
                now = kernel.state.now
                assert kernel.quotes.last(name, now) == quotes.last(name, now)
        story.play(act)
        story.settle()
    assert replay(story.world.ledger).identical


@FEW
@given(ACTS)
def test_money_is_conserved_to_the_last_digit(acts: list[Act]) -> None:
    for account in told(acts).world.kernel.state.accounts.values():
        assert account.money_holds()
        assert account.reserved_cash == sum((each.cash for each in account.orders.values()), Decimal(0))
        assert account.reserved_cash >= 0
        for held in account.positions.values():
            assert 0 <= held.reserved <= held.quantity


@FEW
@given(ACTS)
def test_no_step_of_a_flow_is_accepted_twice(acts: list[Act]) -> None:
    story = told(acts)
    head, seen = Head(ledger=identity().ledger, partition=0), set()
    for value in story.world.ledger:
        entry = next_entry(head, value)
        head = entry.head
        if isinstance(entry.body, m.DecisionEntry) and entry.body.intent is not None:
            key = opened(entry.body.intent, m.KernelIntent).key
            step = (entry.body.account, entry.body.dfid)
            assert step not in seen
            assert key not in {each for each in seen if isinstance(each, bytes)}
            seen |= {step, key}


def untouched(world: World, act: Callable[[], object]) -> None:
    """Play what must change nothing: all state but time, positions and sequence is as it was."""
    before = untimed(world.kernel.state)
    act()
    world.run()
    assert untimed(world.kernel.state) == before


@FEW
@given(ACTS, st.integers(0, 9))
def test_a_redelivery_consumes_nothing(acts: list[Act], which: int) -> None:
    story = told(acts)
    priors = story.world.kernel.state.memory.priors
    sent = [pair for pair in story.sent if m_digest(pair[1]) in priors]
    if sent:
        flow, body = sent[which % len(sent)]
        untouched(story.world, lambda: story.world.propose(flow, body))
        assert story.world.verdict.verdict is m.Verdict.DUPLICATE


def m_digest(body: m.Envelope) -> bytes:
    from ledger.envelope import digest

    return digest(body)


@FEW
@given(ACTS, st.integers(0, 9))
def test_a_forger_burns_no_attempt_and_no_budget(acts: list[Act], which: int) -> None:
    story = told(acts)
    untouched(story.world, lambda: story.forge(0, which))


@FEW
@given(ACTS)
def test_a_refusal_changes_no_balance(acts: list[Act]) -> None:
    story = told(acts)
    world = story.world
    before = {name: (a.cash, a.reserved_cash, a.at_cost()) for name, a in world.kernel.state.accounts.items()}
    flow = world.flow()
    world.propose(flow, world.intent(flow, quantity=Decimal(30)))
    world.run()
    assert world.verdict.verdict is m.Verdict.REJECTED
    after = {name: (a.cash, a.reserved_cash, a.at_cost()) for name, a in world.kernel.state.accounts.items()}
    assert after == before


SAFE = st.lists(
    st.tuples(st.sampled_from(("quote", "buy", "hold", "report")), st.integers(0, 4), st.integers(1, 3)),
    min_size=2,
    max_size=8,
)


@FEW
@given(SAFE, st.integers(2, 8))
def test_other_batch_sizes_give_the_same_fold(acts: list[Act], at_once: int) -> None:
    """The same records in the order in which one step takes them: all at once, or one a step."""
    story = Story()
    for act in acts:
        story.play(act)
    batch = sorted(story.world.queue, key=lambda each: ("market.signals", "proposals").index(each.topic))
    ends: list[dict[str, bytes]] = []
    for size in (1, at_once, len(batch)):
        other = Story()
        for start in range(0, len(batch), max(size, 1)):
            other.world.kernel.step(batch[start : start + size], story.world.now)
        state = texts(other.world.kernel.state)
        for numbered in ("core", "memory", "priors"):  # what names a sequence: a BATCH more or less moves it
            del state[numbered]
        ends.append(state)
    assert ends[0] == ends[1] == ends[2]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_halt_preempts_buy_whatever_the_order(order: tuple[int, ...]) -> None:
    world = World()
    flow = world.flow(("risk", "strategy", "sentiment"))
    answers = [
        world.intent(flow, m.Action.HALT, agent_id="risk"),
        world.intent(flow, agent_id="strategy"),
        world.report(flow, "sentiment"),
    ]
    world.propose(flow, world.window(flow, [answers[place] for place in order]))
    world.run()
    assert (world.verdict.action, world.verdict.verdict) == (m.Action.HALT, m.Verdict.ACCEPTED)
