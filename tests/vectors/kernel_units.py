"""Adapters of the kernel's units: validity, attempts, escalations, registration, one execution a key."""

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ledger.envelope import seal
from schemas import models as m
from tests.build import ACCOUNT, SECOND, World, signer
from tests.vectors.runner import NotYet, Said, Vector, unit
from tests.vectors.scenes import (
    ASKED,
    ORDER,
    SDS,
    answered,
    contract_of,
    desk,
    filled,
    market_intent,
    named,
    plain,
    quoted,
    ruled,
)

UNITS_US = {"us": 1, "ms": 1_000, "s": SECOND, "min": 60 * SECOND}
MOMENT = re.compile(r"(valid_from|valid_until)(?:\s*([+-])\s*(\d+)\s*(us|ms|s|min))?")
HOUR = 3_600 * SECOND


@unit("validity")
def validity(vector: Vector) -> Said | str:
    """``now`` is told as a distance from one end; the ends are set so that the world's time is that now."""
    found = MOMENT.fullmatch(vector["input"]["now"])
    if found is None:
        raise NotYet(f"no such moment: {vector['input']['now']!r}")
    end, sign, count, unit_name = found.groups()
    distance = int(count or 0) * UNITS_US[unit_name or "us"] * (-1 if sign == "-" else 1)
    world = desk()
    flow = world.flow()
    moment = world.now - distance
    ends = (moment, moment + 60 * SECOND) if end == "valid_from" else (moment - 60 * SECOND, moment)
    flow = replace(flow, flow_expires_at=max(flow.flow_expires_at, ends[1]))
    world.propose(flow, world.intent(flow, valid_from=ends[0], valid_until=ends[1]))
    world.run()
    return ruled(world)


@unit("retry governor, max {most}")
def retries(vector: Vector, most: str) -> Said | str:
    """A genuine rejection is a curable one: the market moves between looking and acting."""
    world = desk(max_attempts=int(most))
    sent: list[tuple[m.FlowOpened, m.Envelope]] = []

    def attempt(number: int, *, moved: bool) -> None:
        price = 4_000 + 100 * (number % 2)
        world.quote("btc-usd", str(price), str(price + 1))
        world.run()
        flow = world.flow(signal="one", attempt=number)
        sent.append((flow, seal(world.intent(flow), signer(SDS))))
        if moved:
            world.quote("btc-usd", str(price * 2), str(price * 2 + 1))
        world.propose(*sent[-1])
        world.run()

    rejections = vector["input"]["genuine_rejections"]
    for number in range(1, rejections + 1):
        attempt(number, moved=True)
    match vector["input"]["then"]:
        case "submit":
            attempt(rejections + 1, moved=False)
        case "redeliver":
            world.propose(*sent[-1])
            world.run()
        case other:
            raise NotYet(f"no such act: {other!r}")
    return ruled(world)


@unit("escalation budget {most} per hour")
def escalations(vector: Vector, most: str) -> Said | str:
    """The answer to the last request; without a token the agent is PASSIVE and its flow is over."""
    world = desk()
    law = replace(contract_of(world).escalation, budget_per_hour=int(most))
    world = desk(escalation=law)
    requests = vector["input"]["requests_within_hour"]
    start, found = world.now, ASKED
    for number in range(requests):
        world.now = start + number * HOUR // requests
        world.quote("btc-usd", "4000", "4001")
        world.run()
        found = answered(world, confidence=Decimal("0.1"))
        if found == "ESCALATION_BUDGET_EXHAUSTED":
            account = world.kernel.state.accounts[ACCOUNT]
            assert account.standings == {SDS: m.Standing.PASSIVE}
            assert world.verdict.flow_status in (m.FlowStatus.REJECTED, m.FlowStatus.ABORTED)
    return found


@unit("registry")
def registration(vector: Vector) -> Said | str:
    """A sentence about who answers; one we do not know is said to be unknown, never guessed."""
    said = vector["input"]
    for pattern, scene in SENTENCES:
        found = re.fullmatch(pattern, said)
        if found is not None:
            world = desk()
            scene(world, *found.groups())
            return ruled(world)
    raise NotYet(f"no scene for {said!r}")


def unregistered(world: World) -> None:
    flow = world.flow()
    world.propose(flow, seal(replace(world.intent(flow), agent_id="nobody"), signer("nobody")))
    world.run()


def without_hello(world: World) -> None:
    del world.kernel.state.core.manifests[SDS]
    answered(world)


def registers_again(world: World, how: str) -> None:
    verb = {"suspended": m.Verb.SUSPEND, "retired": m.Verb.RETIRE}[how]
    world.control(verb, agent_id=SDS)
    world.run()
    world.hello(SDS)
    world.run()
    answered(world)


def another_version(world: World) -> None:
    answered(world, contract_version="99.0.0")


SENTENCES: tuple[tuple[str, Callable[..., None]], ...] = (
    (r"proposal of an (?:unregistered|unknown) agent", unregistered),
    (r"(suspended|retired) agent re-registers", registers_again),
    (r"proposal of an agent without (?:an accepted )?manifest", without_hello),
    (r"proposal under another contract version", another_version),
)


@unit("execute_run twice")
def executed_twice(vector: Vector) -> list[str]:
    """``r1 BUY A 1@100, executed, executed again``: the envelope of one run, delivered as often."""
    order, *acts = (part.strip() for part in vector["input"]["run"].split(","))
    runs = Runs(cash=10_000, order=order.partition(" ")[2])
    name = order.partition(" ")[0]
    return [runs.execute(name, receipt="R") for act in acts if act.startswith("executed")]


@unit("execute_run {sequence}")
def executed_in_turn(vector: Vector, sequence: str) -> dict[str, Any]:
    """``r1, r2, then r1 again``: what the last delivery says, and what the account holds after all."""
    given = vector["input"]
    runs = Runs(cash=given["cash"], order=given["each"])
    said = [runs.execute(name, receipt=name) for name in re.findall(r"r\d+", sequence)]
    account = runs.world.kernel.state.accounts[ACCOUNT]
    assert account.money_holds()
    held = account.held(named(runs.symbol)).quantity
    assert len(account.positions) == (held > 0)
    positions = {runs.symbol: float(held)} if held else {}
    return {"message": said[-1], "positions": positions, "cash": float(account.cash)}


class Runs:
    """Runs of one order, each a flow of its own, executed by the kernel and filled by a venue."""

    def __init__(self, *, cash: float, order: str) -> None:
        found = ORDER.fullmatch(order)
        assert found is not None, order
        self.symbol = found["symbol"]
        self.size, self.price = Decimal(found["size"]), Decimal(found["price"])
        self.action = m.Action[found["side"]]
        self.world = desk(deposit=str(plain(Decimal(str(cash)))), symbols=(self.symbol,))
        self.sent: dict[str, tuple[m.FlowOpened, m.Envelope]] = {}
        self.receipts: dict[bytes, str] = {}

    def execute(self, name: str, *, receipt: str) -> str:
        world = self.world
        if name not in self.sent:
            quoted(world, self.symbol, self.price)
            world.run()
            flow = world.flow(instrument=named(self.symbol), signal=name)
            intent = market_intent(world, flow, self.action, self.size, self.price)
            self.sent[name] = (flow, seal(intent, signer(SDS)))
        world.propose(*self.sent[name])
        world.run()
        verdict = world.verdict
        if verdict.verdict is m.Verdict.ACCEPTED:
            self.receipts[verdict.intent_key] = receipt
            filled(world, world.order, self.price)
            return f"ACCEPT(receipt {receipt})"
        if verdict.verdict is m.Verdict.DUPLICATE:
            return f"DUPLICATE(receipt {self.receipts[verdict.intent_key]})"
        return f"REJECT({ruled(world)})"
