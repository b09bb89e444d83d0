"""Adapters of budgets and rates: gate 6 over small cases."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

from kernel.case import Case
from kernel.gates.admission import SECOND_US, admission
from kernel.ruling import Refusal
from kernel.state.standing import AgentRecord
from rules.contract import Budget
from schemas import models as m
from schemas.reasons import Reason
from tests.build import NO_USAGE
from tests.vectors.runner import NotYet, Vector, unit
from tests.vectors.scenes import SDS, Window, case_of, contract_of, desk

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


def window(limit: int, window_us: int) -> Window:
    """A window of any length: contracts count whole seconds, so a micro of theirs is a second here."""
    world = desk()
    flow = world.flow()
    budget = replace(contract_of(world).budget, proposals_per_window=limit, window_s=window_us)
    case = case_of(world, flow, world.intent(flow, m.Action.HOLD), budget=budget)
    assert case.agent_id == SDS
    fresh = replace(case, agent=AgentRecord())
    return Window(case=fresh, gate=admission, window_us=window_us * SECOND_US, start=0)


def slow(at_us: int) -> int:
    """A micro of theirs as a second of the window's."""
    return at_us * SECOND_US


def micros(seconds: Any) -> int:
    return int(Decimal(str(seconds)) * MICROS)


@unit("ours, ms, one charge per admit")
def charged(vector: Vector) -> list[str]:
    given = vector["input"]
    window_us = int(given["window_ms"]) * 1_000
    rolling = window(given["limit"], window_us)
    said: list[str] = []
    for moment in given["at"]:
        found = rolling.charge(slow(moment * 1_000))
        if found is None:
            said.append("ADMIT")
            continue
        assert isinstance(found, Refusal)
        (wait,) = (fact.value for fact in found.facts if fact.name == "wait_us")
        said.append(f"{found.reason.name} {int(wait) // SECOND_US // 1_000}")
    return said


@unit("same, probe")
def probed(vector: Vector) -> dict[str, Any]:
    """``same``: three charges at 0, 10 and 20 s where three a minute are allowed, unless it says its own."""
    given = vector["input"]
    seconds = given.get("window_s", 60)
    rolling = window(given.get("limit", 3), micros(seconds))
    due = sorted(given.get("charges_s", [0, 10, 20]))
    usage: list[int] = []
    capacity: list[bool] = []
    for moment in given["at_s"]:
        while due and due[0] <= moment:
            rolling.charge(slow(micros(due.pop(0))))
        usage.append(rolling.used(slow(micros(moment))))
        capacity.append(rolling.asks(slow(micros(moment))) is None)
    return {"window": f"(t-{seconds}s, t]", "usage": usage, "has_capacity": capacity}


@unit("AE3 refund")
def refunds(vector: Vector) -> dict[str, list[bool]]:
    """What is refused consumes nothing, so nothing is ever given back: a refund changes no window."""
    given = vector["input"]
    rolling = window(given["limit"], micros(given.get("window_s", 60)))
    told: dict[str, list[bool]] = {}
    for name in sorted((key for key in given if re.fullmatch(r"t\d+", key)), key=lambda key: int(key[1:])):
        moment = slow(micros(name[1:]))
        wanted = [int(count) for count in re.findall(r"(?<!refund )\b(\d+)\b", given[name])]
        told[name] = [consumed(rolling, moment, count) for count in wanted]
    last = max(told, key=lambda key: int(key[1:]))
    return {last: told[last]}


def consumed(rolling: Window, moment: int, count: int) -> bool:
    """All of it or nothing: a copy of the window is charged first."""
    before = list(rolling.case.agent.admitted)
    admitted = all(rolling.charge(moment) is None for _ in range(count))
    if not admitted:
        rolling.case.agent.admitted[:] = before
    return admitted
