"""From an instruction in words to filled children: all roads in one process, with the shipped model."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from interlock.projection import projection
from kernel.replay import replay
from ledger.findings import Findings
from ledger.hashes import child_dfid, dfid
from ledger.verify import Common, Level, Partition
from schemas import models as m
from schemas.reasons import LaneReason
from tests.build import LEDGER, signer
from tests.roads import PRINCIPAL, Roads

pytestmark = pytest.mark.model
D = Decimal
PAPER, BTC = "paper-2", "btc-usd"
SENTENCE = "WORK BUY 0.5 btc-usd BETWEEN 3900 AND 4300 FOR 60 MINUTES"
RISE = (34, 34, -14, 34, 34, -14, 34, 34, -14, 34, 34)


@pytest.fixture(scope="module")
def engine() -> Any:
    os.environ["TORCHDYNAMO_DISABLE"] = "1"
    from agents.model.engine import Engine

    return Engine.load()


def quiet(folder: Path, engine: Any) -> Roads:
    """Half an hour of a market that goes nowhere: enough for every feature to be known."""
    roads = Roads(folder, engine, (PAPER,))
    for minute in range(26):
        roads.minute(BTC, D(4000 + 30 * (minute % 2)))
    return roads


def risen(roads: Roads) -> Roads:
    close = D(4000)
    for step in RISE:
        close += step
        roads.minute(BTC, close)
    return roads


def test_an_instruction_in_words_is_worked_by_children_until_it_is_used_up(
    engine: Any, tmp_path: Path
) -> None:
    roads = quiet(tmp_path, engine)
    roads.instruct(PAPER, BTC, SENTENCE)
    (stands,) = roads.all("accounts.view", m.AccountViewRecord)[-1].view.mandates
    assert (stands.agent_id, stands.total, stands.side) == ("prover", D("0.5"), m.Side.BUY)
    risen(roads)
    (parent,) = roads.flows("flows.dlpci")
    flows = roads.flows("flows.sds")
    children = [each for each in flows if each.parent == parent.dfid]
    assert [each.child_number for each in children] == list(range(1, len(children) + 1))
    assert {each.dfid for each in children} == {
        child_dfid(LEDGER, parent.dfid, "step-1", number) for number in range(1, len(children) + 1)
    }
    names = {each.dfid for each in children}
    orders = [each for each in roads.all("kernel.intents", m.KernelIntent) if each.dfid in names]
    bought = [each for each in orders if each.action is m.Action.BUY]
    receipts = {each.key: each for each in roads.all("venue.receipts", m.Receipt)}
    assert len(bought) > 2
    assert sum(receipts[each.key].quantity for each in bought) == D("0.5")
    assert all(each.limit_price <= D(4300) for each in bought)
    assert roads.all("accounts.view", m.AccountViewRecord)[-1].view.mandates == ()
    after = [each for each in flows if each.parent is None]  # the trigger's own flow again
    assert after
    assert after[0].dfid == dfid(LEDGER, "tape", after[0].trigger.signal_id, PAPER, "momentum")
    assert roads.all("quarantine", m.Quarantined) == []


def test_the_ledger_of_it_replays_and_a_childs_name_is_its_parents_with_step_and_number(
    engine: Any, tmp_path: Path
) -> None:
    roads = quiet(tmp_path, engine)
    roads.instruct(PAPER, BTC, SENTENCE)
    found = replay(risen(roads).ledger)
    assert found.identical, found.differences[:2]
    findings = Findings()
    read = Partition(
        source="roads", common=Common(level=Level.EVIDENCE, findings=findings, anchors=[], trust=None)
    )
    read.read(roads.ledger)  # it has no trust file, no note of a witness, and the kernel was not stopped
    assert {each.code for each in findings.kept} == {"SIGNER_UNKNOWN", "UNANCHORED", "TAIL_UNSIGNED"}
    names = {line[0] for line in projection(roads.ledger)[PAPER]}
    assert ("principal", "order-0", "audit", "step-1", 1) in names
    assert {name for name in names if len(name) == 5} == {
        ("principal", "order-0", "audit", "step-1", each.child_number)
        for each in roads.flows("flows.sds")
        if each.parent is not None
    }
    assert signer(PRINCIPAL).keyid.hex() not in str(names)


def test_children_stay_below_what_their_parents_band_leaves_of_the_market(
    engine: Any, tmp_path: Path
) -> None:
    roads = quiet(tmp_path, engine)
    roads.instruct(PAPER, BTC, "WORK BUY 0.5 btc-usd BETWEEN 3900 AND 4090 FOR 60 MINUTES")
    risen(roads)
    names = {each.dfid for each in roads.flows("flows.sds") if each.parent is not None}
    orders = [each for each in roads.all("kernel.intents", m.KernelIntent) if each.dfid in names]
    bought = [each.limit_price for each in orders if each.action is m.Action.BUY]
    assert bought
    assert max(bought) <= D(4090)
    reports = {each.reason for each in roads.all("kernel.verdicts", m.VerdictRecord)}
    assert LaneReason.OUTSIDE_MANDATE in reports  # said by name: the market has left the band
