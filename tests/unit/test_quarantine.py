"""What lies in quarantine is told in words, decoded as far as it goes, and sent again only by who may."""

from __future__ import annotations

from typing import Any

import pytest

from interlock.quarantine import SENDERS, decoded, why_not
from interlock.quarantine_words import words
from ledger.envelope import seal
from schemas import models as m
from schemas.codec import encode
from schemas.reasons import QuarantineReason
from schemas.topics import BY_NAME, TOPICS
from schemas.wire import PREFIX, SchemaIds
from tests.build import LEDGER, NOW, World, signer


@pytest.fixture(scope="module")
def ids() -> SchemaIds:
    return World().kernel.state.registry.schema_ids


def about(topic: str, value: bytes | None, reason: str = "UNREADABLE") -> m.Quarantined:
    return m.Quarantined(
        topic=topic, partition=0, offset=3, worker="kernel", reason=reason, detail="", value=value,
        headers=(), at=NOW,
    )  # fmt: skip


COMMAND = m.Control(ledger=LEDGER, serial=4, verb=m.Verb.HALT, reason="operator", at=NOW)


def test_every_reason_has_words_and_so_has_one_of_a_newer_release():
    said = [words(reason.name) for reason in QuarantineReason]
    assert all(why and fix for why, fix in said)
    assert len(set(said)) == len(said)
    assert "does not know" in words("LATER")[0]


def test_a_signed_message_is_shown_down_to_what_was_signed(ids: SchemaIds):
    title, value = decoded(about("control", ids.pack(seal(COMMAND, signer("operator")))), ids)
    assert title == "an Envelope"
    assert value["payload"]["Control"]["verb"] == "HALT"


def test_what_cannot_be_read_is_shown_as_far_as_it_goes(ids: SchemaIds):
    good = ids.pack(seal(COMMAND, signer("operator")))
    said: list[tuple[Any, Any]] = [
        decoded(about("control", value), ids)
        for value in (None, b"noise", good[:-1], PREFIX.pack(0, 9_999) + good[5:], b"\x00\x00\x00\x27\x0fxx")
    ]
    titles = [title for title, _ in said]
    assert titles[:2] == ["no value", "5 bytes without a schema id"]
    assert titles[2].startswith("no Envelope: ")
    assert "was never released; read as the topic's" in titles[3]
    assert titles[4].startswith("no Envelope: ")
    assert said[3][1]["payload"]["Control"]["serial"] == 4
    assert (
        decoded(about("kernel.state", PREFIX.pack(0, 9_999) + b"x"), ids)[0]
        == "6 bytes under unknown schema id 9999"
    )


def test_a_proposal_is_opened_one_level_down(ids: SchemaIds):
    world = World()
    flow = world.flow()
    record = world.propose(flow, world.intent(flow))
    title, value = decoded(about("proposals", record.value), ids)
    assert title == "a Proposal"
    assert value["flow"]["payload"]["FlowOpened"]["account"] == "paper-1"
    assert value["body"]["payload"]["Intent"]["action"] == "BUY"


@pytest.mark.parametrize("topic", [topic.name for topic in TOPICS])
def test_only_what_people_write_is_sent_again_and_as_a_writer_of_the_table(topic: str):
    hindrance = why_not(about(topic, b"x"))
    if topic in SENDERS:
        assert hindrance is None
        assert SENDERS[topic] in BY_NAME[topic].writers
    else:
        assert hindrance is not None
        assert ", ".join(BY_NAME[topic].writers) in hindrance[0]


def test_nothing_that_would_remove_and_nothing_that_was_cut_is_sent_again():
    assert "remove" in (why_not(about("registry", None)) or ("",))[0]
    assert "part" in (why_not(about("market.signals", b"x", "TOO_LARGE")) or ("",))[0]
    assert len(encode(about("control", b"x"))) > 0
