"""Adapters of budgets and rates: gate 6 over small cases."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

from kernel.case import Case
from kernel.gates.admission import SECOND_US, admission
from kernel.ruling import Answer, Refusal
from kernel.state.standing import AgentRecord
from rules.contract import Budget
from schemas import models as m
from schemas.reasons import Reason
from tests.build import ACCOUNT, NO_USAGE
from tests.vectors.runner import NotYet, Vector, unit
from tests.vectors.scenes import SDS, case_of, desk

AMPLE = Budget(
    proposals_per_window=1_000, window_s=60, max_steps=1_000, max_model_calls=1_000, max_tool_calls=1_000,
    tokens_per_flow=1_000_000, rounds_per_flow=10,
)  # fmt: skip
SPENT = ("max_model_calls", "max_tool_calls", "max_steps")
MICROS = Decimal(1_000_000)


def spending(budget: Budget, *, steps: int = 1, **usage: int) -> Case:
    """An answer of so many steps and calls under a budget."""
    world = desk()
    flow = world.flow(steps=tuple(f"s{number}" for number in range(1, steps + 1)))
    intent = world.intent(flow, usage=replace(NO_USAGE, **usage))
    return case_of(world, flow, intent, budget=budget)


def stopped(case: Case) -> Reason | None:
    found = admission(case)
    return found.reason if isinstance(found, Refusal) else None


@unit("truncated_by_budget")
def truncated(vector: Vector) -> bool:
    """Whether the budget stopped it, by name: using exactly what is granted is no truncation."""
    given = vector["input"]
    case = spending(replace(AMPLE, max_steps=given["max_steps"]), steps=given["actions"])
    return stopped(case) is Reason.BUDGET_EXCEEDED


@unit("run_tool_loop")
def tool_loop(vector: Vector) -> dict[str, Any]:
    """One step and one call a request, until a budget stops it: the one without which it would go on."""
    given = vector["input"]
    budget = replace(AMPLE, **{name: given[name] for name in SPENT if name in given})
    answers: list[bool] = []
    for number in range(1, given["requests"] + 1):
        spent = {"steps": number, "tool_calls": number}
        answers.append(stopped(spending(budget, **spent)) is None)
        if not answers[-1]:
            broken = [
                name
                for name in SPENT
                if stopped(spending(replace(AMPLE, **{name: getattr(budget, name)}), **spent))
            ]
            return {"ok": answers, "error": f"budget exceeded: {broken[0]}"}
    return {"ok": answers, "error": None}


@unit("loop request")
def deterministic(vector: Vector) -> dict[str, Any]:
    """A deterministic loop is granted no model call, as our mesh agents are: one that was made is refused."""
    given = vector["input"]
    if given["mode"] != "agentcore-loop":
        raise NotYet(f"no such mode: {given['mode']!r}")
    granted = replace(AMPLE, max_model_calls=0)
    found = stopped(spending(granted, model_calls=given["max_model_calls"]))
    return {"ok": found is None, "error.code": None if found is None else "invalid_budget"}


class Window:
    """A rolling window of a real contract, charged by HOLDs that the kernel accepts and folds.

    Contracts count whole seconds: where a window is none, a thousandth of theirs is a second of ours.
    """

    def __init__(self, limit: int, window_us: int) -> None:
        self.scale = 1 if window_us % SECOND_US == 0 else 1_000
        self.window_us = window_us * self.scale
        budget = replace(AMPLE, proposals_per_window=limit, window_s=self.window_us // SECOND_US)
        self.world = desk(budget=budget)
        self.start = self.world.now

    def charge(self, at_us: int) -> Answer:
        """What a proposal of that moment is answered: None when it is let in, and then it counts."""
        world = self.world
        world.now = self.start + at_us * self.scale
        flow = world.flow()
        world.propose(flow, world.intent(flow, m.Action.HOLD))
        world.run()
        if world.verdict.verdict is m.Verdict.ACCEPTED:
            return None
        return Refusal(reason=Reason(world.verdict.reason), facts=world.verdict.facts)

    def asks(self, at_us: int) -> Answer:
        """What gate 6 would say then, without anything being folded."""
        world, state = self.world, self.world.kernel.state
        flow = world.flow()
        case = case_of(world, flow, world.intent(flow, m.Action.HOLD))
        state.core.now = self.start + at_us * self.scale
        return admission(case)

    @property
    def record(self) -> AgentRecord:
        return self.world.kernel.state.own_agent(ACCOUNT, SDS)

    def used(self, at_us: int) -> int:
        return self.record.since(self.record.admitted, self.start + at_us * self.scale, self.window_us)

    def wait_ms(self, refusal: Refusal) -> int:
        (wait,) = (fact.value for fact in refusal.facts if fact.name == "wait_us")
        return int(wait) // self.scale // 1_000


def micros(seconds: Any) -> int:
    return int(Decimal(str(seconds)) * MICROS)


@unit("ours, ms, one charge per admit")
def charged(vector: Vector) -> list[str]:
    given = vector["input"]
    rolling = Window(given["limit"], int(given["window_ms"]) * 1_000)
    said: list[str] = []
    for moment in given["at"]:
        found = rolling.charge(moment * 1_000)
        if found is None:
            said.append("ADMIT")
            continue
        assert isinstance(found, Refusal)
        said.append(f"{found.reason.name} {rolling.wait_ms(found)}")
    return said


@unit("same, probe")
def probed(vector: Vector) -> dict[str, Any]:
    """``same``: three charges at 0, 10 and 20 s where three a minute are allowed, unless it says its own."""
    given = vector["input"]
    seconds = given.get("window_s", 60)
    rolling = Window(given.get("limit", 3), micros(seconds))
    due = sorted(given.get("charges_s", [0, 10, 20]))
    usage: list[int] = []
    capacity: list[bool] = []
    for moment in given["at_s"]:
        while due and due[0] <= moment:
            rolling.charge(micros(due.pop(0)))
        usage.append(rolling.used(micros(moment)))
        capacity.append(rolling.asks(micros(moment)) is None)
    return {"window": f"(t-{seconds}s, t]", "usage": usage, "has_capacity": capacity}


@unit("AE3 refund")
def refunds(vector: Vector) -> dict[str, list[bool]]:
    """What is refused consumes nothing, so nothing is ever given back: a refund changes no window."""
    given = vector["input"]
    rolling = Window(given["limit"], micros(given.get("window_s", 60)))
    told: dict[str, list[bool]] = {}
    for name in sorted((key for key in given if re.fullmatch(r"t\d+", key)), key=lambda key: int(key[1:])):
        moment = micros(name[1:])
        wanted = [int(count) for count in re.findall(r"(?<!refund )\b(\d+)\b", given[name])]
        told[name] = [consumed(rolling, moment, count) for count in wanted]
    last = max(told, key=lambda key: int(key[1:]))
    return {last: told[last]}


def consumed(rolling: Window, moment: int, count: int) -> bool:
    """All of it or nothing: what was let in of a part is taken back."""
    before = list(rolling.record.admitted)
    admitted = all(rolling.charge(moment) is None for _ in range(count))
    if not admitted:
        rolling.record.admitted[:] = before
    return admitted
