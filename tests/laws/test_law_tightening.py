"""Tightening a contract never turns a no into a yes: in one judgement, over every field that has an order.

A history is more than one judgement: what a tighter contract refuses early uses up no rate or token later.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import models as m
from schemas.reasons import Reason
from tests.campaign import FEW
from tests.tightening import ORDERED, UNORDERED, Scene, leaves, loosest, ruled, under

ENVELOPE = "drift.envelope_bps"
LIVE = ("4000", "4000", "4002", "4010", "3990", "4100")
SCENES = st.builds(
    Scene,
    action=st.sampled_from([m.Action.BUY] * 4 + [each for each in m.Action if each is not m.Action.MANDATE]),
    quantity=st.sampled_from(("0.5", "0.5", "0.1", "0.6", "5")).map(Decimal),
    confidence=st.sampled_from(("0.9", "0.5", "0.1")).map(Decimal),
    limited=st.booleans(),
    spent=st.sampled_from((0, 1, 256, 257)),
    atr=st.sampled_from(("4", "50")).map(Decimal),
    volatility=st.sampled_from((Decimal("0.001"), Decimal("0.02"), None)),
    moved=st.sampled_from(LIVE),
    waited_s=st.sampled_from((0, 0, 1, 89, 90, 91, 599)),
    cash=st.sampled_from((None, None, Decimal(2004), Decimal(2010), Decimal(0))),
    admitted=st.sampled_from((0, 0, 1, 2)),
    escalated=st.sampled_from((0, 0, 1)),
    standing=st.sampled_from((m.Standing.ACTIVE,) * 4 + (m.Standing.DEGRADED, m.Standing.ESCALATION_ONLY)),
    approved=st.sampled_from((False, False, True)),
    known_quote=st.sampled_from((True,) * 5 + (False,)),
)
STEPS = st.dictionaries(st.sampled_from(sorted(ORDERED)), st.integers(1, 4), max_size=4)
PAIRS = st.lists(st.tuples(STEPS, STEPS), min_size=1, max_size=40)


def tighter(base: dict[str, int], more: dict[str, int]) -> dict[str, int]:
    return {path: base.get(path, 0) + more.get(path, 0) for path in base | more}


def widened(steps: dict[str, int], base: dict[str, int]) -> dict[str, int]:
    """The tighter contract with the envelope of the looser one."""
    kept = {path: step for path, step in steps.items() if path != ENVELOPE}
    return kept | ({ENVELOPE: base[ENVELOPE]} if ENVELOPE in base else {})


@FEW
@given(SCENES, PAIRS)
def test_tightening_a_contract_never_turns_a_refusal_into_an_acceptance(
    scene: Scene, pairs: list[tuple[dict[str, int], dict[str, int]]]
) -> None:
    case, contract = scene.case(), loosest()
    for base, more in pairs:
        tight = tighter(base, more)
        before, reason = ruled(case, under(contract, base))
        after, _ = ruled(case, under(contract, tight))
        if after > before and reason is Reason.INSUFFICIENT_FUNDS:  # the one exception, proven below
            after, _ = ruled(case, under(contract, widened(tight, base)))
        assert after <= before, (base, tight, reason)


@pytest.mark.parametrize("path", sorted(ORDERED))
def test_each_field_alone_only_ever_takes_away(path: str) -> None:
    scenes = [Scene(), Scene(action=m.Action.CLOSE), Scene(action=m.Action.HALT), Scene(action=m.Action.HOLD)]
    scenes += [Scene(action=action, known_quote=False, waited_s=2) for action in m.Action]
    scenes += [Scene(approved=True, known_quote=False, waited_s=2)]
    scenes += [Scene(confidence=Decimal("0.1")), Scene(moved="4010"), Scene(waited_s=91), Scene(spent=256)]
    for scene in scenes:
        case = scene.case()
        said = [ruled(case, under(loosest(), {path: step}))[0] for step in range(len(ORDERED[path]))]
        assert said == sorted(said, reverse=True), (scene, said)


def test_the_one_exception_is_an_order_that_a_narrower_envelope_makes_affordable() -> None:
    """Gate 12 reserves what an order may cost at most, and that is what the envelope bounds.

    A law without this exception would have to reserve what the order cannot cost, or refuse an order that
    the account can pay for: with the same envelope on both sides there is none.
    """
    case = Scene(limited=False, cash=Decimal(2010)).case()
    wide, narrow = under(loosest(), {}), under(loosest(), {ENVELOPE: 3})
    assert ruled(case, wide) == (0, Reason.INSUFFICIENT_FUNDS)
    assert ruled(case, narrow)[0] == 2


def test_the_loosest_contract_lets_an_ordinary_purchase_through() -> None:
    assert ruled(Scene().case(), loosest()) == (2, Reason.NONE)


def test_every_field_of_a_contract_has_an_order_or_a_reason_to_have_none() -> None:
    found = set(leaves(loosest()))
    missing = found - ORDERED.keys() - UNORDERED.keys()
    assert missing == set(), f"say how {missing} are tightened, or why they are not"
    assert ORDERED.keys() <= found
    assert {path for path in UNORDERED if path != "limits.trading_cutoff.zone"} <= found
