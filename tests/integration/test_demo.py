"""The whole road on the real broker: one hour undisturbed, and one in which everything is killed once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest

from interlock import demo
from interlock.accounts import latest_views
from interlock.demo_show import PlainShow
from interlock.feed.plan import Item
from interlock.projection import balances, projection
from interlock.services.running import Running
from interlock.services.supervisor import Supervisor
from kernel.venues.paper import PaperVenue
from tests.services import HOUR

pytestmark = [pytest.mark.broker, pytest.mark.model, pytest.mark.timeout(900)]

VICTIMS = (
    "selector", "arbiter", "kernel", "executor", "risk", "strategy", "sentiment", "sovereign", "prover",
    "heuristic",
)  # fmt: skip


@dataclass(slots=True)
class Killer:
    """Kills each process once, spread evenly over the tape, right after a group went out."""

    every: int = 9
    seen: int = 0
    killed: tuple[str, ...] = ()

    def __call__(self, item: Item, supervisor: Supervisor) -> None:
        self.seen += 1
        if self.seen % self.every == 0 and len(self.killed) < len(VICTIMS):
            victim = VICTIMS[len(self.killed)]
            supervisor.kill(victim)
            self.killed += (victim,)


@pytest.fixture(scope="module")
def disturbed(services: Running, undisturbed: demo.Ran) -> tuple[demo.Ran, Killer]:
    killer = Killer()
    return demo.run(services.root, demo.Options(wanted=HOUR), PlainShow(), killer), killer


def venue_record(ran: demo.Ran) -> list[tuple[str, Decimal, Decimal, Decimal]]:
    """What the venue itself says it did, in its own order, without ids."""
    venue = PaperVenue(ran.context.running.root / "venue" / f"{ran.context.name}.db", seed="paper")
    found = [(a.status.value, a.quantity, a.average_price, a.fee) for a in venue.orders().values()]
    venue.close()
    return found


def test_every_lane_opens_flows_and_the_ledger_is_verified_and_replayed(undisturbed):
    assert undisturbed.audited.verified, undisturbed.audited.verdict
    assert undisturbed.audited.identical, undisturbed.audited.replay
    assert {lane for lane, count in undisturbed.tally.flows.items() if count} == {"EOAM", "SDS", "DLPCI"}
    assert undisturbed.tally.open == {}
    assert undisturbed.restarts == {}


def test_every_fill_of_the_venue_is_in_the_ledger_and_no_other(undisturbed):
    filled = [line for line in venue_record(undisturbed) if line[1] > 0]
    assert len(filled) == len(undisturbed.tally.fills)
    assert filled


def test_bad_input_is_quarantined_by_name_and_counted(undisturbed):
    for fault in undisturbed.fed.faults:
        assert undisturbed.fed.faults[fault] >= 1
    assert undisturbed.tally.quarantined.total() >= 10


def test_killing_every_process_once_changes_nothing_that_counts(undisturbed, disturbed):
    ran, killer = disturbed
    assert killer.killed == VICTIMS
    assert ran.restarts.keys() >= set(VICTIMS)
    assert ran.audited.verified, ran.audited.verdict
    assert ran.audited.identical, ran.audited.replay
    assert projection(ran.context.ledger()) == projection(undisturbed.context.ledger())
    assert balances(latest_views(ran.context)) == balances(latest_views(undisturbed.context))
    assert venue_record(ran) == venue_record(undisturbed)
