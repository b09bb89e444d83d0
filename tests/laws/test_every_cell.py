"""Action × gate, cell by cell: an action is refused by a gate exactly when the law says it is asked.

Two proofs a cell. With every other gate struck dumb, a gate that always says no is heard or not; and with all
gates as they are, a trouble of each gate's own kind stops the action, or lets it pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kernel import judge
from kernel.case import Case, Stance
from kernel.gates import GATES
from kernel.ruling import Answer, Refusal
from kernel.table import COMPENSATION, FACES, REPORT
from ledger.envelope import seal
from rules.contract import Contract, Cutoff
from schemas import models as m
from schemas.reasons import Reason
from tests.build import ACCOUNT, BTC, ETH, NO_USAGE, SECOND, World, granted, signer

# The design's words as a table: x is asked, a dot is not.
LAW = """
             1  2  3  4  5  6  7  8  9 10 11 12
HALT         x  x  x  x  .  .  x  .  .  .  .  .
HOLD         x  x  x  x  x  x  x  x  .  .  .  .
CANCEL       x  x  x  x  .  .  x  .  .  .  .  .
REDUCING     x  x  x  x  .  .  x  x  x  .  x  x
INCREASING   x  x  x  x  x  x  x  x  x  x  x  x
MANDATE      x  x  x  x  x  x  x  x  x  x  x  x
"""
SDS = "sovereign"
A = m.Action
STANCES = {
    "HALT": Stance.HALT,
    "HOLD": Stance.HOLD,
    "CANCEL": Stance.CANCEL,
    "CLOSE": Stance.REDUCING,
    "SELL what is held": Stance.REDUCING,
    "SELL beyond it": Stance.INCREASING,
    "BUY": Stance.INCREASING,
    "MANDATE": Stance.MANDATE,
}
NUMBERS = range(1, 13)


def law() -> dict[Stance, frozenset[int]]:
    rows = [line.split() for line in LAW.strip().splitlines()[1:]]
    return {
        Stance[name]: frozenset(number for number, cell in enumerate(cells, start=1) if cell == "x")
        for name, *cells in rows
    }


def test_the_table_in_code_is_the_law() -> None:
    assert law() == FACES
    assert frozenset({1, 2}) == REPORT
    assert frozenset({4, 7, 9, 11, 12}) == COMPENSATION


def test_the_gates_stand_in_the_order_of_their_numbers_and_names() -> None:
    assert [(number, gate.__name__) for number, gate in GATES] == list(
        enumerate(
            ("integrity", "idempotency", "validity", "standing", "breakers", "admission", "authority",
             "evidence", "limits", "escalation", "drift", "reservation"),
            start=1,
        )
    )  # fmt: skip


def sovereign() -> Contract:
    return next(each for each in granted() if each.agent_id == SDS)


def free(**fields: Any) -> dict[str, Any]:
    """A contract under which every action may be tried."""
    every = {"allowed_actions": tuple(A), "forbidden_actions": (), "veto": True, "halt_ttl_s": 60}
    return {SDS: every | fields}


def world_of(action: str, **fields: Any) -> tuple[World, m.FlowOpened]:
    """A world that holds half a bitcoin, with what the action needs."""
    world = World(changed=free(**fields))
    world.bought()
    if action == "CANCEL":
        other = world.flow(instrument=ETH)
        world.propose(other, world.intent(other))
        world.run()
    return world, world.flow()


def intent(world: World, flow: m.FlowOpened, action: str, **changes: Any) -> m.Intent:
    kind = A[action.split()[0]]
    wanted: dict[str, Any] = {}
    if kind is A.CANCEL:
        wanted = {"target": next(iter(world.kernel.state.accounts[ACCOUNT].orders)), "instrument": None}
    elif kind is A.SELL:
        wanted = {"stop": Decimal(4080), "target_price": Decimal(3800),
                  "quantity": Decimal("0.5" if action == "SELL what is held" else "0.6")}  # fmt: skip
    return world.intent(flow, kind, **(wanted | changes))


def asked_alone(monkeypatch: pytest.MonkeyPatch, number: int, reason: Reason) -> None:
    """Every gate passes but this one, which always says no."""

    def no(case: Case) -> Answer:
        return Refusal(reason=reason)

    def dumb(case: Case) -> Answer:
        return None

    monkeypatch.setattr(judge, "GATES", tuple((each, no if each == number else dumb) for each, _ in GATES))


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("action", STANCES)
def test_a_gate_is_heard_exactly_where_the_law_asks_it(
    monkeypatch: pytest.MonkeyPatch, action: str, number: int
) -> None:
    world, flow = world_of(action)
    world.propose(flow, intent(world, flow, action))
    reason = next(each for each in Reason if each.gate == number)
    asked_alone(monkeypatch, number, reason)
    world.run()
    asked = number in law()[STANCES[action]]
    assert (world.verdict.reason == reason) is asked
    assert (world.verdict.verdict is m.Verdict.ACCEPTED) is not asked


@pytest.mark.parametrize("number", NUMBERS)
def test_a_report_is_asked_only_who_it_is_and_whether_it_was_there_before(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    world = World()
    flow = world.flow()
    world.propose(flow, world.report(flow, SDS))
    asked_alone(monkeypatch, number, next(each for each in Reason if each.gate == number))
    world.run()
    assert (world.verdict.verdict is m.Verdict.REJECTED) is (number in (1, 2))


# -- troubles of each gate's own kind ----------------------------------------------------------------------

Trouble = Callable[[World, str], None]
TROUBLES: dict[int, tuple[dict[str, Any], Trouble]] = {}


def trouble(number: int, **fields: Any) -> Callable[[Trouble], Trouble]:
    def add(found: Trouble) -> Trouble:
        TROUBLES[number] = (fields, found)
        return found

    return add


def put(world: World, action: str, **changes: Any) -> None:
    flow = world.flow()
    world.propose(flow, intent(world, flow, action, **changes))


@trouble(1)
def another_ledger(world: World, action: str) -> None:
    put(world, action, ledger=bytes(16))


@trouble(2)
def delivered_twice(world: World, action: str) -> None:
    flow = world.flow()
    body = seal(intent(world, flow, action), signer(SDS))
    world.propose(flow, body)
    world.run()
    world.propose(flow, body)


@trouble(3)
def too_early(world: World, action: str) -> None:
    put(world, action, valid_from=world.now + SECOND)


@trouble(4)
def suspended(world: World, action: str) -> None:
    world.control(m.Verb.SUSPEND, agent_id=SDS)
    world.run()
    put(world, action)


@trouble(5, limits=replace(sovereign().limits, trading_cutoff=Cutoff(time="06:10", zone="UTC")))
def after_the_bell(world: World, action: str) -> None:
    world.tick(600)
    world.quote(BTC, "4000", "4001")
    world.run()
    put(world, action)


@trouble(6)
def too_many_words(world: World, action: str) -> None:
    put(world, action, usage=replace(NO_USAGE, tokens_in=257))


@trouble(7)
def of_a_kind_never_granted(world: World, action: str) -> None:
    put(world, action, kind=m.IntentKind.ATOM, instrument="doge-usd")


@trouble(8)
def decided_on_something_else(world: World, action: str) -> None:
    put(world, action, state_hash=bytes(32))


@trouble(9)
def too_large(world: World, action: str) -> None:
    # Leaving has no size that is too large, and what is idle or takes an order back has no size.
    put(world, action, **({"quantity": Decimal(39)} if action == "BUY" else {}))


@trouble(10)
def in_doubt(world: World, action: str) -> None:
    put(world, action, confidence=Decimal("0.1"))


@trouble(11)
def without_a_price(world: World, action: str) -> None:
    flow = world.flow()
    world.quote(BTC, "4001", "4000")
    world.propose(flow, intent(world, flow, action))


@trouble(12)
def against_an_open_order(world: World, action: str) -> None:
    flow = world.flow()
    leaving = A.BUY if action in ("CLOSE", "SELL what is held") else A.CLOSE
    quantity = Decimal("0.1")
    world.propose(flow, world.intent(flow, leaving, quantity=quantity))
    world.run()
    assert world.verdict.verdict is m.Verdict.ACCEPTED
    put(world, action)


# R: refused by that gate; E: escalated by it; D: a duplicate; a dot: accepted all the same. Reducing has no
# size that gate 9 finds too large, and it is asked there all the same (an instrument must be named).
OUTCOMES = """
                     1  2  3  4  5  6  7  8  9 10 11 12
HALT                 R  D  R  R  .  .  R  .  .  .  .  .
HOLD                 R  D  R  R  R  R  R  R  .  .  .  .
CANCEL               R  D  R  R  .  .  R  .  .  .  .  .
CLOSE                R  D  R  R  .  .  R  R  .  .  E  R
SELL_what_is_held    R  D  R  R  .  .  R  R  .  .  R  R
BUY                  R  D  R  R  R  R  R  R  R  E  R  R
"""


def cells() -> list[Any]:
    rows = [line.split() for line in OUTCOMES.strip().splitlines()[1:]]
    return [
        pytest.param(name.replace("_", " "), number, outcome, id=f"{name}-{number}")
        for name, *found in rows
        for number, outcome in enumerate(found, start=1)
    ]


@pytest.mark.parametrize(("action", "number", "outcome"), cells())
def test_a_trouble_stops_an_action_exactly_where_its_gate_is_asked(
    action: str, number: int, outcome: str
) -> None:
    fields, found = TROUBLES[number]
    world, _ = world_of(action, **fields)
    found(world, action)
    world.run()
    said = world.verdict
    verdicts = {"R": m.Verdict.REJECTED, "E": m.Verdict.ESCALATED, "D": m.Verdict.DUPLICATE,
                ".": m.Verdict.ACCEPTED}  # fmt: skip
    assert said.verdict is verdicts[outcome], Reason(said.reason).name
    assert outcome in ".D" or Reason(said.reason).gate == number


def test_a_halt_faces_of_gate_two_only_its_own_redelivery() -> None:
    world, flow = world_of("HALT")
    world.propose(flow, intent(world, flow, "BUY"))
    world.run()
    world.propose(flow, intent(world, flow, "HALT"))  # the step is taken, and it does not matter
    world.run()
    assert world.verdict.verdict is m.Verdict.ACCEPTED
