"""From a record on a flow topic to the records that answer it, poison and unknown contracts included."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from ledger.envelope import opened as opened_envelope
from ledger.envelope import seal
from ledger.hashes import explain_commitment, shard_of
from schemas.models import (
    Attestation,
    AttestationRecord,
    DocumentKind,
    Envelope,
    EvidenceRequest,
    Explanation,
    FlowRecord,
    Intent,
    IntentKind,
    Lane,
    Report,
)
from schemas.reasons import LaneReason, QuarantineReason
from tests.road_world import (
    LEDGER,
    Pen,
    documents,
    fallen,
    flow_of,
    grants,
    instructed,
    opened,
    record,
    registry_records,
    rising,
    signer,
)
from topologies.genuine import Fault
from topologies.grants import Grants
from topologies.hello import manifest_of
from topologies.proof.attesting import Attestor
from topologies.thinker import Said, Thinker
from transport import exits


def thinker(agent="strategy", registry=None, wait=lambda known: False):
    found = registry or grants()
    return Thinker(
        agent_id=agent, ledger=LEDGER, grants=found, pen=Pen(agent), wait=lambda known: wait(known)
    )


def flow_record(flow, topic="flows.eoam", registry=None):
    return record(topic, (registry or grants()).ids.pack(flow.record))


def test_the_reason_stands_before_the_answer_and_opens_its_commitment():
    flow = flow_of(opened("risk", "strategy", view=rising()))
    said = thinker().answer(flow_record(flow))
    assert isinstance(said, Said)
    (why,), (what,) = said.parts
    assert (why.topic, what.topic) == ("explanations", "mesh.proposals")
    assert why.key == f"{flow.opened.dfid.hex()}:step-1:1:strategy".encode()
    ids = grants().ids
    intent = opened_envelope(ids.unpack(Envelope, what.value), Intent)
    told = ids.unpack(Explanation, why.value)
    assert intent.explain_commitment == explain_commitment(told.text, told.salt)
    assert intent.flow_hash == flow.h_flow
    assert (intent.agent_id, intent.contract_version) == ("strategy", "1.0.0")
    assert (
        flow.opened.snapshot.taken_at
        == intent.valid_from
        <= intent.valid_until
        <= flow.opened.flow_expires_at
    )
    assert shard_of("paper-1", 1) == what.partition


def test_the_same_flow_gives_the_same_bytes():
    flow = flow_record(flow_of(opened("risk", view=fallen())))
    assert thinker("risk").answer(flow) == thinker("risk").answer(flow)


def test_an_agent_that_was_not_woken_says_nothing():
    assert thinker("sentiment").answer(flow_record(flow_of(opened("risk", "strategy")))) is None


def test_a_woken_agent_always_answers():
    said = thinker("risk").answer(flow_record(flow_of(opened("risk"))))
    assert isinstance(said, Said)
    report = opened_envelope(grants().ids.unpack(Envelope, said.parts[1][0].value), Report)
    assert report.reason == LaneReason.NO_EDGE


def test_a_contract_that_was_never_released_is_named_in_a_report():
    flow = opened("strategy", view=rising())
    unknown = replace(flow.woken[0], contract_hash=bytes(32), version="9.0.0")
    said = thinker().answer(flow_record(flow_of(replace(flow, woken=(unknown,)))))
    report = opened_envelope(grants().ids.unpack(Envelope, said.parts[1][0].value), Report)
    assert (report.reason, report.contract_version) == (LaneReason.CONTRACT_UNKNOWN, "9.0.0")


def test_a_contract_released_a_moment_later_is_waited_for():
    late = Grants(signer("root").public)
    records = registry_records()
    for each in records[:-3]:
        late.fold(each)

    def wait(known):
        for each in records:
            late.fold(each)
        return known(late)

    said = thinker("prover", late, wait).answer(flow_record(instructed("SELL 1 eth-usd"), "flows.dlpci"))
    assert isinstance(said, Said)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, QuarantineReason.NULL_VALUE),
        (b"garbage", QuarantineReason.NOT_FRAMED),
        (b"\0\0\0\xff\xff1", QuarantineReason.UNKNOWN_SCHEMA),
        (grants().ids.pack(Explanation(text="x", salt=bytes(32))), QuarantineReason.WRONG_TYPE),
        (grants().ids.pack(flow_of(opened("risk")).record)[:-1], QuarantineReason.UNREADABLE),
    ],
)
def test_poison_is_quarantined_by_name(value, reason):
    fault = thinker().answer(record("flows.eoam", value))
    assert isinstance(fault, Fault)
    assert fault.reason is reason


@pytest.mark.parametrize(
    ("flow", "by", "reason"),
    [
        (opened("strategy"), "strategy", QuarantineReason.KEY_NOT_VALID),
        (replace(opened("strategy"), ledger=bytes(16)), "selector", QuarantineReason.WRONG_LEDGER),
        (opened("strategy", lane=Lane.SDS), "selector", QuarantineReason.MALFORMED),
    ],
)
def test_a_flow_that_is_not_the_selectors_for_this_lane_is_quarantined(flow, by, reason):
    forged = FlowRecord(flow=seal(flow, signer(by)), headlines=())
    fault = thinker().answer(record("flows.eoam", grants().ids.pack(forged)))
    assert isinstance(fault, Fault)
    assert fault.reason is reason


def test_the_prover_asks_for_evidence_and_the_attestor_signs_what_it_found():
    ids = grants().ids
    said = thinker("prover").answer(flow_record(instructed("SELL 1 eth-usd"), "flows.dlpci"))
    request = said.parts[1][0]
    assert request.topic == "evidence.requests"
    assert isinstance(ids.unpack(EvidenceRequest, request.value), EvidenceRequest)
    found = Attestor(ledger=LEDGER, grants=grants(), pen=Pen("heuristic")).answer(
        record("evidence.requests", request.value)
    )
    ((produce,),) = found.parts
    finding = opened_envelope(ids.unpack(AttestationRecord, produce.value).attestation, Attestation)
    assert finding.agrees


@pytest.mark.parametrize("by", ["strategy", "heuristic"])
def test_the_attestor_is_silent_on_a_forged_claim(by):
    ids = grants().ids
    said = thinker("prover").answer(flow_record(instructed("SELL 1 eth-usd"), "flows.dlpci"))
    request = ids.unpack(EvidenceRequest, said.parts[1][0].value)
    forged = replace(request, intent=seal(opened_envelope(request.intent, Intent), signer(by)))
    attestor = Attestor(ledger=LEDGER, grants=grants(), pen=Pen("heuristic"))
    assert attestor.answer(record("evidence.requests", ids.pack(forged))) is None


def test_a_hello_names_the_contract_it_speaks_under():
    granted = grants().registry.granted(DocumentKind.CONTRACT, "prover")
    manifest = manifest_of(LEDGER, granted, 5)
    assert (manifest.agent_id, manifest.contract_version, manifest.at) == ("prover", "1.1.0", 5)
    assert manifest.contract_hash == granted.digest
    assert manifest.policy_types == (IntentKind.PCI,)


def test_grants_take_each_document_once():
    found = grants()
    assert [found.fold(each) for each in registry_records()] == [False] * len(documents())


def test_a_worker_that_finds_no_broker_is_started_again_however_often(tmp_path):
    env = {
        **os.environ, "INTERLOCK_AGENT": "prover", "INTERLOCK_STATE": str(tmp_path),
        "INTERLOCK_SECURITY": "PLAINTEXT", "INTERLOCK_BOOTSTRAP": "127.0.0.1:1",
    }  # fmt: skip
    argv = [sys.executable, "-m", "faust", "-A", "topologies.proof.worker", "worker", "--without-web"]
    ended = subprocess.run(argv, env=env, capture_output=True, timeout=120, check=False)
    assert ended.returncode == exits.AGAIN
    assert b"interlock-prover stopped by KafkaConnectionError" in ended.stdout + ended.stderr
