"""Laws of inheritance: what a child may under its parent is in every field no more than either may."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from rules.breakers import past_cutoff
from rules.checker import check
from rules.contract import Authority, Budget, Contract, Cutoff, Drift, Escalation, Limits
from rules.inherit import LEVELS, inherit
from rules.orders import AccountFigures, OrderShape
from rules.resolve import as_written
from schemas.models import Action, Lane
from tests.rules_cases import shipped_contracts

D = Decimal
SHIPPED = shipped_contracts()
figures = st.decimals(min_value=0, max_value=10**6, places=4)
counts = st.integers(0, 1000)
names = st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True, max_size=4).map(tuple)
actions = st.lists(st.sampled_from(Action), unique=True, max_size=7).map(tuple)
cutoffs = st.none() | st.builds(
    Cutoff,
    time=st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59)),
    zone=st.sampled_from(["America/New_York", "UTC", "Asia/Tokyo"]),
)


def of(cls, **special):
    """Every field drawn: ints as counts, the rest as figures, unless told otherwise."""
    drawn = {each.name: counts if each.type == "int" else figures for each in fields(cls)}
    return st.builds(cls, **{**drawn, **special})


@st.composite
def contracts(draw):
    return replace(
        draw(st.sampled_from(sorted(SHIPPED.values(), key=lambda each: each.agent_id))),
        accounts=draw(names),
        authority=draw(st.sampled_from(Authority)),
        allowed_instruments=draw(names),
        allowed_actions=draw(actions),
        forbidden_actions=draw(actions),
        allow_short=draw(st.booleans()),
        limits=draw(of(Limits, trading_cutoff=cutoffs)),
        drift=draw(of(Drift)),
        max_attempts=draw(counts),
        budget=draw(of(Budget)),
        escalation=draw(
            of(Escalation, requires_human_approval=actions, two_persons_above_usd=st.none() | figures)
        ),
        evidence_tiers=draw(names),
        abort_on_violations=draw(names),
        terminate_on_max_loss=draw(st.booleans()),
    )


FLOORS = ("min_risk_reward", "min_stop_atr_multiple", "window_s", "confidence_threshold")
DEMANDS = ("forbidden_actions", "evidence_tiers", "abort_on_violations", "requires_human_approval")
OWN = (
    *("agent_id", "version", "owner", "mission", "scope", "role", "inputs", "outputs", "topologies"),
    *("priority", "veto", "halt_ttl_s", "wake", "compensation"),
)


def looser(found, than) -> list[str]:
    """Names of the fields in which ``found`` permits more than ``than``."""
    wrong = []
    for each in fields(found):
        name, a, b = each.name, getattr(found, each.name), getattr(than, each.name)
        match a:
            case Limits() | Drift() | Budget() | Escalation():
                wrong += looser(a, b)
            case _ if name in OWN:
                pass
            case _ if name == "trading_cutoff":
                hours = [n * 1_800_000_000 for n in range(96)]
                if b is not None and any(past_cutoff(b, t) and not past_cutoff(a, t) for t in hours):
                    wrong.append(name)
            case _ if name == "authority":
                if LEVELS.index(a) > LEVELS.index(b):
                    wrong.append(name)
            case _ if name in DEMANDS:
                if not set(b) <= set(a):
                    wrong.append(name)
            case _ if name == "terminate_on_max_loss":
                if b and not a:
                    wrong.append(name)
            case _ if name == "two_persons_above_usd":
                if b is not None and (a is None or a > b):
                    wrong.append(name)
            case tuple():
                if not set(a) <= set(b):
                    wrong.append(name)
            case _ if name in FLOORS:
                if a < b:
                    wrong.append(name)
            case _:
                if a > b:
                    wrong.append(name)
    return wrong


@given(contracts(), contracts())
def test_a_child_under_its_parent_is_never_looser_than_either_in_any_field(child, parent):
    found = inherit(child, parent)
    assert looser(found, child) == []
    assert looser(found, parent) == []
    assert [name for name in OWN if getattr(found, name) != getattr(child, name)] == []


@given(contracts(), contracts())
def test_inheriting_twice_or_from_oneself_changes_nothing(child, parent):
    once = inherit(child, parent)
    assert inherit(once, parent) == once
    assert inherit(child, child) == child


@given(contracts(), contracts(), st.sampled_from((Action.BUY, Action.SELL)), figures, figures)
def test_what_breaks_either_contract_breaks_the_inherited_one(child, parent, action, quantity, price):
    order = OrderShape(
        action=action, instrument="a", quantity=quantity + 1, price=price + 1, stop=price + D("0.5"),
        target=price + 2, atr=D(1),
    )  # fmt: skip
    account = AccountFigures(equity=D(100_000))
    under = {each.reason for each in check(order, account, as_written(inherit(child, parent).limits))}
    for one in (child, parent):
        assert {each.reason for each in check(order, account, as_written(one.limits))} <= under


def test_every_field_of_a_contract_is_either_tightened_or_named_as_the_childs_own():
    tightened = {each.name for each in fields(Contract)} - set(OWN)
    assert tightened == {
        *("accounts", "authority", "allowed_instruments", "allowed_actions", "forbidden_actions"),
        *("allow_short", "limits", "drift", "max_attempts", "budget", "escalation", "evidence_tiers"),
        "terminate_on_max_loss",
        "abort_on_violations",
    }


def test_the_shipped_stream_agent_under_the_shipped_prover_keeps_its_narrower_figures():
    found = inherit(SHIPPED["sovereign"], SHIPPED["prover"])
    assert found.limits.max_single_trade_pct == D("0.03")
    assert found.drift.envelope_bps == D(50)
    assert Lane.SDS in SHIPPED["prover"].topologies
