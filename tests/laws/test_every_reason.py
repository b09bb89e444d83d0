"""Every reason is reached through the whole kernel, comes from its own gate, and says its figures by name.

The scenes are those of `tests/unit/test_kernel_gates.py` and the few below; the table says what each must
leave: the verdict, the flow's status and the facts. A reason without a row or a scene fails.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kernel.gates import GATES
from kernel.replay import replay
from ledger.envelope import seal
from rules.contract import Cutoff
from schemas import models as m
from schemas.kinds import EntryKind
from schemas.reasons import Reason
from tests.build import World, signer
from tests.unit.test_kernel_gates import CASES, SDS, Scene, answer, limits, standing

# reason, verdict (REFUSED: nobody is bound, so a REFUSAL entry; HUMAN: an act of a person), the flow after
# it, and the facts. `again` says that the selector may re-open the flow with a fresh context.
TABLE = """
MALFORMED                  REJECTED  ACTIVE
WRONG_LEDGER               REJECTED  ACTIVE
UNKNOWN_AGENT              REJECTED  ACTIVE
KEY_NOT_VALID              REFUSED   -
BAD_SIGNATURE              REFUSED   -
VERSION_MISMATCH           REJECTED  ACTIVE
WRONG_LANE                 REJECTED  ACTIVE
WRONG_ACCOUNT              REJECTED  ACTIVE
WINDOW_MISMATCH            REJECTED  ACTIVE
APPROVAL_EXPIRED           HUMAN     ESCALATED
APPROVAL_MISMATCH          HUMAN     ESCALATED
STEP_ALREADY_DECIDED       REJECTED  EXECUTING
ATTEMPT_CLOSED             REJECTED  ACTIVE
FLOW_CLOSED                REJECTED  CLOSED
NOT_YET_VALID              REJECTED  REJECTED   early_us
TTL_EXPIRED                REJECTED  REJECTED   late_us
TRADING_HALTED             REJECTED  REJECTED   halted_for_us
REDUCING_ONLY              REJECTED  REJECTED
AGENT_SUSPENDED            REJECTED  REJECTED
AGENT_RETIRED              REJECTED  REJECTED
AGENT_DEGRADED             REJECTED  REJECTED
AGENT_PASSIVE              REJECTED  REJECTED
AGENT_ESCALATION_ONLY      ESCALATED ESCALATED
MAX_LOSS                   REJECTED  REJECTED   measured limit
TRAILING_DRAWDOWN          REJECTED  REJECTED   measured limit
DAILY_LOSS_LIMIT           REJECTED  REJECTED   measured limit
CONSISTENCY_RULE           REJECTED  REJECTED   measured limit
TRADING_CUTOFF             REJECTED  REJECTED   measured limit
RATE_LIMITED               REJECTED  REJECTED   measured limit wait_us
BUDGET_EXCEEDED            REJECTED  REJECTED   measured limit
REASONING_EXHAUSTION       REJECTED  ESCALATED  measured limit
ACTION_FORBIDDEN           REJECTED  REJECTED
UNAUTHORIZED_INSTRUMENT    REJECTED  REJECTED
UNAUTHORIZED_ACCOUNT       REJECTED  REJECTED
AUTHORITY_EXCEEDED         REJECTED  REJECTED
PARENT_AUTHORITY_EXCEEDED  REJECTED  REJECTED
SNAPSHOT_MISMATCH          REJECTED  REJECTED
CONTRACT_MISMATCH          REJECTED  REJECTED
RULES_MISMATCH             REJECTED  REJECTED
EVIDENCE_MISMATCH          REJECTED  REJECTED
EVIDENCE_MISSING           REJECTED  REJECTED
PARAMETER_MISSING          REJECTED  REJECTED   stop_missing
INVERTED_BRACKET           REJECTED  REJECTED   price + bracket
MAX_SINGLE_TRADE           REJECTED  REJECTED   single_trade single_trade_limit + bracket
MAX_POSITION               REJECTED  REJECTED   position_value position_value_limit + bracket
MAX_ORDER_VALUE            REJECTED  REJECTED   order_value order_value_limit + bracket
MAX_OPEN_POSITIONS         REJECTED  REJECTED   open_positions open_positions_limit + bracket
MAX_LEVERAGE               REJECTED  REJECTED   exposure exposure_limit + bracket
MIN_RISK_REWARD            REJECTED  REJECTED   risk_reward risk_reward_limit + bracket
MIN_STOP_ATR               REJECTED  REJECTED   stop_distance stop_distance_limit + bracket
LOW_CONFIDENCE             ESCALATED ESCALATED  measured limit
EXPOSURE_ABOVE_LIMIT       ESCALATED ESCALATED  measured limit
HUMAN_APPROVAL_REQUIRED    ESCALATED ESCALATED
ESCALATION_BUDGET_EXHAUSTED REJECTED REJECTED   measured limit
CONTEXT_TOO_OLD            REJECTED  REJECTED   again age_us limit_us
NO_LIVE_PRICE              REJECTED  REJECTED   again bid ask
STALE_MARK                 REJECTED  REJECTED   again age_us limit_us
STALE_CONTEXT              REJECTED  REJECTED   again moved_bps envelope_bps
LIMIT_PRICE_EXCEEDED       REJECTED  REJECTED   again measured limit
GEOMETRY_BROKEN            REJECTED  REJECTED   again live stop target risk_reward_limit
INSUFFICIENT_FUNDS         REJECTED  REJECTED   measured limit
INSUFFICIENT_POSITION      REJECTED  REJECTED   measured limit
RESOURCE_CONTENTION        REJECTED  REJECTED   open_orders opposite
"""
BRACKET = ("risk_reward", "risk_reward_limit", "stop_distance_atr", "stop_distance_atr_limit", "risk_usd")
ELSEWHERE: dict[Reason, tuple[dict[str, Any], Scene]] = {}


@dataclass(frozen=True)
class Left:
    """What a ruling leaves to be seen."""

    reason: str
    verdict: str
    flow: str
    facts: tuple[str, ...] = ()


def wanted() -> dict[str, Left]:
    rows = [line.split() for line in TABLE.strip().splitlines()]
    return {row[0]: Left(row[0], row[1], row[2], spelled(row[3:])) for row in rows}


def spelled(names: list[str]) -> tuple[str, ...]:
    """The facts' names; ``+ bracket`` stands for those of the bracket that are not named yet."""
    if names[-1:] != ["bracket"]:
        return tuple(names)
    own = names[: names.index("+")]
    return (*own, *(each for each in BRACKET if each not in own))


def elsewhere(reason: Reason, **changed: Any) -> Callable[[Scene], Scene]:
    def add(scene: Scene) -> Scene:
        ELSEWHERE[reason] = (changed, scene)
        return scene

    return add


@elsewhere(Reason.KEY_NOT_VALID)
def a_body_signed_by_a_stranger(world: World) -> None:
    flow = world.flow()
    world.propose(flow, seal(world.intent(flow), signer("stranger")))


@elsewhere(Reason.BAD_SIGNATURE)
def a_signature_that_does_not_verify(world: World) -> None:
    flow = world.flow()
    body = seal(world.intent(flow), signer(SDS))
    world.propose(flow, replace(body, signatures=(replace(body.signatures[0], sig=bytes(64)),)))


def waiting(world: World) -> tuple[m.FlowOpened, m.Envelope]:
    flow = world.flow()
    body = seal(world.intent(flow, confidence=Decimal("0.1")), signer(SDS))
    world.propose(flow, body)
    world.run()
    return flow, body


@elsewhere(Reason.APPROVAL_EXPIRED)
def an_approval_that_came_too_late(world: World) -> None:
    flow, body = waiting(world)
    world.decide(flow, body, m.HumanChoice.OVERRIDE, valid_until=world.now - 1)


@elsewhere(Reason.APPROVAL_MISMATCH)
def an_approval_of_other_bytes(world: World) -> None:
    flow, body = waiting(world)
    world.decide(flow, body, m.HumanChoice.OVERRIDE, payload_digest=bytes(32))


@elsewhere(Reason.AGENT_DEGRADED)
def a_degraded_agent(world: World) -> None:
    standing(world, m.Standing.DEGRADED)
    answer(world)


@elsewhere(Reason.AGENT_ESCALATION_ONLY)
def an_agent_that_may_only_ask(world: World) -> None:
    standing(world, m.Standing.ESCALATION_ONLY)
    answer(world)


@elsewhere(Reason.TRADING_CUTOFF, **{SDS: limits(trading_cutoff=Cutoff(time="06:00", zone="UTC"))})
def a_buy_at_the_minute_of_the_cutoff(world: World) -> None:
    answer(world)


WIDE = {"max_single_trade_pct": Decimal(1), "max_position_pct": Decimal(1), "max_order_value": Decimal(10**6)}


@elsewhere(Reason.INSUFFICIENT_FUNDS, **{SDS: limits(**WIDE)})
def a_purchase_whose_fees_overdraw(world: World) -> None:
    answer(world, quantity=Decimal("24.96"))


def scenes() -> list[Any]:
    found: list[tuple[Reason, dict[str, Any], Scene]] = [
        (reason, changed, scene) for reason, cases in CASES.items() for _, changed, scene in cases
    ]
    found += [(reason, changed, scene) for reason, (changed, scene) in ELSEWHERE.items()]
    return [pytest.param(*each, id=f"{each[0].name}-{each[2].__name__}") for each in sorted(found, key=place)]


def place(found: tuple[Reason, dict[str, Any], Scene]) -> tuple[int, str]:
    return int(found[0]), found[2].__name__


def left(world: World) -> Left:
    """The last ruling of the last run, whatever kind of entry it became."""
    told: list[m.VerdictRecord] = world.told(m.VerdictRecord)
    if told:
        found = told[-1]
        again = ("again",) if found.reopens else ()
        figures = tuple(fact.name for fact in found.facts)
        name = Reason(found.reason).name
        return Left(name, found.verdict.value, found.flow_status.value, (*again, *figures))
    acts: list[m.HumanEntry] = world.entries(EntryKind.HUMAN)
    if acts:
        assert acts[-1].verdict is m.Verdict.REJECTED
        return Left(Reason(acts[-1].reason).name, "HUMAN", acts[-1].flow_status.value)
    (refusal,) = world.entries(EntryKind.REFUSAL)
    return Left(Reason(refusal.reason).name, "REFUSED", "-")


@pytest.mark.parametrize(("reason", "changed", "scene"), scenes())
def test_a_reason_is_reached_with_its_verdict_its_flow_and_its_figures(
    reason: Reason, changed: dict[str, Any], scene: Scene
) -> None:
    world = World(changed=changed)
    scene(world)
    world.run()
    assert wanted()[reason.name] == left(world)
    if not {"manifests", "standing"} & set(scene.__code__.co_names):  # those reach into the state
        assert replay(world.ledger).identical


def test_every_reason_has_a_row_and_a_scene() -> None:
    all_of_them = {each for each in Reason if each is not Reason.NONE}
    assert {each.name for each in all_of_them} == set(wanted())
    assert all_of_them == set(CASES) | set(ELSEWHERE)


def test_only_gate_eleven_can_be_cured_by_another_look() -> None:
    assert {name for name, row in wanted().items() if "again" in row.facts} == {
        each.name for each in Reason if each.curable
    }
    assert {each.gate for each in Reason if each.curable} == {11}


# -- one owner ---------------------------------------------------------------------------------------------

ROOT = Path(__file__).resolve().parent.parent.parent
HELPERS = {"shape": 1, "signed": 1, "window": 1}
# What a gate asks outside its file: the rules both sides of the wall share, the proof, a person's act.
ASKED = {
    "rules/checker.py": {1, 9},  # an agent's own draft may be malformed; the kernel's gate 1 was there before
    "rules/breakers.py": {5},
    "rules/drift.py": {11},
    "ledger/evidence.py": {1, 8},  # the verifier asks who signed, too; gate 8 takes only its own
    "kernel/acts/people.py": {1, 2},  # a person's act takes the place of gates 1 and 2
}


def mentioned(path: Path) -> set[Reason]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return {
        Reason[node.attr]
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Reason"
        and node.attr in Reason.__members__
    } - {Reason.NONE}


def gate_files() -> dict[Path, int]:
    numbers = {gate.__module__.rsplit(".", 1)[-1]: number for number, gate in GATES} | HELPERS
    files = {path for path in (ROOT / "kernel" / "gates").glob("*.py") if path.stem != "__init__"}
    assert {path.stem for path in files} == set(numbers), "a gate file nobody asks"
    return {path: numbers[path.stem] for path in files}


def test_a_gate_gives_no_reason_of_another_gate() -> None:
    foreign = {
        path.name: sorted(each.name for each in mentioned(path) if each.gate != number)
        for path, number in gate_files().items()
    }
    assert {name: found for name, found in foreign.items() if found} == {}
    for name, numbers in ASKED.items():
        assert {each.gate for each in mentioned(ROOT / name)} <= numbers, name


def test_every_reason_stands_in_the_files_of_its_gate() -> None:
    owners: dict[Reason, set[int]] = {}
    for path, number in gate_files().items():
        for each in mentioned(path):
            owners.setdefault(each, set()).add(number)
    for name, numbers in ASKED.items():
        for each in mentioned(ROOT / name):
            owners.setdefault(each, set()).update({each.gate} & numbers)
    assert owners == {each: {each.gate} for each in Reason if each is not Reason.NONE}
