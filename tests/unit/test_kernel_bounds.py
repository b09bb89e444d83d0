"""Nothing in the state grows without a bound that is written down."""

from __future__ import annotations

import dataclasses
import typing
from collections import deque
from typing import Any

from kernel.state.accounts import Account
from kernel.state.bounds import BOUNDS
from kernel.state.flows import Flow
from kernel.state.grants import Grants
from kernel.state.leaving import Leaving
from kernel.state.mandates import Mandate
from kernel.state.memory import Memory
from kernel.state.standing import STAMPS_MAX, AgentRecord
from kernel.state.whole import Core, State
from tests.build import NOW, identity

MAPS = (dict, list, set, deque, Leaving)


def maps_of(cls: type[Any]) -> set[str]:
    hints = typing.get_type_hints(cls)
    return {
        f"{cls.__name__}.{field.name}"
        for field in dataclasses.fields(cls)
        if typing.get_origin(hints[field.name]) in MAPS or hints[field.name] in MAPS
    }


def test_every_map_of_the_state_names_its_bound_and_what_leaves_it() -> None:
    found = {f"State.{name}" for name, held in vars(State(identity())).items() if isinstance(held, MAPS)}
    for cls in (Core, Account, Mandate, Flow, AgentRecord, Memory, Grants):
        found |= maps_of(cls)
    assert set(BOUNDS) == found
    assert all(bound.most > 0 and bound.leaves for bound in BOUNDS.values())


def test_stamps_of_an_agent_never_exceed_their_bound() -> None:
    record = AgentRecord()
    for number in range(STAMPS_MAX + 5):
        record.admit(NOW + number)
        record.spend_token(NOW + number)
    assert (len(record.admitted), len(record.escalated)) == (STAMPS_MAX, STAMPS_MAX)
    assert (record.admitted[-1], record.escalated[0]) == (NOW + STAMPS_MAX + 4, NOW + 5)
