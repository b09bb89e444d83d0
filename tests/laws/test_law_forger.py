"""A forger burns nothing: not an attempt, not a budget, not a token, not a step of anybody else's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ledger.envelope import seal
from schemas import models as m
from tests.build import LEDGER, World, signer
from tests.campaign import FEW
from tests.unnumbered import untimed

SDS = "sovereign"
STRANGERS = ("strategy", "selector", "arbiter", "executor", "operator", "nobody")
Forgery = Callable[[World, m.FlowOpened, str], object]


def unsigned(body: m.Envelope) -> m.Envelope:
    return replace(body, signatures=(replace(body.signatures[0], sig=bytes(64)),))


def another_key(world: World, flow: m.FlowOpened, who: str) -> None:
    world.propose(flow, world.intent(flow), by=who)


def broken_signature(world: World, flow: m.FlowOpened, who: str) -> None:
    world.propose(flow, unsigned(seal(world.intent(flow), signer(SDS))))


def swapped_payload(world: World, flow: m.FlowOpened, who: str) -> None:
    honest = seal(world.intent(flow), signer(SDS))
    other = seal(world.intent(flow, quantity=Decimal("0.1")), signer(SDS))
    world.propose(flow, replace(honest, payload=other.payload))


def forged_flow(world: World, flow: m.FlowOpened, who: str) -> None:
    world.propose(flow, world.intent(flow), selector=who if who != "selector" else "watch")


def someone_elses_name(world: World, flow: m.FlowOpened, who: str) -> None:
    world.propose(flow, seal(world.intent(flow, agent_id="prover"), signer(who)))


def report_for_another(world: World, flow: m.FlowOpened, who: str) -> None:
    world.propose(flow, world.report(flow, SDS, m.ReportKind.ESCALATE), by=who)


def another_account(world: World, flow: m.FlowOpened, who: str) -> None:
    world.propose(flow, world.intent(flow, account="paper-2"), by=who)


def forged_person(world: World, flow: m.FlowOpened, who: str) -> None:
    body = seal(world.intent(flow), signer(SDS))
    world.decide(flow, body, m.HumanChoice.ABORT)
    record = world.queue.pop()
    act = m.HumanDecision(
        ledger=LEDGER, serial=10**6, account=flow.account, dfid=flow.dfid, choice=m.HumanChoice.ABORT,
        payload_digest=bytes(32), price_shown=None, valid_until=world.now, explain_commitment=bytes(32),
    )  # fmt: skip
    world.put(record.topic, seal(act, signer(who if who != "operator" else "watch")))


def forged_command(world: World, flow: m.FlowOpened, who: str) -> None:
    world.control(m.Verb.RETIRE, agent_id=SDS, by=who if who != "operator" else "executor")


def forged_hello(world: World, flow: m.FlowOpened, who: str) -> None:
    contract = world.contracts[SDS]
    hello = m.Manifest(
        ledger=LEDGER, agent_id=SDS, contract_version=contract.version, contract_hash=bytes(32),
        schema_majors=(), policy_types=(), at=world.now,
    )  # fmt: skip
    world.put("agents.manifest", seal(hello, signer(who)))


def garbage(world: World, flow: m.FlowOpened, who: str) -> None:
    world.put("proposals", None, raw=who.encode() * 20)


FORGERIES: tuple[Forgery, ...] = (
    another_key, broken_signature, swapped_payload, forged_flow, someone_elses_name, report_for_another,
    another_account, forged_person, forged_command, forged_hello, garbage,
)  # fmt: skip


@FEW
@given(
    st.lists(st.tuples(st.sampled_from(FORGERIES), st.sampled_from(STRANGERS)), min_size=1, max_size=12),
    st.booleans(),
)
def test_whatever_is_forged_the_honest_answer_is_judged_as_if_nothing_had_been(
    forgeries: list[tuple[Forgery, str]], known: bool
) -> None:
    """known: the flow is already in the ledger, because its agent was refused once and may try again."""
    world = World()
    flow = world.flow(signal="one")
    if known:
        world.quote("btc-usd", "4100", "4101")
        world.propose(flow, world.intent(flow))
        world.run()
        assert world.verdict.reopens
        flow = world.flow(signal="one", attempt=2)
    before = untimed(world.kernel.state)
    for forge, who in forgeries:
        forge(world, flow, who)
        world.run()
    assert untimed(world.kernel.state) == before
    world.propose(flow, world.intent(flow))
    world.run()
    assert world.verdict.verdict is m.Verdict.ACCEPTED


def test_what_the_agent_itself_signs_does_consume() -> None:
    world = World()
    before = untimed(world.kernel.state)
    flow = world.flow()
    world.propose(flow, world.intent(flow, confidence=Decimal("0.1")))
    world.run()
    assert untimed(world.kernel.state) != before
