"""Rolling windows at their edges, and the worker's hello: who may speak, how often, for how much."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from kernel.replay import replay
from kernel.state.whole import MANIFESTS_MAX
from ledger.envelope import seal
from rules.contract_json import canonical
from schemas import models as m
from schemas.kinds import EntryKind
from schemas.reasons import Reason
from tests.build import BTC, NO_USAGE, SECOND, World, granted, signer

SDS, ACCOUNT = "sovereign", "paper-1"
HOUR = 3_600


def part(name: str, **fields: Any) -> dict[str, Any]:
    found = next(each for each in granted() if each.agent_id == SDS)
    return {name: replace(getattr(found, name), **fields)}


def said(world: World, action: m.Action = m.Action.HOLD, **changes: Any) -> str:
    world.quote(BTC, "4000", "4001")
    flow = world.flow()
    world.propose(flow, world.intent(flow, action, **changes))
    world.run()
    found = world.verdict
    return "ACCEPTED" if found.verdict is m.Verdict.ACCEPTED else Reason(found.reason).name


def test_the_rate_window_is_open_at_its_old_end_and_closed_at_the_new_one() -> None:
    world = World(changed={SDS: part("budget", proposals_per_window=2, window_s=60)})
    assert (said(world), said(world)) == ("ACCEPTED", "ACCEPTED")
    assert said(world) == "RATE_LIMITED"
    world.now += 60 * SECOND - 1
    assert said(world) == "RATE_LIMITED"
    world.now += 1
    assert (said(world), said(world), said(world)) == ("ACCEPTED", "ACCEPTED", "RATE_LIMITED")
    assert replay(world.ledger).identical


def test_what_is_refused_before_gate_6_counts_against_no_rate() -> None:
    world = World(changed={SDS: part("budget", proposals_per_window=1, window_s=60)})
    assert said(world, valid_from=world.now + 1) == "NOT_YET_VALID"
    assert said(world, quantity=Decimal(-1)) == "MALFORMED"
    assert said(world, m.Action.BUY, quantity=Decimal(5)) == "MAX_SINGLE_TRADE"  # gate 9: it was admitted
    assert said(world) == "RATE_LIMITED"


def test_rates_are_those_of_one_agent_on_one_account() -> None:
    once = part("budget", proposals_per_window=1, window_s=60)
    world = World(changed={SDS: once}, accounts=(ACCOUNT, "paper-2"))
    assert said(world) == "ACCEPTED"
    flow = world.flow(account="paper-2")
    world.propose(flow, world.intent(flow, m.Action.HOLD))
    world.run()
    assert world.verdict.verdict is m.Verdict.ACCEPTED


def test_a_token_to_ask_a_person_comes_back_after_an_hour() -> None:
    world = World(changed={SDS: part("escalation", budget_per_hour=1)})
    doubt = {"confidence": Decimal("0.1")}
    assert said(world, m.Action.BUY, **doubt) == "LOW_CONFIDENCE"
    world.now += HOUR * SECOND
    assert said(world, m.Action.BUY, **doubt) == "LOW_CONFIDENCE"
    world.now += HOUR * SECOND - 1
    assert said(world, m.Action.BUY, **doubt) == "ESCALATION_BUDGET_EXHAUSTED"
    stands = {each.agent_id: each.standing for each in world.views[ACCOUNT].view.standings}
    assert stands == {SDS: m.Standing.PASSIVE}
    assert replay(world.ledger).identical


BUDGETS = {
    "model_calls": ("max_model_calls", 2),
    "tool_calls": ("max_tool_calls", 3),
    "rounds": ("rounds_per_flow", 2),
}


@pytest.mark.parametrize("used", BUDGETS)
def test_a_budget_is_inclusive(used: str) -> None:
    name, most = BUDGETS[used]
    world = World(changed={SDS: part("budget", **{name: most})})
    assert said(world, usage=replace(NO_USAGE, **{used: most})) == "ACCEPTED"
    assert said(world, usage=replace(NO_USAGE, **{used: most + 1})) == "BUDGET_EXCEEDED"
    assert replay(world.ledger).identical


def test_tokens_are_summed_over_the_attempts_of_a_flow() -> None:
    world = World(changed={SDS: part("budget", tokens_per_flow=100)})
    for attempt, wanted in ((1, Reason.STALE_CONTEXT), (2, Reason.BUDGET_EXCEEDED)):
        flow = world.flow(signal="again", attempt=attempt)
        price = 4000 + 25 * attempt
        world.quote(BTC, str(price), str(price + 1))
        usage = replace(NO_USAGE, tokens_in=40, tokens_out=10 + attempt)
        world.propose(flow, world.intent(flow, usage=usage))
        world.run()
        assert world.verdict.reason == wanted


def test_steps_a_flow_names_are_a_budget_too() -> None:
    world = World(changed={SDS: part("budget", max_steps=1)})
    for steps, wanted in ((("s1",), Reason.NONE), (("s1", "s2"), Reason.BUDGET_EXCEEDED)):
        flow = world.flow(steps=steps)
        world.propose(flow, world.intent(flow, m.Action.HOLD))
        world.run()
        assert world.verdict.reason == wanted


@pytest.mark.parametrize(("attempts", "status"), [(1, "EXHAUSTED"), (2, "REJECTED")])
def test_the_refusal_that_uses_the_last_attempt_exhausts_the_flow_at_once(attempts: int, status: str) -> None:
    world = World(changed={SDS: {"max_attempts": attempts}})
    flow = world.flow()
    world.quote(BTC, "4025", "4026")
    world.propose(flow, world.intent(flow))
    world.run()
    assert world.verdict.flow_status.value == status


# -- hellos ------------------------------------------------------------------------------------------------


def hello(world: World, agent: str = SDS, **changes: Any) -> str:
    world.hello(agent, **changes)
    world.run()
    (entry,) = world.entries(EntryKind.MANIFEST)
    return "ACCEPTED" if entry.accepted else Reason(entry.reason).name


@pytest.mark.parametrize(
    ("majors", "wanted"),
    [
        (("1",), "ACCEPTED"),
        (("1", "2"), "ACCEPTED"),
        (("2",), "VERSION_MISMATCH"),
        ((), "VERSION_MISMATCH"),
        (("1.0",), "VERSION_MISMATCH"),
        (tuple(map(str, range(40))), "VERSION_MISMATCH"),
    ],
)
def test_a_worker_that_shares_no_schema_major_is_refused_at_its_hello(
    majors: tuple[str, ...], wanted: str
) -> None:
    world = World()
    assert hello(world, schema_majors=majors) == wanted
    assert replay(world.ledger).identical


@pytest.mark.parametrize(
    "changes",
    [
        {"contract_version": "9.9.9"},
        {"contract_hash": bytes(32)},
        {"policy_types": (m.IntentKind.ATOM, m.IntentKind.PCI)},
    ],
)
def test_a_worker_whose_contract_does_not_fit_is_refused_at_its_hello(changes: dict[str, Any]) -> None:
    world = World()
    assert hello(world, **changes) == "VERSION_MISMATCH"


def released(world: World, version: str) -> None:
    """A new version of the fast lane's contract, signed and pushed."""
    contract = replace(world.contracts[SDS], version=version)
    world.contracts[SDS] = contract
    world.put("registry", world.document(m.DocumentKind.CONTRACT, SDS, version, canonical(contract)))
    world.run()


def test_a_proposal_under_a_version_nobody_said_hello_for_is_refused() -> None:
    world = World()
    released(world, "1.1.0")
    assert said(world) == "VERSION_MISMATCH"
    assert hello(world, schema_majors=("7",)) == "VERSION_MISMATCH"
    assert said(world) == "VERSION_MISMATCH"
    assert hello(world) == "ACCEPTED"
    assert said(world) == "ACCEPTED"
    assert replay(world.ledger).identical


def test_a_hello_never_re_activates_anybody() -> None:
    for verb in (m.Verb.SUSPEND, m.Verb.RETIRE):
        world = World()
        world.control(verb, agent_id=SDS)
        world.run()
        assert hello(world) == "ACCEPTED"
        assert said(world) == ("AGENT_SUSPENDED" if verb is m.Verb.SUSPEND else "AGENT_RETIRED")


def test_the_oldest_version_by_number_leaves_and_the_newest_stays() -> None:
    world = World()
    for minor in range(1, MANIFESTS_MAX + 4):
        released(world, f"1.{minor}.0")
        assert hello(world) == "ACCEPTED"
    kept = sorted(int(each.split(".")[1]) for each in world.kernel.state.core.manifests[SDS])
    assert kept == list(range(4, MANIFESTS_MAX + 4))
    for output in world.kernel.closing(world.now):
        world._committed(output)
    world.restart()
    assert said(world) == "ACCEPTED"


def test_an_attestors_hello_grants_nothing() -> None:
    world = World()
    said_by = m.Manifest(
        ledger=bytes(range(16)), agent_id="heuristic", contract_version="no version", contract_hash=bytes(32),
        schema_majors=("1",), policy_types=(), at=world.now,
    )  # fmt: skip
    world.put("agents.manifest", seal(said_by, signer("heuristic")))
    world.run()
    assert [each.accepted for each in world.entries(EntryKind.MANIFEST)] == [True]
    assert "heuristic" not in world.kernel.state.core.manifests
