"""Who may have signed what: each misuse of a key in a ledger that is otherwise whole, by its own code."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from ledger.archive import archives, write_archive
from ledger.chain import Chain, Head
from ledger.envelope import cosign, payload_of, seal
from ledger.findings import Code, Findings, Outcome
from ledger.keys import KeyDocument
from ledger.trust import Trust, parse_anchor
from ledger.verify import Common, Level, Partition
from ledger.verify_cli import verify_files
from schemas import models as m
from schemas.kinds import EntryKind, Role
from schemas.models import Envelope
from tests.ledger_sample import (
    AGENT,
    LEDGER,
    OPERATOR,
    Sample,
    flow,
    intent,
    note,
    sample,
    signer,
    trust,
)


def codes(made: Sample, level: Level = Level.EVIDENCE, known: Trust | None = None) -> set[Code]:
    """All that is found in a ledger closed by a checkpoint and anchored to it."""
    made.checkpoint()
    found = Findings()
    anchor = parse_anchor(note(made.values).render(), trust())
    common = Common(level=level, findings=found, anchors=[anchor], trust=known or trust())
    Partition(source="x", common=common).read(made.values)
    return {Code[name] for name in found.counts}


def judged(by: str = "agent", **changed: object) -> Sample:
    """A ledger with one accepted decision whose intent is changed, signed by whom the test says."""
    made = Sample().genesis()
    made.batch()
    opened = flow(0)
    h_flow = made.flow(opened)
    proposed = intent(opened, h_flow, **changed)
    made.decision(h_flow, seal(proposed, signer(by)), proposed)
    made.receipt(proposed)
    return made


def test_the_unchanged_decision_has_no_finding():
    assert codes(judged()) == set()


def test_another_agents_key_signing_as_this_one_is_found():
    assert codes(judged(by="other-agent")) == {Code.SIGNED_AS_ANOTHER}


def test_a_key_of_another_role_is_found():
    assert codes(judged(by="operator")) == {Code.KEY_WRONG_ROLE}


def test_a_key_that_was_never_enrolled_is_found():
    assert codes(judged(by="stranger")) == {Code.KEY_UNKNOWN}


def test_a_signature_over_other_bytes_is_found():
    made = Sample().genesis()
    made.batch()
    opened = flow(0)
    h_flow = made.flow(opened)
    proposed = intent(opened, h_flow)
    other = seal(replace(proposed, attempt=2), signer("agent"))
    mixed = replace(other, payload=payload_of(proposed))
    made.decision(h_flow, mixed, proposed)
    made.receipt(proposed)
    assert codes(made) == {Code.SIGNATURE_BAD}


def test_an_intent_of_another_ledger_or_account_is_found():
    assert codes(judged(ledger=bytes(16))) == {Code.FOREIGN_LEDGER}
    assert Code.FOREIGN_ACCOUNT in codes(judged(account="paper-2"))


def test_what_the_kernel_refused_as_forged_is_no_finding():
    made = Sample().genesis()
    made.batch()
    opened = flow(0)
    h_flow = made.flow(opened)
    proposed = intent(opened, h_flow, evidence=bytes(32))
    made.decision(
        h_flow, seal(proposed, signer("stranger")), proposed, verdict=m.Verdict.REJECTED, reason=105
    )
    assert codes(made) == set()


def test_a_revoked_key_signs_nothing_after_its_revocation_and_what_it_signed_before_stands():
    made = sample(rounds=1)
    made.key("agent", Role.AGENT, (AGENT,), "registry", 50, revoked=True)
    assert codes(made) == set()
    made = sample(rounds=1)
    made.key("agent", Role.AGENT, (AGENT,), "registry", 50, revoked=True)
    made.round(1)
    assert codes(made) == {Code.KEY_NOT_VALID}


def test_a_checkpoint_by_any_other_key_is_found():
    made = Sample().genesis()
    made.checkpoint(by="selector")
    assert codes(made) == {Code.KEY_WRONG_ROLE}


def test_an_agent_that_enrols_itself_is_found_and_its_key_is_not_believed():
    made = Sample().genesis()
    made.key("mallory", Role.AGENT, (AGENT,), "mallory", 50)
    made.batch()
    opened = flow(0)
    h_flow = made.flow(opened)
    proposed = intent(opened, h_flow)
    made.decision(h_flow, seal(proposed, signer("mallory")), proposed)
    made.receipt(proposed)
    assert codes(made) == {Code.KEY_UNKNOWN, Code.KEY_REFUSED}


def test_the_root_enrols_registries_only_and_a_registry_no_registry():
    made = Sample().genesis()
    made.key("friend", Role.AGENT, ("friend",), "root", 50)
    made.key("second", Role.REGISTRY, (), "registry", 51)
    assert codes(made) == {Code.KEY_REFUSED}


def test_a_key_changes_its_role_never():
    made = Sample().genesis()
    made.key("agent", Role.OPERATOR, (), "registry", 50)
    assert codes(made) == {Code.KEY_REFUSED}


def test_the_watch_tightens_only():
    made = Sample().genesis()
    made.batch()
    made.control(m.Verb.HALT, by="watch")
    assert codes(made) == set()
    made = Sample().genesis()
    made.batch()
    made.control(m.Verb.RESUME, by="watch")
    assert codes(made) == {Code.VERB_NOT_ALLOWED}


def test_a_flow_by_anyone_but_the_selector_is_found():
    made = Sample().genesis()
    made.batch()
    made.flow(flow(0), by="agent")
    assert codes(made) == {Code.KEY_WRONG_ROLE}


def test_a_receipt_by_anyone_but_the_executor_is_found():
    made = Sample().genesis()
    proposed = made.round(0)
    made.receipt(proposed, by="agent")
    assert codes(made) == {Code.KEY_WRONG_ROLE}


def test_a_root_key_or_ledger_that_the_auditor_does_not_know_is_found():
    other = replace(trust(), roots=(signer("other").public,))
    assert codes(judged(), known=other) == {Code.ROOT_KEY_UNTRUSTED}
    assert codes(judged(), known=replace(trust(), operator="someone")) == {Code.TRUST_MISMATCH}


def test_a_message_sealed_as_another_is_found():
    made = Sample().genesis()
    made.batch()
    opened = flow(0)
    h_flow = made.flow(opened)
    proposed = intent(opened, h_flow)
    wrong = seal(proposed, signer("agent"), payload_type="application/vnd.interlock.report.v1")
    made.decision(h_flow, wrong, proposed)
    assert Code.BODY_UNREADABLE in codes(made)


def test_a_doubled_signature_is_found():
    made = Sample().genesis()
    made.batch()
    opened = flow(0)
    h_flow = made.flow(opened)
    proposed = intent(opened, h_flow)
    once = seal(proposed, signer("agent"))
    twice = Envelope(payload_type=once.payload_type, payload=once.payload, signatures=once.signatures * 2)
    made.decision(h_flow, twice, proposed)
    assert Code.BODY_UNREADABLE in codes(made)


def test_a_second_signature_must_be_allowed_as_well():
    made = Sample().genesis()
    made.batch()
    opened = flow(0)
    h_flow = made.flow(opened)
    proposed = intent(opened, h_flow)
    made.decision(h_flow, cosign(seal(proposed, signer("agent")), signer("selector")), proposed)
    made.receipt(proposed)
    assert codes(made) == {Code.KEY_WRONG_ROLE}


def test_a_decision_without_its_flow_is_found():
    made = Sample().genesis()
    made.batch()
    proposed = intent(flow(0), bytes(32))
    made.decision(bytes(32), seal(proposed, signer("agent")), proposed, order=False)
    assert codes(made) == {Code.FLOW_MISSING}


def test_a_wrong_evidence_hash_that_was_accepted_is_found():
    assert codes(judged(evidence=bytes(32))) == {Code.EVIDENCE_MISMATCH}
    assert codes(judged(evidence=None)) == {Code.EVIDENCE_MISMATCH}


def test_another_snapshot_that_was_accepted_is_found():
    assert codes(judged(state_hash=bytes(32))) == {Code.STATE_MISMATCH}


def test_a_step_accepted_twice_is_found():
    made = sample(rounds=1)
    opened = flow(0)
    made.batch()
    h_flow = made.flow(opened)
    proposed = intent(opened, h_flow, confidence=Decimal("0.8"))
    made.decision(h_flow, seal(proposed, signer("agent")), proposed)
    made.receipt(proposed)
    assert codes(made) == {Code.STEP_TWICE}


def test_a_receipt_without_an_order_and_an_order_without_a_receipt_are_found():
    made = Sample().genesis()
    proposed = made.round(0)
    made.receipt(proposed, key=bytes(32))
    assert codes(made) == {Code.RECEIPT_ORPHAN}
    made = Sample().genesis()
    made.batch()
    opened = flow(0)
    h_flow = made.flow(opened)
    proposed = intent(opened, h_flow)
    made.decision(h_flow, seal(proposed, signer("agent")), proposed)
    made.add(EntryKind.CLOSE, m.CloseEntry(reason="end"))
    assert codes(made) == {Code.RECEIPT_MISSING}


def test_entries_after_close_are_found():
    made = Sample().genesis()
    made.batch()
    made.add(EntryKind.CLOSE, m.CloseEntry(reason="end"))
    made.batch()
    assert codes(made) == {Code.AFTER_CLOSE}


def test_a_schema_that_nobody_named_is_found():
    made = Sample().genesis()
    made.add(EntryKind.EPOCH, m.EpochEntry(shard=0, epoch=1, code="1"))
    assert codes(made) == {Code.SCHEMA_UNKNOWN}


def test_a_key_document_of_another_spelling_is_refused():
    body = KeyDocument(public=signer("new").public, role=Role.AGENT, bound=("new",)).body()
    document = m.RegistryDocument(
        kind=m.DocumentKind.KEY, id="new", version="1.0.0", serial=60, body=body.replace(b":", b": ")
    )
    made = Sample().genesis()
    made.add(EntryKind.KEY, m.DocumentEntry(document=seal(document, signer("registry"))))
    assert codes(made) == {Code.KEY_REFUSED}


def test_outcomes_take_the_order_tampered_unreadable_incomplete():
    found = Findings()
    found.add("x", -1, Code.UNANCHORED, "", "")
    assert found.outcome() is Outcome.INCOMPLETE
    found.add("x", 0, Code.ENTRY_UNREADABLE, "", "")
    assert found.outcome() is Outcome.UNREADABLE
    found.add("x", 0, Code.PREV_BROKEN, "", "")
    assert found.outcome() is Outcome.TAMPERED


def test_findings_are_kept_to_a_thousand_of_a_code_and_counted_beyond():
    found = Findings()
    for seq in range(1500):
        found.add("x", seq, Code.PREV_BROKEN, b"\x01", "y" * 1000)
    assert (len(found.kept), found.counts["PREV_BROKEN"]) == (1000, 1500)
    assert (found.kept[0].expected, len(found.kept[0].found)) == ("01", 200)


def test_a_late_halt_beside_the_steps_own_decision_is_no_second_acceptance():
    made = sample(rounds=1)
    opened = flow(0)
    made.batch()
    h_flow = made.flow(opened)
    halt = intent(opened, h_flow, action=m.Action.HALT)
    made.decision(h_flow, seal(halt, signer("agent")), halt, order=False)
    assert codes(made) == set()


def written(folder: Path, partition: int) -> None:
    made = Sample(chain=Chain(Head(ledger=LEDGER, partition=partition), OPERATOR)).genesis()
    made.round(0)
    with (folder / f"{partition}.ilk").open("wb") as file:
        write_archive(file, made.values)


def test_a_step_accepted_in_two_partitions_is_found(tmp_path):
    written(tmp_path, 0)
    written(tmp_path, 1)
    found = Findings()
    read = verify_files(archives(tmp_path), Level.EVIDENCE, [], trust(), found)
    assert [each.number for each in read] == [0, 1]
    assert set(found.counts) == {"STEP_TWICE", "UNANCHORED"}


def test_a_partition_that_an_anchor_names_and_nobody_brought_is_found(tmp_path):
    written(tmp_path, 1)
    found = Findings()
    anchor = parse_anchor(note(sample().values).render(), trust())
    verify_files(archives(tmp_path), Level.EVIDENCE, [anchor], trust(), found)
    assert found.counts["TRUNCATED"] == 1


def test_a_file_cut_inside_a_frame_is_unreadable_and_what_is_before_it_is_read(tmp_path):
    written(tmp_path, 0)
    whole = (tmp_path / "0.ilk").read_bytes()
    (tmp_path / "0.ilk").write_bytes(whole[:-10])
    found = Findings()
    read = verify_files(archives(tmp_path), Level.EVIDENCE, [], trust(), found)
    assert read[0].frontier.size > 20
    assert found.outcome() is Outcome.UNREADABLE
