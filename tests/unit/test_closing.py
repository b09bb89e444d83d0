"""A ledger is closed by a signed act, takes nothing after it, and its successor names its last notes."""

from __future__ import annotations

import dataclasses

import pytest

from interlock.tamper.run import found_in
from kernel.consumer import Kernel
from kernel.replay import replay
from ledger import continues_cli
from ledger.archive import write_archive
from ledger.continued import NotContinued, ended, linked, notes_of
from ledger.cosign import cosign, log_signature
from ledger.entry import decode_entry
from ledger.findings import Code, Outcome
from ledger.note import Checkpoint, Note
from ledger.trust_text import trust_text
from ledger.verify import Level
from schemas import models as m
from schemas.codec import decode
from schemas.kinds import EntryKind
from schemas.reasons import Reason
from tests.build import BTC, LEDGER, World, identity, signer
from tests.tamper_world import WITNESS, trust


def kinds(values):
    return [EntryKind(decode_entry(each).kind).name for each in values]


def closed(*, bought=True):
    """A world whose operator has closed it, told in words what its last step wrote."""
    world = World()
    if bought:
        world.bought("0.5")
        world.tick(600)
    world.control(m.Verb.CLOSE_LEDGER, reason="size")
    world.run()
    return world


def note_of(values):
    """The last CHECKPOINT as the witness cosigned it."""
    body = decode(m.CheckpointEntry, decode_entry(values[-1]).body)
    point = Checkpoint(origin=f"interlock.test/{LEDGER.hex()}/0", size=body.size, root=body.root)
    own = log_signature(point, signer("kernel-log").public, body.signature)
    return cosign(Note(text=point.text(), signatures=(own,)), WITNESS, signer("witness"), 1).render()


def test_close_is_the_last_entry_of_its_transaction_and_its_checkpoint_the_last_of_all():
    world = closed()
    assert kinds(world.ledger)[-3:] == ["CONTROL", "CLOSE", "CHECKPOINT"]
    assert decode(m.CloseEntry, decode_entry(world.ledger[-2]).body).reason == "size"
    outcome, codes = found_in(world.ledger, Level.EVIDENCE, (), trust())
    assert (outcome, {each.name for each in codes}) == (Outcome.INCOMPLETE, {"UNANCHORED"})
    assert replay(world.ledger).identical


def test_what_stood_in_the_same_batch_is_ruled_on_before_it_closes():
    world = World()
    flow = world.flow()
    world.control(m.Verb.CLOSE_LEDGER)
    world.propose(flow, world.intent(flow))
    world.run()
    assert kinds(world.ledger)[-5:] == ["CONTROL", "FLOW", "DECISION", "CLOSE", "CHECKPOINT"]


@pytest.mark.parametrize("restarted", [False, True])
def test_nothing_is_written_after_it_neither_by_records_nor_by_time_nor_by_a_restart(restarted):
    world = closed()
    before = world.ledger
    if restarted:
        world.restart()
    world.quote(BTC, "5000", "5001")
    world.control(m.Verb.HALT)
    flow = world.flow()
    world.propose(flow, world.intent(flow))
    for _ in range(3):
        world.tick(120)
        world.run()
    assert world.ledger == before
    assert all(type(each).__name__ == "StateChange" for each in world.kernel.closing(world.now))


def test_a_crash_between_close_and_its_checkpoint_is_mended_by_the_checkpoint_alone():
    world = closed()
    log = world.topics.logs["kernel.ledger", 0]
    del log[-1]
    assert kinds(world.ledger)[-1] == "CLOSE"
    world.restart()
    world.run()
    assert kinds(world.ledger)[-2:] == ["CLOSE", "CHECKPOINT"]
    assert found_in(world.ledger, Level.EVIDENCE, (), trust())[1] == {Code.UNANCHORED}


def test_an_order_that_nobody_answered_for_is_reported_at_close():
    world = World()
    flow = world.flow()
    world.propose(flow, world.intent(flow))
    world.run()
    world.control(m.Verb.CLOSE_LEDGER)
    world.run()
    assert Code.RECEIPT_MISSING in found_in(world.ledger, Level.EVIDENCE, (), trust())[1]


@pytest.mark.parametrize("by", ["watch", "sovereign"])
def test_nobody_but_an_operator_closes(by):
    world = World()
    world.control(m.Verb.CLOSE_LEDGER, by=by)
    world.run()
    assert "CLOSE" not in kinds(world.ledger)


def test_a_close_that_names_a_scope_is_refused():
    world = World()
    world.control(m.Verb.CLOSE_LEDGER, account="paper-1")
    world.run()
    (entry,) = world.entries(EntryKind.REFUSAL)
    assert Reason(entry.reason) is Reason.MALFORMED
    assert "CLOSE" not in kinds(world.ledger)


def test_a_close_that_no_operator_signed_and_a_signed_one_that_is_missing_are_found_by_judging_again():
    from interlock.tamper.forge import Copy

    copy = Copy.of(closed().ledger, signer)
    at = copy.place(EntryKind.CLOSE)
    control = copy.place(EntryKind.CONTROL, last=True)
    unasked = copy.spliced(control, 1, []).linked(signed=True).values()
    assert [each.kind for each in replay(unasked).differences] == ["CLOSE"]
    other = copy.put(at, m.CloseEntry(reason="other")).linked(signed=True).values()
    assert [each.kind for each in replay(other).differences] == ["CLOSE"]


def test_an_epoch_that_does_not_follow_is_found_by_judging_again():
    from interlock.tamper.forge import Copy

    world = World()
    world.restart()
    world.run()
    copy = Copy.of(world.ledger, signer)
    at = copy.place(EntryKind.EPOCH, last=True)
    assert (copy.body(at).epoch, replay(world.ledger).identical) == (2, True)
    forged = copy.put(at, dataclasses.replace(copy.body(at), epoch=1)).linked(signed=True).values()
    assert [each.kind for each in replay(forged).differences] == ["EPOCH"]


# -- continuation ----------------------------------------------------------------------------------------


def successor(notes):
    """The first transaction of a kernel that was told the notes of the ledger before."""
    told = dataclasses.replace(identity(), continues=tuple(each.encode() for each in notes))
    kernel = Kernel(identity=told, log_signer=signer("kernel-log"), intent_signer=signer("kernel-intent"))
    return [each.value for each in kernel.step((), 1) if each.topic == "kernel.ledger"]


def test_the_next_ledger_names_the_last_notes_and_the_link_is_checked():
    old = closed().ledger
    new = successor([note_of(old)])
    (anchor,) = linked(notes_of(new[0]), [ended(old)], trust())
    assert (anchor.point.size, anchor.witnesses) == (len(old) - 1, (WITNESS,))
    assert replay(new).stopped == ""


@pytest.mark.parametrize("wrong", ["not closed", "earlier note", "one more", "none", "no witness", "no note"])
def test_a_link_that_is_none_is_refused(wrong):
    old = closed().ledger
    notes = [note_of(old)]
    if wrong == "not closed":
        old = World().ledger
        old = old[: len(kinds(old)) - kinds(old)[::-1].index("CHECKPOINT")]
        notes = [note_of(old)]
    elif wrong == "earlier note":
        ends = [at for at, kind in enumerate(kinds(old)) if kind == "CHECKPOINT"]
        notes = [note_of(old[: ends[0] + 1])]
    elif wrong == "one more":
        notes *= 2
    elif wrong == "none":
        notes = []
    elif wrong == "no witness":
        notes = [notes[0].rpartition("— ")[0]]
    else:
        notes = ["nothing\n"]
    with pytest.raises(NotContinued):
        linked(notes, [ended(old)], trust())


def test_the_command_says_it_and_hands_out_the_notes_as_anchors(tmp_path, capsys):
    old = closed().ledger
    for name, values in (("old", old), ("new", successor([note_of(old)])), ("other", successor([]))):
        (tmp_path / name).mkdir()
        with (tmp_path / name / "0.ilk").open("wb") as file:
            write_archive(file, values)
    (tmp_path / "trust.json").write_text(trust_text(trust()), encoding="utf-8")
    words = [str(tmp_path / "new"), str(tmp_path / "old"), "--trust", str(tmp_path / "trust.json")]
    assert continues_cli.main([*words, "--notes", str(tmp_path / "notes")]) == 0
    assert f"closed (size) at {len(old) - 1} entries, cosigned by {WITNESS}" in capsys.readouterr().out
    assert (tmp_path / "notes" / "0.note").read_text(encoding="utf-8") == note_of(old)
    assert continues_cli.main([str(tmp_path / "other"), str(tmp_path / "old")]) == 1
    assert continues_cli.main([str(tmp_path / "new"), str(tmp_path / "new")]) == 1
    assert continues_cli.main([str(tmp_path / "new")[:-1] + "x", str(tmp_path / "old")]) in (1, 64)
