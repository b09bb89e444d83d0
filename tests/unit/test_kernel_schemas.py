"""A schema that no auditor could compile never becomes an entry: the ledger would not verify."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ledger.shapes import form_of
from schemas import models as m
from schemas.canonical import jcs
from schemas.codec import schema_json
from schemas.kinds import EntryKind
from tests.build import World


def offered(shape: Any) -> list[str]:
    """The names of the SCHEMA entries that such a document made."""
    world = World()
    body = jcs({"registry_id": 9_001, "sha256": "00" * 32, "schema": shape})
    world.put("registry", world.document(m.DocumentKind.SCHEMA, "interlock.Later", "1", body))
    world.run()
    return [each.name for each in world.entries(EntryKind.SCHEMA)]


def shape() -> Any:
    return json.loads(schema_json(m.Fact))


def test_a_schema_that_can_be_read_becomes_an_entry_under_its_bare_name() -> None:
    assert offered(shape()) == [form_of(jcs(shape())).name]


@pytest.mark.parametrize(
    "spoiled",
    [
        {"fields": [{"name": "a", "type": "numl"}]},
        {"fields": "none"},
        {"type": "recorded"},
    ],
)
def test_a_schema_that_cannot_be_compiled_is_put_aside_and_the_ledger_goes_on(spoiled: Any) -> None:
    assert offered(shape() | spoiled) == []


@pytest.mark.parametrize("number", [101, -1, 1 << 32, True, "101", None])
def test_a_schema_id_that_is_anothers_or_none_is_refused_and_the_kernel_goes_on(number: Any) -> None:
    world = World()
    released = dict(world.kernel.state.registry.schema_ids.ids)
    assert 101 in released
    body = jcs({"registry_id": number, "sha256": "00" * 32, "schema": shape()})
    world.put("registry", world.document(m.DocumentKind.SCHEMA, "interlock.Later", "1", body))
    world.run()
    assert world.kernel.state.registry.schema_ids.ids == released
    world.bought()  # it still writes its own
