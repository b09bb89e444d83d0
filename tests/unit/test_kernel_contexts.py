"""A context that is none of this ledger never becomes an entry; an instruction is its principal's word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ledger.envelope import seal
from ledger.hashes import dfid
from ledger.keys import KeyDocument
from schemas import models as m
from schemas.codec import encode
from schemas.kinds import EntryKind, Role
from schemas.reasons import Reason
from tests.build import ACCOUNT, BTC, LEDGER, World, signer

PRINCIPAL = "principal-of-tests"


def instructed(**changes: Any) -> m.Instruction:
    found = m.Instruction(
        ledger=LEDGER, account=ACCOUNT, instruction_id="i1", event_time=0, decision_class="test",
        instrument=BTC, urgency=m.Urgency.NORMAL, compliance=False, text_commitment=bytes(32),
    )  # fmt: skip
    return replace(found, **changes)


def enrolled(accounts: tuple[str, ...] = (ACCOUNT,)) -> World:
    world = World()
    key = KeyDocument(public=signer(PRINCIPAL).public, role=Role.PRINCIPAL, bound=accounts)
    name = signer(PRINCIPAL).keyid.hex()
    world.put("registry", world.document(m.DocumentKind.KEY, name, "1", key.body()))
    world.run()
    return world


def asked(world: World, raw: bytes | None, **trigger: Any) -> list[Reason]:
    """What the kernel makes of an answer to a flow woken by these bytes; nothing, when it ruled on it."""
    flow = world.flow()
    woke = replace(flow.trigger, signal_id="i1", instruction=raw, **trigger)
    own = dfid(LEDGER, woke.source, woke.signal_id, flow.account, flow.decision_class)
    flow = replace(flow, trigger=woke, dfid=own)
    world.propose(flow, world.intent(flow))
    world.run()
    refused = [Reason(each.reason) for each in world.entries(EntryKind.REFUSAL)]
    assert (world.entries(EntryKind.FLOW) == []) == bool(refused)
    return refused


def test_an_instruction_by_a_principal_of_the_account_wakes_a_flow() -> None:
    assert asked(enrolled(), encode(seal(instructed(), signer(PRINCIPAL)))) == []


@pytest.mark.parametrize(
    ("said", "by", "reason"),
    [
        (instructed(), "mallory", Reason.KEY_NOT_VALID),
        (instructed(), "selector", Reason.KEY_NOT_VALID),
        (instructed(account="paper-2"), PRINCIPAL, Reason.WRONG_ACCOUNT),
        (instructed(ledger=bytes(16)), PRINCIPAL, Reason.WRONG_LEDGER),
        (instructed(instruction_id="i2"), PRINCIPAL, Reason.MALFORMED),
    ],
)
def test_no_selector_can_make_up_what_a_principal_said(said: m.Instruction, by: str, reason: Reason) -> None:
    assert asked(enrolled(), encode(seal(said, signer(by)))) == [reason]


def test_a_principal_speaks_for_his_own_accounts_only() -> None:
    assert asked(enrolled(("paper-9",)), encode(seal(instructed(), signer(PRINCIPAL)))) == [
        Reason.KEY_NOT_VALID
    ]


def test_a_word_changed_after_it_was_signed_is_nobodys() -> None:
    sealed = seal(instructed(), signer(PRINCIPAL))
    other = replace(sealed, payload=seal(instructed(decision_class="more"), signer(PRINCIPAL)).payload)
    assert asked(enrolled(), encode(other)) == [Reason.BAD_SIGNATURE]


@pytest.mark.parametrize("raw", [b"", b"\x00", bytes(200)])
def test_bytes_that_are_no_instruction_wake_nothing(raw: bytes) -> None:
    assert asked(enrolled(), raw) == [Reason.MALFORMED]


def test_a_flow_of_another_ledger_leaves_no_entry_that_a_verifier_would_read() -> None:
    world = World()
    flow = world.flow(ledger=bytes(16))
    own = dfid(bytes(16), flow.trigger.source, flow.trigger.signal_id, flow.account, flow.decision_class)
    flow = replace(flow, dfid=own)
    world.propose(flow, world.intent(flow))
    world.run()
    assert [each.reason for each in world.entries(EntryKind.REFUSAL)] == [Reason.WRONG_LEDGER]
    assert world.entries(EntryKind.FLOW) == []


@pytest.mark.parametrize("said", [{"parent_step": "s1"}, {"child_number": 1}, {"parent": bytes(16)}])
def test_a_flow_that_says_a_part_of_a_parent_is_nobodys(said: dict[str, Any]) -> None:
    world = World()
    flow = world.flow(**said)
    world.propose(flow, world.intent(flow))
    world.run()
    assert [each.reason for each in world.entries(EntryKind.REFUSAL)] == [Reason.MALFORMED]


def test_one_signal_cannot_open_two_flows_under_two_names() -> None:
    world = World()
    flow = world.flow()
    other = replace(flow, dfid=dfid(LEDGER, "tape", "another", flow.account, flow.decision_class))
    for each in (flow, other):
        world.propose(each, world.intent(each))
    world.run()
    assert len(world.entries(EntryKind.FLOW)) == 1
    assert [each.reason for each in world.entries(EntryKind.REFUSAL)] == [Reason.MALFORMED]
