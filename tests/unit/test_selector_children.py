"""A mandate in the view turns the stream's triggers into its children, numbered once and for all."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ledger.hashes import child_dfid, dfid
from schemas.models import FlowOpened, FlowStatus, Lane, MandateView, Side, Verdict, VerdictRecord
from schemas.reasons import Reason
from tests.selector_world import LEDGER, MINUTE, NOON, TIMER, World, bar, flows, framed, quote, reasons, view

PAPER, ETH = "paper-2", "eth-usd"
FRAME = MandateView(
    dfid=bytes(15) + b"\x01", step_id="step-1", agent_id="prover", contract_version="1.1.0", instrument=ETH,
    side=Side.BUY, total=Decimal(5), used=Decimal(0), price_low=Decimal(300), price_high=Decimal(400),
    expires_at=NOON + 60 * MINUTE,
)  # fmt: skip
OTHER = replace(FRAME, dfid=bytes(15) + b"\x02")


class Fast(World):
    """A market in which every bar of ``fast`` wakes the stream agent."""

    def __init__(self) -> None:
        super().__init__()
        self.signal(quote(), "q0")
        self.close = 320
        self.bars = 0
        for _ in range(6):
            self.now += MINUTE
            self.bars += 1
            self.signal(bar("320"), f"b{self.bars}")

    def frames(self, *mandates: MandateView, account: str = PAPER) -> None:
        self.give("accounts.view", view(account, version=2, mandates=mandates), account.encode())

    def fast(self) -> FlowOpened:
        self.now += MINUTE
        self.close += 5
        self.bars += 1
        (flow,) = flows(self.signal(bar(str(self.close)), f"b{self.bars}"))
        return flow


def family(flow: FlowOpened) -> tuple[bytes | None, str | None, int | None]:
    return flow.parent, flow.parent_step, flow.child_number


@pytest.fixture
def world() -> Fast:
    return Fast()


def test_a_trigger_opens_the_next_child_in_the_place_of_its_own_flow(world: Fast) -> None:
    world.frames(FRAME)
    for number in (1, 2):
        flow = world.fast()
        assert family(flow) == (FRAME.dfid, "step-1", number)
        assert flow.dfid == child_dfid(LEDGER, FRAME.dfid, "step-1", number)
        assert (flow.lane, flow.account, flow.decision_class) == (Lane.SDS, PAPER, "momentum")


@pytest.mark.parametrize(
    "frame",
    [
        replace(FRAME, instrument="btc-usd"),
        replace(FRAME, used=Decimal(5)),
        replace(FRAME, expires_at=NOON + 6 * MINUTE),
    ],
)
def test_without_a_mandate_to_be_worked_the_trigger_opens_its_own_flow(
    world: Fast, frame: MandateView
) -> None:
    world.frames(frame)
    flow = world.fast()
    assert family(flow) == (None, None, None)
    assert flow.dfid == dfid(LEDGER, "tape", flow.trigger.signal_id, PAPER, "momentum")


def test_a_mandate_of_another_account_is_not_worked(world: Fast) -> None:
    world.frames(FRAME, account="paper-1")
    assert world.fast().parent is None


def test_the_last_moment_of_a_mandate_counts_and_a_child_does_not_outlive_it(world: Fast) -> None:
    world.frames(replace(FRAME, expires_at=NOON + 7 * MINUTE))
    flow = world.fast()
    assert (flow.parent, flow.flow_expires_at, flow.deadline) == (FRAME.dfid, world.now, world.now)
    assert world.fast().parent is None


def test_other_roads_open_their_own_flows(world: Fast) -> None:
    world.frames(FRAME)
    assert {each.parent for each in flows(world.signal(TIMER, "t1"))} == {None}


def test_the_oldest_mandate_is_worked_first_and_each_has_its_own_numbers(world: Fast) -> None:
    world.frames(OTHER, FRAME)
    assert family(world.fast()) == (OTHER.dfid, "step-1", 1)
    world.frames(replace(OTHER, used=Decimal(5)), FRAME)
    assert family(world.fast()) == (FRAME.dfid, "step-1", 1)
    world.frames(OTHER, FRAME)  # a child of it was not filled
    assert family(world.fast()) == (OTHER.dfid, "step-1", 2)


def test_a_repeated_signal_opens_one_flow_and_takes_one_number(world: Fast) -> None:
    world.frames(FRAME)
    world.fast()
    again = world.signal(bar(str(world.close)), f"b{world.bars}")
    assert (flows(again), reasons(again)) == ([], ["SIGNAL_DUPLICATE"])
    assert world.fast().child_number == 2


def test_the_next_attempt_of_a_child_is_the_same_child(world: Fast) -> None:
    world.frames(FRAME)
    first = world.fast()
    refused = VerdictRecord(
        account=PAPER, dfid=first.dfid, attempt=1, agent_id="sovereign", lane=Lane.SDS,
        verdict=Verdict.REJECTED, reason=int(Reason.STALE_CONTEXT), facts=(), reopens=True,
        flow_status=FlowStatus.REJECTED, explain_commitment=bytes(32), seq=1, at=world.now,
    )  # fmt: skip
    world.give("kernel.verdicts", framed(refused), PAPER.encode())
    (second,) = flows(world.step())
    assert (second.attempt, second.dfid, family(second)) == (2, first.dfid, family(first))
    assert world.fast().child_number == 2


def test_numbers_survive_a_restart_and_leave_with_their_mandate(world: Fast) -> None:
    world.frames(FRAME)
    world.fast()
    assert [key for key in world.kept if key.startswith(b"child/")] == [b"child/paper-2"]
    again = world.restarted()
    assert again.state.whole() == world.selector.state.whole()
    world.selector = again
    assert world.fast().child_number == 2
    world.frames()
    assert [key for key in world.kept if key.startswith(b"child/")] == []
    assert world.selector.state.children.state() == {}
