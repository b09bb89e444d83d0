"""Contracts: what is shipped can be read, and what is ill-configured is refused with field and fix."""

import json
from decimal import Decimal

import pytest

from rules.config_error import ConfigError
from rules.contract import Authority
from rules.contract_json import canonical, from_yaml, parse
from rules.presets import NAMES, preset
from schemas.canonical import jcs
from schemas.models import Action, Lane
from tests.rules_cases import contract_text, shipped_contracts

AGENTS = ("prover", "prover-b", "risk", "sentiment", "sovereign", "strategy")


def test_the_shipped_contracts_are_those_of_the_shipped_agents():
    contracts = shipped_contracts()
    assert tuple(sorted(contracts)) == AGENTS
    assert all(contract.agent_id == name for name, contract in contracts.items())


@pytest.mark.parametrize("name", AGENTS)
def test_a_contract_survives_the_trip_through_its_canonical_bytes(name):
    contract = shipped_contracts()[name]
    assert parse(canonical(contract)) == contract


def test_only_risk_may_veto_and_it_may_not_take_a_position():
    contracts = shipped_contracts()
    assert [name for name, contract in contracts.items() if contract.veto] == ["risk"]
    risk = contracts["risk"]
    assert Action.BUY not in risk.allowed_actions
    assert risk.halt_ttl_s == 1_800
    assert risk.priority < min(c.priority for n, c in contracts.items() if n != "risk")


def test_provers_need_evidence_and_nobody_else_has_the_proof_lane():
    for contract in shipped_contracts().values():
        assert (Lane.DLPCI in contract.topologies) == bool(contract.evidence_tiers)
        assert contract.authority is Authority.EXECUTE_LIMITED


FAULTS = (
    ("agent_id: risk", "agent_id: Risk", "agent_id"),
    ("version: 1.0.0", "version: v1.0.0", "version"),
    ("owner: desk-risk\n", "", "owner"),
    ("role: risk", "role: risk\nsuperuser: true", "superuser"),
    ("signal_kinds: [TIMER", "signal_kinds: [GOSSIP", "inputs.signal_kinds"),
    ("features: [last,", "features: [tarot,", "inputs.features"),
    ("accounts: [paper-1, paper-2]", "accounts: [paper-1, paper-1]", "accounts"),
    ("allowed_actions: [HALT, CLOSE", "allowed_actions: [LAUNCH, CLOSE", "allowed_actions.0"),
    ("allowed_actions: [HALT, CLOSE", "allowed_actions: [CLOSE", "veto"),
    ("veto: true", "veto: yes", "veto"),
    ("halt_ttl_s: 1800", "halt_ttl_s: 0", "halt_ttl_s"),
    ("priority: 1 ", "priority: true ", "priority"),
    ("priority: 1 ", 'priority: "1" ', "priority"),
    ('max_leverage: "1"', 'max_leverage: "0"', "limits.max_leverage"),
    ('max_leverage: "1"', 'max_leverage: "NaN"', "limits.max_leverage"),
    ('max_leverage: "1"', 'max_leverage: "1e1"', "limits.max_leverage"),
    ('max_leverage: "1"', 'max_leverage: "-1"', "limits.max_leverage"),
    ('max_drawdown_pct: "0.10"', 'max_drawdown_pct: "0"', "limits.max_drawdown_pct"),
    ('max_daily_loss_pct: "0.03"', 'max_daily_loss_pct: "0"', "limits.max_daily_loss_pct"),
    ('max_position_pct: "0.12"', 'max_position_pct: "0.03"', "limits.max_single_trade_pct"),
    ('consistency_warn_pct: "0.9"', 'consistency_warn_pct: "1.1"', "limits.consistency_warn_pct"),
    ("trading_cutoff: null", "trading_cutoff: {time: 9:30, zone: UTC}", "limits.trading_cutoff.time"),
    (
        "trading_cutoff: null",
        "trading_cutoff: {time: 16:20, zone: Mars/Olympus}",
        "limits.trading_cutoff.zone",
    ),
    ('envelope_bps: "75"', 'envelope_bps: "0"', "drift.envelope_bps"),
    ("max_attempts: 3", "max_attempts: 0", "retry.max_attempts"),
    ("window_s: 3600", "window_s: 0", "budget.window_s"),
    ('wake: ""', 'wake: "exec(1)"', "wake"),
    ("abort_on_violations: [MAX_LOSS", "abort_on_violations: [BAD_MOOD", "abort_on_violations"),
    ("compensation: ALERT_HUMAN", "compensation: PRAY", "compensation"),
    ("topologies: [EOAM]", "topologies: [EOAM, DLPCI]", "evidence.required"),
)


@pytest.mark.parametrize(("written", "instead", "field"), FAULTS)
def test_an_ill_configured_contract_is_a_config_error_naming_its_field_and_a_fix(written, instead, field):
    text = contract_text("risk")
    assert written in text
    with pytest.raises(ConfigError, match="CONFIG_ERROR") as caught:
        from_yaml(text.replace(written, instead))
    assert caught.value.field == field
    assert caught.value.fix


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b"\xff", b"{" * 2_000, b" " * 70_000])
def test_bytes_that_are_no_contract_are_a_config_error(body):
    with pytest.raises(ConfigError):
        parse(body)


def test_another_spelling_of_the_same_grant_is_refused():
    body = canonical(shipped_contracts()["risk"])
    tree = json.loads(body)
    for other in (body + b" ", json.dumps(tree).encode(), body.replace(b'"0.04"', b'"0.040"')):
        assert other != body
        with pytest.raises(ConfigError):
            parse(other)
    assert jcs(tree) == body


def test_a_double_is_no_amount():
    body = canonical(shipped_contracts()["risk"]).replace(b'"0.04"', b"0.04")
    with pytest.raises(ConfigError) as caught:
        parse(body)
    assert caught.value.field == "limits.max_single_trade_pct"


@pytest.mark.parametrize(
    "text", ["a: [1", "a: &x 1\nb: *x", "a: 1\na: 2", "!!python/object:os.system {}", "? [1]\n: 2"]
)
def test_yaml_that_surprises_is_not_read(text):
    with pytest.raises(ConfigError):
        from_yaml(text)


def test_the_five_presets_have_the_figures_of_the_design():
    figures = {}
    for name in NAMES:
        limits = preset(name, max_position_size=Decimal(1), max_order_value=Decimal(1)).limits
        figures[name] = [
            str(limits.max_single_trade_pct),
            str(limits.max_position_pct),
            str(limits.min_risk_reward),
            str(limits.max_leverage),
            limits.max_open_positions,
            str(limits.max_drawdown_pct),
        ]
    assert figures == {
        "conservative": ["0.02", "0.05", "2", "1", 2, "0.05"],
        "moderate": ["0.05", "0.15", "1.5", "1.5", 3, "0.10"],
        "aggressive": ["0.10", "0.30", "1.2", "2", 5, "0.20"],
        "strict": ["0.01", "0.05", "5", "1", 1, "0.03"],
        "futures_compatible": ["0.03", "0.10", "3", "1", 2, "0.05"],
    }
