"""Independent accounts do not notice each other: any interleaving of theirs gives each the same life."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from interlock.projection import projection
from kernel.state.plain import dumped
from ledger.envelope import opened, seal
from schemas import models as m
from tests.build import BTC, ETH, World, signer
from tests.campaign import FEW
from tests.unnumbered import unnumbered

ACCOUNTS = ("paper-1", "paper-2")
KINDS = ("buy", "buy", "close", "hold", "doubt", "report", "halt", "fill", "half", "decline", "fund",
         "reduce", "again", "forge", "person", "mandate", "child", "stand")  # fmt: skip
ACT = st.tuples(st.sampled_from(KINDS), st.integers(0, 4))
ROUNDS = st.lists(
    st.tuples(st.lists(ACT, max_size=4), st.lists(ACT, max_size=4), st.sampled_from((1, 61, 700))),
    min_size=1,
    max_size=3,
)


class Desk:
    """One account's acts in a world that others use too; everything it names is its own."""

    def __init__(self, world: World, account: str) -> None:
        self.world, self.account = world, account
        self.names = 0
        self.sent: list[tuple[m.FlowOpened, m.Envelope]] = []
        self.orders: list[m.KernelIntent] = []
        self.parents: list[m.FlowOpened] = []

    def play(self, kind: str, number: int) -> None:
        getattr(self, kind, lambda value: self.trade(kind, value))(number)
        for output in self.world.run():
            if type(output) is m.Envelope:
                self.orders.append(opened(output, m.KernelIntent))

    def flow(self, *agents: str) -> m.FlowOpened:
        self.names += 1
        name = f"{self.account}-{self.names}"
        return self.world.flow(agents or ("sovereign",), account=self.account, signal=name)

    def send(self, flow: m.FlowOpened, body: m.Envelope) -> None:
        self.sent.append((flow, body))
        self.world.propose(flow, body)

    def trade(self, kind: str, number: int) -> None:
        actions = {"buy": m.Action.BUY, "close": m.Action.CLOSE, "hold": m.Action.HOLD, "doubt": m.Action.BUY}
        flow, action = self.flow(), actions[kind]
        changes: dict[str, Any] = {"confidence": Decimal("0.1")} if kind == "doubt" else {}
        if action is m.Action.BUY:
            changes["quantity"] = Decimal(number + 1) / 5
        self.send(flow, seal(self.world.intent(flow, action, **changes), signer("sovereign")))

    def mandate(self, number: int) -> None:
        flow = self.flow("prover")
        intent = self.world.intent(flow, m.Action.MANDATE, quantity=Decimal(number + 1) / 5)
        self.parents.append(flow)
        self.world.prove(flow, intent)

    def child(self, number: int) -> None:
        if self.parents:
            self.names += 1
            flow = self.world.child(self.parents[-1], self.names)
            self.send(
                flow, seal(self.world.intent(flow, quantity=Decimal(number + 1) / 10), signer("sovereign"))
            )

    def stand(self, number: int) -> None:
        lower = (m.Standing.DEGRADED, m.Standing.ESCALATION_ONLY, m.Standing.PASSIVE)[number % 3]
        verb, wanted = (m.Verb.SUSPEND, lower) if number < 3 else (m.Verb.RESET, m.Standing.ACTIVE)
        self.world.control(verb, account=self.account, agent_id="sovereign", standing=wanted)

    def report(self, number: int) -> None:
        flow = self.flow()
        kind = (m.ReportKind.NO_PROPOSAL, m.ReportKind.ESCALATE)[number % 2]
        self.send(flow, seal(self.world.report(flow, "sovereign", kind), signer("sovereign")))

    def halt(self, number: int) -> None:
        flow = self.flow("strategy", "risk")
        halt = self.world.intent(flow, m.Action.HALT, agent_id="risk", instrument=(None, BTC)[number % 2])
        window = self.world.window(flow, [self.world.intent(flow), halt])
        self.send(flow, seal(window, signer("arbiter")))

    def again(self, number: int) -> None:
        if self.sent:
            self.world.propose(*self.sent[number % len(self.sent)])

    def forge(self, number: int) -> None:
        flow = self.flow()
        self.world.propose(flow, self.world.intent(flow), by="strategy")

    def person(self, number: int) -> None:
        if self.sent:
            choice = tuple(m.HumanChoice)[number % 3]
            self.world.decide(*self.sent[-1], choice, quantity=Decimal("0.1"))

    def fill(self, number: int) -> None:
        self._receipt(number, m.ReceiptStatus.FILLED, 10)

    def half(self, number: int) -> None:
        self._receipt(number, m.ReceiptStatus.PARTIAL, 5)

    def decline(self, number: int) -> None:
        self._receipt(number, m.ReceiptStatus.DECLINED, 0)

    def _receipt(self, number: int, status: m.ReceiptStatus, tenths: int) -> None:
        trades = [order for order in self.orders if order.side]
        if trades:
            order = trades[number % len(trades)]
            self.world.receipt(order, status, order.quantity * tenths / 10, fee="0.31")

    def fund(self, number: int) -> None:
        self.world.control(m.Verb.FUND, account=self.account, amount=Decimal(number + 1))

    def reduce(self, number: int) -> None:
        verb = (m.Verb.REDUCE, m.Verb.RESUME)[number % 2]
        self.world.control(verb, account=self.account)


def lived(rounds: list[Any], orders: list[list[int]]) -> tuple[World, dict[str, Any]]:
    """Rounds of acts of both accounts, interleaved as told; time and one set of quotes end each round."""
    world = World(accounts=ACCOUNTS)
    desks = [Desk(world, account) for account in ACCOUNTS]
    for (first, second, seconds), order in zip(rounds, orders, strict=True):
        waiting = [list(first), list(second)]
        for place in order:
            desks[place].play(*waiting[place].pop(0))
        world.tick(seconds)
        for instrument, price in ((BTC, "4003"), (ETH, "299")):
            world.quote(instrument, price, str(Decimal(price) + 1))
        world.run()
    return world, {account: life(world, account) for account in ACCOUNTS}


def life(world: World, account: str) -> dict[str, Any]:
    """What an account is and what was said to it: no sequence and no position stands in it."""
    state = world.kernel.state
    flows = {name.hex(): dumped(flow) for name, flow in state.flows.items() if flow.account == account}
    agents = {agent: dumped(record) for (name, agent), record in state.agents.items() if name == account}
    told = projection(world.ledger).get(account, [])
    return {"account": unnumbered(state.accounts[account]), "flows": flows, "agents": agents, "told": told}


@FEW
@given(ROUNDS, st.data())
def test_permuting_independent_accounts_changes_nothing(rounds: list[Any], data: st.DataObject) -> None:
    serial = [[0] * len(first) + [1] * len(second) for first, second, _ in rounds]
    mixed = [data.draw(st.permutations(order)) for order in serial]
    _, one = lived(rounds, serial)
    _, other = lived(rounds, mixed)
    assert one == other


@FEW
@given(ROUNDS)
def test_an_account_lives_the_same_life_beside_another_and_alone(rounds: list[Any]) -> None:
    alone = [(first, [], seconds) for first, _, seconds in rounds]
    _, beside = lived(rounds, [[1] * len(second) + [0] * len(first) for first, second, _ in rounds])
    _, by_itself = lived(alone, [[0] * len(first) for first, _, _ in rounds])
    assert beside[ACCOUNTS[0]] == by_itself[ACCOUNTS[0]]
