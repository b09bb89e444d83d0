"""Adapters of the refinement loop: a scripted player before our own checker; a coach's text has no vote."""

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from agents.opinions import Case, Draft, Nothing, Opinion
from agents.refine import refine, violations
from rules.breakers import BreakerFigures, tripped
from rules.presets import Preset, preset
from schemas.models import Action, Position, WorkerState
from schemas.reasons import Reason
from tests.road_world import CALM, account, case, flow_of, opened
from tests.vectors.rules_units import BREAKER_WORDS, CAPITAL, PLENTY, at_new_york
from tests.vectors.runner import NotYet, Vector, unit

PRICE = Decimal(185)
EQUITY = 1_000 * PRICE  # a size of 1 is then 1,000 units, exactly
SMALL, BIG = Decimal("0.05"), Decimal("0.10")
DRAFTS: dict[str, dict[str, Decimal]] = {
    "ok": {},
    "clean": {},
    "big": {"quantity": 1_000 * BIG},
    "garbage": {"quantity": Decimal(-1)},
    "inverted": {"stop": Decimal(187), "target_price": Decimal(180)},
    "thin": {"target_price": Decimal(186)},
}


def drafts(script: str) -> list[str]:
    """The player's drafts in order: ``big, ok``, ``big x3``, ``approve r2``; a coach's words change none."""
    if script.startswith("coach"):
        wanted = next((word for word in DRAFTS if re.search(rf"\b{word}\b", script)), "clean")
        return [wanted] * 10
    approved = re.fullmatch(r"approve r(\d+)", script)
    if approved is not None:
        return ["big"] * (int(approved[1]) - 1) + ["ok"]
    found: list[str] = []
    for part in script.split(","):
        said = re.fullmatch(r"(\w+)(?: x(\d+))?", part.strip())
        if said is None or said[1] not in DRAFTS:
            raise NotYet(f"no draft is called {part.strip()!r}")
        found += [said[1]] * int(said[2] or 1)
    return found


def seen(law: Preset, book: Decimal) -> Case:
    """A flow before an account that already holds ``book`` times its equity elsewhere."""
    elsewhere = Position(
        instrument="elsewhere", quantity=Decimal(1), reserved=Decimal(0), total_cost=book * EQUITY
    )
    view = account(*([elsewhere] if book else []))
    flow = opened(
        "strategy", view=replace(CALM, last=PRICE, bid=PRICE, ask=PRICE, mid=PRICE), view_of_account=view
    )
    shot = replace(flow.snapshot, equity=EQUITY, peak=EQUITY, day_start=EQUITY)
    found = case("strategy", flow_of(replace(flow, snapshot=shot)))
    contract = replace(
        found.contract,
        limits=law.limits,
        abort_on_violations=law.abort_on_violations,
        budget=replace(found.contract.budget, rounds_per_flow=law.rounds_per_flow),
    )
    return replace(found, contract=contract)


def drafted(at: Case, word: str, size: Decimal) -> Draft:
    base = Draft(
        action=Action.BUY, instrument=at.instrument, quantity=1_000 * size, limit_price=PRICE,
        stop=Decimal(183), target_price=Decimal(190), confidence=Decimal(1), explain=word,
    )  # fmt: skip
    return replace(base, **DRAFTS[word])


@unit("CoachLoop({name})")
def loop(vector: Vector, name: str) -> list[Any]:
    """Breakers before any draft, then drafts until one breaks nothing, one aborts, or the rounds are used."""
    script = vector["input"]["script"]
    law = preset(name, max_position_size=PLENTY, max_order_value=PLENTY)
    capital = re.match(r"portfolio capital (\d+)", script)
    if capital is not None:
        return broken(law, Decimal(capital[1]))
    book, size, words = Decimal(0), SMALL, ["ok"]
    opening = re.match(r"open book ([\d.]+) \+ ([\d.]+)", script)
    if opening is not None:
        book, size = Decimal(opening[1]), Decimal(opening[2])
    else:
        words = drafts(script)
    at = seen(law, book)
    player = script_of(at, words, size)
    answer = refine(at, next(player), lambda case, draft, figures: next(player))
    rounds = len(answer.rounds)
    if isinstance(answer.opinion, Draft):
        assert violations(at, answer.opinion) == ()
        return ["APPROVE", rounds + 1]
    assert isinstance(answer.opinion, Nothing)
    last = {Reason(number).name for number in answer.rounds[-1].violations}
    aborted = not last.isdisjoint(law.abort_on_violations)
    assert aborted or rounds == law.rounds_per_flow
    return ["ABORT" if aborted else "REASONING_EXHAUSTED", rounds]


def script_of(at: Case, words: list[str], size: Decimal) -> Iterator[Opinion]:
    """A player with nothing more to say says the same again."""
    for word in words:
        yield drafted(at, word, size)
    while True:
        yield drafted(at, words[-1], size)


def broken(law: Preset, capital: Decimal) -> list[Any]:
    """What a tripped breaker makes of a flow before a draft: on the contract's list it aborts."""
    figures = BreakerFigures(equity=capital, peak=max(CAPITAL, capital), base=CAPITAL, day_start=capital)
    found = tripped(figures, law.limits, at_new_york("09:30"))
    if not found:
        return ["APPROVE", 1]
    assert found[0].reason.name in law.abort_on_violations
    return ["ABORT", 0, BREAKER_WORDS[found[0].reason]]


@unit("loop states")
def states(vector: Vector) -> list[str]:
    return [state.value.lower() for state in WorkerState]
