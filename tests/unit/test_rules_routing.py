"""Routing: the article's three examples, stated precedence, and tables that cannot be read."""

from decimal import Decimal

import pytest

from rules.config_error import ConfigError
from rules.routing import (
    SignalFacts,
    canonical_routing,
    explain,
    facts_of_instruction,
    facts_of_signal,
    parse_routing,
    route,
    routing_from_yaml,
)
from schemas.models import Instruction, Lane, MarketSignal, News, Quote, Timer, Urgency
from tests.rules_cases import bar, routing_text, shipped_contracts, shipped_routing

D = Decimal


def signal(body=None, **changed):
    given = {
        "source": "test",
        "signal_id": "1",
        "instrument": "btc-usd",
        "venue": "paper",
        "event_time": 1,
        "body": bar(D(100)) if body is None else body,
    }
    return facts_of_signal(MarketSignal(**{**given, **changed}))


def instruction(**changed):
    given = {
        "ledger": bytes(16),
        "account": "paper-1",
        "instruction_id": "1",
        "event_time": 1,
        "decision_class": "audit",
        "instrument": "btc-usd",
        "notional_usd": D(1_000),
        "urgency": Urgency.NORMAL,
        "compliance": True,
        "text_commitment": bytes(32),
    }
    return facts_of_instruction(Instruction(**{**given, **changed}))


def test_a_50_dollar_tactical_adjustment_takes_the_fast_road():
    found = route(shipped_routing(), signal(notional_usd=D(50), urgency=Urgency.HIGH))
    assert (found.lane, found.decision_class, found.agents) == (Lane.SDS, "momentum", ("sovereign",))


def test_a_10000_dollar_rebalancing_is_negotiated():
    found = route(shipped_routing(), signal(notional_usd=D(10_000)))
    assert (found.lane, found.decision_class) == (Lane.EOAM, "rebalance")
    assert found.agents == ("risk", "strategy", "sentiment")
    assert route(shipped_routing(), signal(Timer(schedule="hourly"))).lane is Lane.EOAM


@pytest.mark.parametrize("notional", [None, D(50), D(10_000)])
def test_whatever_is_flagged_for_compliance_is_proven(notional):
    flagged = signal(flags=("compliance",), notional_usd=notional)
    assert route(shipped_routing(), flagged).lane is Lane.DLPCI
    assert route(shipped_routing(), instruction(notional_usd=notional)).lane is Lane.DLPCI


ROADS = (
    (signal(News(headline="text", symbols=("BTC",))), "headline"),
    (signal(notional_usd=D("9999.99")), "momentum"),
    (signal(notional_usd=D("NaN")), "momentum"),
    (signal(Quote(bid=D(1), ask=D(2), bid_size=D(1), ask_size=D(1))), None),
    (signal(Quote(bid=D(1), ask=D(2), bid_size=D(1), ask_size=D(1)), flags=("momentum",)), "momentum-tick"),
    (instruction(), "instruction"),
    (instruction(compliance=False), "instruction"),
    (instruction(decision_class="audit-b"), "audit-b"),
    (instruction(account="nobody"), None),
)


@pytest.mark.parametrize(("facts", "row"), ROADS)
def test_each_class_has_its_row(facts, row):
    found = route(shipped_routing(), facts)
    assert (None if found is None else found.row) == row


def test_an_instruction_concerns_its_own_account_only():
    assert route(shipped_routing(), instruction(account="paper-2")).accounts == ("paper-2",)


def test_routing_says_why():
    tried = explain(shipped_routing(), signal(notional_usd=D(50)))
    assert [each.row for each in tried][-1] == "momentum"
    assert {each.row: each.differs for each in tried}["large"] == "notional"
    assert tried[-1].differs is None
    assert all(each.differs for each in explain(shipped_routing(), instruction(account="nobody")))


def test_every_agent_of_a_row_is_granted_its_lane_and_its_accounts():
    contracts = shipped_contracts()
    for row in shipped_routing().rows:
        for agent in row.agents:
            assert row.lane in contracts[agent].topologies
            assert set(row.accounts) <= set(contracts[agent].accounts)


def test_the_table_survives_the_trip_through_its_canonical_bytes():
    table = shipped_routing()
    assert parse_routing(canonical_routing(table)) == table
    with pytest.raises(ConfigError):
        parse_routing(canonical_routing(table) + b"\n")


FAULTS = (
    ("precedence: 20", "precedence: 10", "rows.precedence"),
    ("row: audit-b", "row: instruction", "rows.row"),
    ("kinds: [TIMER]", "kinds: [GOSSIP]", "rows.rebalance.match.kinds"),
    ("lane: SDS", "lane: AUTOBAHN", "rows.6.lane"),
    ("deadline_ms: 30000", "deadline_ms: 600000", "rows.audit-b.deadline_ms"),
    ("agents: [prover-b]", "agents: []", "rows.0.agents"),
    ("why: news", "because: news", "rows.5.why"),
    ('notional_min: "10000"', "notional_min: lots", "rows.3.match.notional_min"),
)


@pytest.mark.parametrize(("written", "instead", "field"), FAULTS)
def test_an_ill_configured_table_is_a_config_error_naming_its_field(written, instead, field):
    assert written in routing_text()
    with pytest.raises(ConfigError) as caught:
        routing_from_yaml(routing_text().replace(written, instead, 1))
    assert caught.value.field == field


def test_the_order_in_which_rows_are_written_does_not_matter():
    head, *rows = routing_text().split("\n  - row: ")
    turned = "\n  - row: ".join([head, *(row.rstrip() + "\n" for row in reversed(rows))])
    assert routing_from_yaml(turned) == shipped_routing()
    assert route(shipped_routing(), SignalFacts(kind="TIMER", instrument="x")).row == "rebalance"
