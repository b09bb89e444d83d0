"""Gate 1 on the very edge: what may be a flow, what an intent may say, and whose word it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kernel.case import Case
from kernel.gates.shape import CHILD_NUMBER_MAX, SKEW_US, STEPS_MAX, WOKEN_MAX, flow_is_sound, malformed
from kernel.gates.signed import holder, instructed
from kernel.state.flows import COMPENSATION
from kernel.state.mandates import MANDATE_HORIZON_US
from kernel.state.memory import HORIZON_US
from kernel.table import ADMISSION, DRIFT, ESCALATION
from ledger.envelope import seal
from ledger.hashes import child_dfid, dfid
from schemas import models as m
from schemas.codec import encode
from schemas.kinds import Role
from schemas.reasons import Reason
from tests.build import LEDGER, signer
from tests.gate_bench import SDS, A, D, case_of, judged, known
from tests.gate_bench import seen as seen_as
from tests.gate_bench import world as shared


def flow() -> m.FlowOpened:
    return shared().flow()


def framed_for(found: m.FlowOpened) -> m.Mandate:
    return shared().frame(found.snapshot.instruments[0])


UNPRICED: dict[str, Any] = {"limit_price": None, "stop": None, "target_price": None}


def renamed(found: m.FlowOpened, **changes: Any) -> m.FlowOpened:
    """The flow with its changes, under the name that follows from them."""
    found = replace(found, **changes)
    woke = found.trigger
    own = dfid(found.ledger, woke.source, woke.signal_id, found.account, found.decision_class)
    if found.parent is not None and found.parent_step is not None and found.child_number is not None:
        own = child_dfid(found.ledger, found.parent, found.parent_step, found.child_number)
    return replace(found, dfid=own)


# -- gate 1: what may be a flow ----------------------------------------------------------------------------


def steps(count: int) -> tuple[str, ...]:
    return tuple(f"s{number}" for number in range(count))


def woken(count: int) -> tuple[m.WokenAgent, ...]:
    return tuple(replace(flow().woken[0], agent_id=f"a{number}") for number in range(count))


def timed(**changes: int) -> dict[str, Any]:
    """A flow's times, all counted from its trigger's."""
    event = flow().trigger.event_time
    base = {"taken": 0, "deadline": 5, "ends": 9} | changes
    return {
        "snapshot": replace(flow().snapshot, taken_at=event + base["taken"], instruments=()),
        "deadline": event + base["deadline"],
        "flow_expires_at": event + base["ends"],
    }


SHAPES: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"attempt": 2}, True),
    ({"attempt": 0}, False),
    ({"attempt": -1}, False),
    ({"steps": ()}, False),
    ({"steps": steps(STEPS_MAX)}, True),
    ({"steps": steps(STEPS_MAX + 1)}, False),
    ({"steps": ("s1", "S2")}, False),
    ({"steps": ("s1", "")}, False),
    ({"account": "Paper"}, False),
    ({"steps": ("s1", f"{COMPENSATION}1")}, False),
    ({"steps": (f"{COMPENSATION}1",)}, False),
    ({"woken": ()}, False),
    ({"woken": woken(WOKEN_MAX)}, True),
    ({"woken": woken(WOKEN_MAX + 1)}, False),
    ({"woken": woken(1) * 2}, False),
    (timed(), True),
    (timed(taken=-SKEW_US), True),
    (timed(taken=-SKEW_US - 1), False),
    (timed(taken=5), True),
    (timed(taken=6), False),
    (timed(ends=5), True),
    (timed(ends=4), False),
    (timed(ends=HORIZON_US), True),
    (timed(ends=HORIZON_US + 1), False),
]


@pytest.mark.parametrize(("changes", "sound"), SHAPES)
def test_a_flow_is_sound_in_each_of_its_parts_or_not_at_all(changes: dict[str, Any], sound: bool) -> None:
    assert flow_is_sound(renamed(flow(), **changes)) is sound


def family(**changes: Any) -> m.FlowOpened:
    parent = dfid(LEDGER, "tape", "a parent", "paper-1", "test")
    return renamed(flow(), **({"parent": parent, "parent_step": "s1", "child_number": 1} | changes))


@pytest.mark.parametrize(
    ("changes", "sound"),
    [
        ({}, True),
        ({"child_number": CHILD_NUMBER_MAX}, True),
        ({"child_number": CHILD_NUMBER_MAX + 1}, False),
        ({"child_number": 0}, False),
        ({"parent": bytes(16)}, False),
        ({"parent_step": "S1"}, False),
        ({"parent": None}, False),
        ({"parent_step": None}, False),
        ({"child_number": None}, False),
        ({"parent_step": None, "child_number": None}, False),
        ({"parent": None, "child_number": None}, False),
        ({"parent": None, "parent_step": None}, False),
    ],
)
def test_a_child_is_named_after_a_parent_a_step_and_a_number(changes: dict[str, Any], sound: bool) -> None:
    assert flow_is_sound(family(**changes)) is sound


def test_a_flow_under_a_name_that_follows_from_nothing_is_nobodys() -> None:
    elsewhere = dfid(LEDGER, "tape", "another", "paper-1", "test")
    assert not flow_is_sound(replace(flow(), dfid=elsewhere))
    assert not flow_is_sound(replace(family(), dfid=elsewhere))


def test_the_numbers_of_children_and_gates_are_these() -> None:
    assert CHILD_NUMBER_MAX == 2_147_483_647
    assert (ADMISSION, ESCALATION, DRIFT) == (6, 10, 11)


def test_a_flow_nobody_knows_begins_with_its_first_attempt() -> None:
    second = renamed(flow(), attempt=2)
    case = judged(shared(), second, seal(shared().intent(second), signer(SDS)))
    assert malformed(replace(case, known=None))
    assert not malformed(known(case))


# -- gate 1: what an intent may say ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "changes", "refused"),
    [
        (A.CLOSE, {"quantity": D("0.00015")}, True),  # off its lot
        (A.CLOSE, {"quantity": D("0.0002")}, False),
        (A.CANCEL, {"quantity": D("0.00015"), "target": bytes(32)}, False),  # says nothing about a size
        (A.BUY, {"quantity": D("0.00015"), "instrument": "unknown"}, False),  # gate 7 knows of no such thing
        (
            A.BUY,
            {"mandate": shared().frame(flow().snapshot.instruments[0])} | UNPRICED,
            True,
        ),  # not a MANDATE
    ],
)
def test_a_size_is_on_its_lot_and_a_frame_in_its_place(
    action: A, changes: dict[str, Any], refused: bool
) -> None:
    assert malformed(case_of(action, **changes)) is refused


def framed(low: str = "1", high: str = "2", life: int = 60) -> Case:
    found = flow()
    plain = framed_for(found)
    ends = found.snapshot.taken_at + life
    frame = replace(plain, price_low=D(low), price_high=D(high), expires_at=ends)
    return case_of(A.MANDATE, flow=found, quantity=D(1), mandate=frame)


@pytest.mark.parametrize(
    ("frame", "refused"),
    [
        ({}, False),
        ({"low": "2"}, False),
        ({"low": "2.01"}, True),
        ({"low": "0.5"}, False),
        ({"low": "0"}, True),
        ({"life": 1}, False),
        ({"life": 0}, True),
        ({"life": MANDATE_HORIZON_US}, False),
        ({"life": MANDATE_HORIZON_US + 1}, True),
    ],
)
def test_a_frame_has_a_band_and_an_end(frame: dict[str, Any], refused: bool) -> None:
    assert malformed(framed(**frame)) is refused


# -- gate 1: whose word ------------------------------------------------------------------------------------


def test_a_signed_message_of_another_kind_is_no_instruction() -> None:
    woke = replace(flow().trigger, instruction=encode(seal(flow(), signer(SDS))))
    assert instructed(seen_as(case_of(), trigger=woke)) is Reason.MALFORMED


def test_one_signature_names_the_holder_and_no_other_number_does() -> None:
    case = case_of()
    word = case.claim.body
    assert holder(case, word, Role.AGENT) is not None
    other = seal(flow(), signer("risk")).signatures
    for signatures in (
        (),
        word.signatures * 2,
        tuple(sorted(word.signatures + other, key=lambda s: s.keyid)),
    ):
        assert holder(case, replace(word, signatures=signatures), Role.AGENT) is None
