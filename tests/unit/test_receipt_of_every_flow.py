"""Every flow of an honest ledger has a receipt that stands alone, whatever woke it and however it ended."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ledger.check_receipt import check_receipt
from ledger.entry import decode_entry
from ledger.envelope import opened, seal
from ledger.findings import Findings, Outcome
from ledger.receipt import make_receipt, parse_receipt
from schemas import models as m
from schemas.codec import decode, encode
from schemas.kinds import EntryKind
from tests import golden
from tests.build import signer
from tests.tamper_world import trust
from tests.unit.test_closing import note_of
from tests.unit.test_kernel_contexts import PRINCIPAL, enrolled, instructed


def flows(values: tuple[bytes, ...]) -> list[bytes]:
    """The DFIDs of a ledger, each once."""
    entries = (decode_entry(each) for each in values)
    bodies = (each.body for each in entries if each.kind == EntryKind.FLOW)
    return list(dict.fromkeys(opened(decode(m.FlowEntry, each).flow, m.FlowOpened).dfid for each in bodies))


def judged(values: tuple[bytes, ...], dfid: bytes, note: str) -> tuple[Outcome, set[str]]:
    """What somebody who has nothing else makes of the flow's receipt."""
    found = Findings()
    check_receipt(parse_receipt(make_receipt(values, dfid, note).text()), trust(), found)
    return found.outcome(), set(found.counts)


@pytest.mark.parametrize("law", golden.laws())
def test_of_a_kept_ledger(law: str) -> None:
    values, note = golden.values(law), golden.note(law)
    found = {each.hex(): judged(values, each, note) for each in flows(values)}
    assert len(found) > 10
    assert {name: told for name, told in found.items() if told[0] is not Outcome.INTACT} == {}


def test_of_a_flow_that_a_principal_woke() -> None:
    """The instruction is spelled by a schema of its own: without it the flow's entry could not be read."""
    world = enrolled()
    flow = world.flow(signal=instructed().instruction_id)
    said = encode(seal(instructed(), signer(PRINCIPAL)))
    flow = replace(flow, trigger=replace(flow.trigger, instruction=said))
    world.propose(flow, world.intent(flow))
    world.run()
    world.receipt(world.order, m.ReceiptStatus.FILLED)
    world.run()
    world.tick(2)
    world.run()
    values = tuple(world.ledger)
    assert judged(values, flow.dfid, note_of(values)) == (Outcome.INTACT, set())
