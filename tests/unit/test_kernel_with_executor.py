"""Kernel, executor and paper venue together: every end an order can have folds as it was meant."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kernel.executor import Executor
from kernel.replay import replay
from kernel.venues.paper import DECLINED_ONE_IN, PARTIAL_ONE_IN, PaperVenue
from ledger.envelope import opened
from rules.contract import Compensation
from schemas import models as m
from schemas.kinds import EntryKind
from schemas.wire import unframed
from tests.build import ACCOUNT, LEDGER, World, signer
from transport.log import Effect, Produce, Record

SHARE = {"partial": (True, False), "whole": (False, False), "declined": (False, True)}


def seed_of(*wanted: str) -> str:
    """A seed by which the account's first orders end so, one after the other."""
    for number in range(100_000):
        drawn = [hashlib.sha256(f"s{number}/{ACCOUNT}/{n}".encode()).digest() for n in range(len(wanted))]
        ends = [(each[2] % PARTIAL_ONE_IN == 0, each[1] % DECLINED_ONE_IN == 0) for each in drawn]
        if ends == [SHARE[each] for each in wanted]:
            return f"s{number}"
    raise AssertionError("no such seed")


class Street:
    """A world whose orders reach a real executor and its venue, and whose receipts come back."""

    def __init__(self, folder: Path, policy: Compensation, *ends: str, **changed: Any) -> None:
        self.world = World(changed={"sovereign": {"compensation": policy} | changed})
        venue = PaperVenue(folder / "venue.db", seed=seed_of(*ends))
        self.executor = Executor(
            ledger=LEDGER, root=signer("root").public, shard=0, signer=signer("executor"), venue=venue
        )
        self.executor.step(self.world.topics.logs[("registry", 0)], self.world.now)
        self.read = 0

    def trade(self, action: m.Action = m.Action.BUY, **changes: Any) -> m.FlowOpened:
        """Propose, and have it ruled on; the order waits on its topic."""
        flow = self.world.flow()
        self.world.propose(flow, self.world.intent(flow, action, **changes))
        self.world.run()
        assert self.world.verdict.verdict is m.Verdict.ACCEPTED, self.world.verdict
        return flow

    def settle(self) -> list[m.FlowStatus]:
        """Let executor and kernel answer each other until nobody says anything; the statuses ledgered."""
        found: list[m.FlowStatus] = []
        while True:
            log = self.world.topics.logs.get(("kernel.intents", 0), [])
            waiting, self.read = log[self.read :], len(log)
            receipts = self._acted(waiting)
            if not receipts:
                return found
            for value in receipts:
                self.world.put("venue.receipts", None, raw=value)
            self.world.run()
            found += [each.flow_status for each in self.world.entries(EntryKind.RECEIPT)]

    def _acted(self, records: list[Record]) -> list[bytes]:
        receipts: list[bytes] = []
        while records:
            outputs, records = self.executor.step(records, self.world.now), []
            for each in outputs:
                if isinstance(each, Effect):
                    records += self.executor.perform(each)
                elif isinstance(each, Produce) and each.topic == "venue.receipts":
                    receipts.append(each.value or b"")
        return receipts

    def account(self) -> Any:
        account = self.world.kernel.state.accounts[ACCOUNT]
        assert account.money_holds()
        assert (account.orders, account.reserved_cash) == ({}, Decimal(0))
        found = replay(self.world.ledger)
        assert (found.differences, found.stopped) == ([], "")
        return account


def test_a_part_of_an_immediate_order_is_a_closed_flow(tmp_path: Path) -> None:
    street = Street(tmp_path, Compensation.REVERT, "partial")
    street.trade()
    assert street.settle() == [m.FlowStatus.CLOSED]
    account = street.account()
    assert (account.positions["btc-usd"].quantity, account.dirty) == (Decimal("0.25"), set())


def test_a_part_of_a_working_order_is_sold_again(tmp_path: Path) -> None:
    street = Street(tmp_path, Compensation.REVERT, "partial", "whole")
    flow = street.trade(time_in_force=m.TimeInForce.GTT)
    assert street.settle() == [m.FlowStatus.ABORTED, m.FlowStatus.ABORTED]
    account = street.account()
    assert (account.positions, account.dirty) == ({}, {flow.dfid})
    assert account.realised <= 0
    assert account.fees > 0


def test_a_compensation_the_venue_declines_is_left_to_a_person(tmp_path: Path) -> None:
    street = Street(tmp_path, Compensation.CLOSE_ALL, "partial", "declined", "whole")
    street.trade(time_in_force=m.TimeInForce.GTT)
    street.settle()
    assert len(street.world.told(m.Escalation)) == 1
    assert street.account().dirty
    street.trade(m.Action.CLOSE)  # a dirty account may be left
    street.settle()
    assert street.account().positions == {}


def test_an_order_that_came_too_late_is_expired_and_gives_everything_back(tmp_path: Path) -> None:
    street = Street(tmp_path, Compensation.REVERT, "whole")
    street.trade()
    street.world.tick(61)
    assert street.settle() == [m.FlowStatus.ABORTED]
    assert (street.account().cash, street.account().dirty) == (Decimal(100000), set())


@pytest.mark.parametrize("together", [True, False])
def test_a_halt_overtakes_an_order_that_was_not_sent(tmp_path: Path, together: bool) -> None:
    allowed = (m.Action.BUY, m.Action.SELL, m.Action.HALT)
    halting = {"allowed_actions": allowed, "forbidden_actions": (), "veto": True, "halt_ttl_s": 9}
    street = Street(tmp_path, Compensation.REVERT, "whole", **halting)
    street.trade()
    if not together:
        street.settle()
    street.trade(m.Action.HALT)
    assert street.settle() == ([m.FlowStatus.ABORTED] if together else [])
    assert (street.account().positions == {}) is together
    (receipt,) = street.world.topics.logs[("venue.receipts", 0)]
    said = opened(unframed(m.Envelope, receipt.value), m.Receipt)
    assert said.status is (m.ReceiptStatus.NOT_SENT if together else m.ReceiptStatus.FILLED)
