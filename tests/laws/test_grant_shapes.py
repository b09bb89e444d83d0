"""Grants have two spellings, canonical JSON and Avro, and they say the same."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from interlock.grants import LAW, PARAMETERS
from rules.contract_document import EVIDENCE_TIERS, FEATURES, ContractDocument
from rules.contract_json import canonical, from_json
from rules.contract_lint import ABORTABLE
from rules.contract_message import (
    contract_message,
    contract_of,
    routing_message,
    routing_of,
    rules_body,
    rules_message,
)
from rules.routing_table import RoutingTable, _Table
from rules.wake_words import SIGNAL_KINDS
from schemas import avsc, models
from schemas.canonical import jcs
from schemas.codec import decode, encode
from schemas.money import plain
from schemas.plain import NotPlain, from_plain, to_plain
from schemas.subjects import Level, subjects
from tests.rules_cases import shipped_contracts, shipped_routing

ids = st.text("abcdefghijklmnopqrstuvwxyz0123456789._-", min_size=1, max_size=12)
sentences = st.text(
    st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40
)  # a lone surrogate is no text


def amounts(low: str = "0", high: str = "1000000", places: int = 18) -> st.SearchStrategy[str]:
    return st.decimals(Decimal(low), Decimal(high), places=places).map(plain)


def several(items: st.SearchStrategy[Any], size: int = 4) -> st.SearchStrategy[list[Any]]:
    return st.lists(items, unique=True, max_size=size)


fractions = amounts("0", "1")
bases = amounts("0.000000000000000001", "1")
counts = st.integers(0, 1_000_000)


@st.composite
def limits(draw):
    single, position = sorted(Decimal(draw(fractions)) for _ in range(2))
    trailing, drawdown = sorted(Decimal(draw(bases)) for _ in range(2))
    warn, rule = sorted(Decimal(draw(bases)) for _ in range(2))
    cutoff = {"time": draw(st.sampled_from(["00:00", "16:20", "23:59"])),
              "zone": draw(st.sampled_from(["America/New_York", "UTC", "Europe/Zurich"]))}  # fmt: skip
    return {
        "max_position_size": draw(amounts("0", "9999999999999999999")), "max_order_value": draw(amounts()),
        "max_position_pct": plain(position), "max_single_trade_pct": plain(single),
        "max_leverage": draw(amounts("0.01", "100", 2)), "max_drawdown_pct": plain(drawdown),
        "trailing_max_drawdown_pct": plain(trailing), "max_daily_loss_pct": draw(bases),
        "consistency_rule_pct": plain(rule), "consistency_warn_pct": plain(warn),
        "max_open_positions": draw(st.integers(0, 1_000)), "min_risk_reward": draw(amounts()),
        "min_stop_atr_multiple": draw(amounts()), "trading_cutoff": draw(st.none() | st.just(cutoff)),
    }  # fmt: skip


def undoing(actions):
    """What a failure may run: only what the contract's own actions can do."""
    needs = {"REVERT": "SELL", "CLOSE_ALL": "CLOSE"}
    every = [each.value for each in models.Compensation]
    return [each for each in every if each not in needs or needs[each] in actions]


@st.composite
def contracts(draw):
    """Any contract that can be written: every field of the document, every choice of its closed words."""
    actions = draw(several(st.sampled_from([each.value for each in models.Action]), 7))
    lanes = draw(several(st.sampled_from([each.value for each in models.Lane]), 3))
    veto = "HALT" in actions
    tiers = draw(several(st.sampled_from(EVIDENCE_TIERS), 3))
    kinds = st.sampled_from([each.value for each in models.IntentKind])
    written = {
        "agent_id": draw(ids), "owner": draw(ids), "role": draw(ids),
        "version": ".".join(str(draw(st.integers(0, 99))) for _ in range(3)),
        "mission": draw(sentences), "scope": draw(sentences),
        "inputs": {"signal_kinds": draw(several(st.sampled_from(SIGNAL_KINDS))),
                   "instruments": draw(several(ids)), "features": draw(several(st.sampled_from(FEATURES))),
                   "headlines": draw(st.booleans())},
        "outputs": {"policy_types": draw(several(kinds, 3))}, "accounts": draw(several(ids)),
        "authority": draw(st.sampled_from([each.value for each in models.Authority])), "topologies": lanes,
        "allowed_instruments": draw(several(ids)), "allowed_actions": actions,
        "forbidden_actions": [] if veto else draw(st.sampled_from([[], ["HALT", "CANCEL"]])),
        "allow_short": draw(st.booleans()), "priority": draw(st.integers(1, 1_000)), "veto": veto,
        "halt_ttl_s": draw(st.integers(1, 604_800)) if veto else 0, "limits": draw(limits()),
        "drift": {"envelope_bps": draw(amounts("0.01", "10000", 2)),
                  "max_context_age_ms": draw(st.integers(1, 86_400_000)),
                  "max_mark_age_ms": draw(st.integers(1, 86_400_000))},
        "retry": {"max_attempts": draw(st.integers(1, 10))},
        "budget": {"proposals_per_window": draw(st.integers(1, 1_000_000)),
                   "window_s": draw(st.integers(1, 86_400)), "max_steps": draw(counts),
                   "max_model_calls": draw(counts), "max_tool_calls": draw(counts),
                   "tokens_per_flow": draw(counts), "rounds_per_flow": draw(st.integers(1, 10))},
        "escalation": {"confidence_threshold": draw(fractions), "max_exposure_usd": draw(amounts()),
                       "requires_human_approval": draw(several(st.sampled_from(["BUY", "SELL", "MANDATE"]))),
                       "budget_per_hour": draw(st.integers(0, 1_000)),
                       "two_persons_above_usd": draw(st.none() | amounts())},
        "wake": draw(st.sampled_from(["", "abs(return_1m) > 0.005", "kind != BAR or held > 0"])),
        "evidence": {"required": tiers or ["source"] if "DLPCI" in lanes else tiers},
        "abort_on_violations": draw(several(st.sampled_from(ABORTABLE))),
        "compensation": draw(st.sampled_from(undoing(actions))),
        "terminate_on_max_loss": draw(st.booleans()),
    }  # fmt: skip
    return from_json(json.dumps(written).encode())


@given(contracts())
def test_a_contract_that_becomes_a_message_and_bytes_comes_back_as_itself(contract):
    message = contract_message(contract)
    again = contract_of(decode(models.ResponsibilityContract, encode(message)))
    assert again == contract
    assert canonical(again) == canonical(contract)


@pytest.mark.parametrize("name", sorted(shipped_contracts()))
def test_every_shipped_contract_has_a_message(name):
    contract = shipped_contracts()[name]
    assert contract_of(contract_message(contract)) == contract


def test_the_shipped_routing_table_survives_its_message():
    table = shipped_routing()
    assert routing_of(decode(models.RoutingTable, encode(routing_message(table)))) == table
    assert routing_of(routing_message(RoutingTable(version="2", rows=table.rows[:1]))).rows == table.rows[:1]


def test_the_shipped_rules_survive_their_message():
    body = jcs({"law": LAW, "parameters": PARAMETERS})
    assert rules_body(decode(models.RuleSet, encode(rules_message(body)))) == body


def members(annotation: Any) -> type[BaseModel] | None:
    """The document inside a field's type: itself, or the one in an optional or a tuple."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in get_args(annotation) if (found := members(each))), None)


def fields_of(document: type[BaseModel], path: str = "") -> set[str]:
    found = set()
    for name, field in document.model_fields.items():
        found.add(f"{path}{name}")
        inner = members(field.annotation)
        found |= fields_of(inner, f"{path}{name}.") if inner else set()
    return found


def records(schema: Any) -> str | None:
    """The record inside a field's schema: itself, or the one in a union or an array."""
    if isinstance(schema, list):
        return next((found for each in schema if (found := records(each))), None)
    if isinstance(schema, dict):
        return records(schema["items"]) if schema["type"] == "array" else None
    known = avsc.written().get(schema)
    return schema if known is not None and known["type"] == "record" else None


def fields_in(name: str, path: str = "") -> set[str]:
    found = set()
    for field in avsc.written()[name]["fields"]:
        found.add(f"{path}{field['name']}")
        inner = records(field["type"])
        found |= fields_in(inner, f"{path}{field['name']}.") if inner else set()
    return found


def test_the_two_field_lists_cannot_drift_apart():
    assert fields_in("interlock.ResponsibilityContract") == fields_of(ContractDocument)
    assert fields_in("interlock.RoutingTable") == fields_of(_Table)


def test_closed_words_are_the_same_in_both_spellings():
    assert tuple(each.value for each in models.SignalKind) == SIGNAL_KINDS
    for field, enum in (("authority", models.Authority), ("compensation", models.Compensation)):
        assert {each.value for each in ContractDocument.model_fields[field].annotation} == set(enum)


def test_a_field_that_only_one_shape_knows_is_refused_by_name():
    written = to_plain(contract_message(shipped_contracts()["risk"]))
    with pytest.raises(NotPlain, match=r"limits\.max_colour"):
        from_plain(
            models.ResponsibilityContract, {**written, "limits": {**written["limits"], "max_colour": "1"}}
        )


def test_grants_may_only_change_so_that_every_release_reads_every_other():
    held = {each.message: each for each in subjects() if each.name.startswith("registry-interlock.")}
    grants = ("ResponsibilityContract", "RoutingTable", "RuleSet")
    assert [held[name].level for name in grants] == [Level.FULL_TRANSITIVE] * 3
