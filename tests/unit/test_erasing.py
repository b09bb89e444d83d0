"""A text goes by a signed act: verification stays green, and all that shows the flow tells who asked."""

from __future__ import annotations

import json

import pytest

from interlock.erasing import erasures, texts
from interlock.tamper.run import found_in
from kernel.replay import replay
from ledger.bundle import bundle
from ledger.check_receipt import check_receipt
from ledger.findings import Code, Findings, Outcome
from ledger.hashes import explain_commitment
from ledger.receipt import make_receipt
from ledger.six import six
from ledger.six_text import as_text
from ledger.trust import parse_anchor
from ledger.verify import Common, Level, Partition
from schemas import models as m
from schemas.codec import encode
from schemas.kinds import EntryKind
from schemas.wire import PREFIX
from tests.build import World, signer
from tests.tamper_world import trust
from tests.unit.test_closing import note_of

TEXT, SALT = "because of the name of somebody", bytes(32)
COMMITMENT = explain_commitment(TEXT, SALT)


def said():
    """A flow whose agent explained itself, and the key its words lie under."""
    world = World()
    flow = world.flow()
    world.propose(flow, world.intent(flow, explain_commitment=COMMITMENT))
    world.run()
    world.receipt(world.order, m.ReceiptStatus.FILLED)
    key = f"{flow.dfid.hex()}:{flow.steps[0]}:1:sovereign"
    value = PREFIX.pack(0, 1) + encode(m.Explanation(text=TEXT, salt=SALT))
    world.topics.append("explanations", 0, key.encode(), value)
    world.run()
    return world, flow, key


def erased(**fields):
    """The same after an operator's ERASE."""
    world, flow, key = said()
    world.control(m.Verb.ERASE, **({"target": COMMITMENT, "text_key": key, "reason": "request"} | fields))
    world.run()
    world.tick(2)
    world.run()
    return world, flow, key


WORLD, FLOW, KEY = erased()
BY = signer("operator").keyid


def test_the_tombstone_bears_the_very_key_that_the_text_lies_under():
    assert texts(said()[0].topics.records("explanations", 0, 0))[KEY].commitment == COMMITMENT
    records = list(WORLD.topics.records("explanations", 0, 0))
    assert [(each.key, each.value is None) for each in records] == [
        (KEY.encode(), False),
        (KEY.encode(), True),
    ]
    assert texts(records) == {}


def test_verification_stays_green_and_says_what_is_gone_and_who_asked():
    findings = Findings()
    common = Common(level=Level.EVIDENCE, findings=findings, anchors=(), trust=trust())
    Partition(source="0.ilk", common=common).read(WORLD.ledger)
    (told,) = [each for each in findings.kept if each.code == "ERASED"]
    assert (told.expected, BY.hex() in told.found) == (COMMITMENT.hex(), True)
    assert set(findings.counts) - {"UNANCHORED"} == {"ERASED"}
    anchors = [parse_anchor(note_of(WORLD.ledger), trust())]
    assert found_in(WORLD.ledger, Level.EVIDENCE, anchors, trust()) == (Outcome.INTACT, {Code.ERASED})
    assert replay(WORLD.ledger).identical


def test_the_act_itself_is_told_in_order():
    (one,) = erasures(WORLD.ledger)
    assert (one.key, one.commitment, one.by, one.reason) == (KEY, COMMITMENT, (BY,), "request")


def test_the_six_answers_say_it_beside_the_commitment():
    told = six(WORLD.ledger, FLOW.dfid)
    (why,) = told.answers["why"]
    assert (why["commitment"], why["erased_by"]) == (COMMITMENT.hex(), [BY.hex()])
    assert f"erased_seq={why['erased_seq']}" in as_text(told)


def test_a_bundle_and_a_receipt_hold_the_act():
    shown = json.loads(bundle(WORLD.ledger, FLOW.dfid)["trajectory.json"])["entries"]
    assert [each["kind"] for each in shown] == ["FLOW", "DECISION", "RECEIPT", "CONTROL"]
    assert shown[-1]["body"]["command"]["message"]["text_key"] == KEY
    ends = WORLD.ledger
    findings = Findings()
    checked = check_receipt(make_receipt(ends, FLOW.dfid, note_of(ends)), trust(), findings)
    assert (findings.outcome(), checked.told.answers["why"][0]["erased_by"]) == (Outcome.INTACT, [BY.hex()])


@pytest.mark.parametrize(
    "key",
    ["", "a name, in prose", "../../etc", f"{'0' * 32}:s:1", f"{'0' * 32}:s:1:who:more", f"{'0' * 32}:s:1:W"],
)
def test_a_key_that_is_none_is_refused_so_no_prose_enters_the_ledger(key):
    world, _, _ = erased(text_key=key)
    assert list(erasures(world.ledger)) == []
    assert Code.ERASED not in found_in(world.ledger, Level.EVIDENCE, (), trust())[1]


@pytest.mark.parametrize("by", ["sovereign", "watch"])
def test_nobody_but_an_operator_erases(by):
    world, _, key = said()
    world.control(m.Verb.ERASE, by=by, target=COMMITMENT, text_key=key)
    world.run()
    assert [each.value for each in world.topics.records("explanations", 0, 0) if each.value is None] == []
    assert [each.accepted for each in world.entries(EntryKind.CONTROL)] in ([], [False])
