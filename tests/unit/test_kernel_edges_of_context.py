"""Gates 2 and 8 on the very edge: what was answered before, what was shown, and who can still look it up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kernel.case import Case
from kernel.folds.batches import QUOTES_US
from kernel.gates.evidence import evidence
from kernel.gates.idempotency import idempotency
from kernel.gates.integrity import integrity
from kernel.ruling import Duplicate, Refusal
from kernel.state.memory import Memory, Prior
from ledger.envelope import digest, seal
from ledger.hashes import dfid, state_hash
from schemas import models as m
from schemas.codec import encode
from schemas.reasons import Reason
from tests.build import ETH, signer
from tests.gate_bench import (
    A,
    D,
    approved,
    at,
    case_of,
    judged,
    known,
    later,
    meant,
    name,
    of_account,
    seen,
    under,
    viewed,
    world,
)  # fmt: skip

MISMATCH = "SNAPSHOT_MISMATCH"


def rebound(case: Case) -> Case:
    """The case again after its snapshot was changed: honest about what it was shown."""
    return meant(case, state_hash=state_hash(encode(case.flow.snapshot)))


def test_a_context_that_is_in_the_ledger_binds_its_selector_even_when_nothing_can_be_meant_by_it() -> None:
    case = case_of()
    for origin, unsigned in ((case, True), (known(case), False)):
        answer = integrity(seen(origin, steps=()))
        assert name(answer) == "MALFORMED"
        assert isinstance(answer, Refusal)
        assert answer.unsigned is unsigned


def test_a_new_context_of_another_ledger_binds_nobody_here() -> None:
    found = world()
    flow = found.flow(ledger=bytes(16))
    woke = flow.trigger
    own = dfid(bytes(16), woke.source, woke.signal_id, flow.account, flow.decision_class)
    answer = integrity(case_of(flow=replace(flow, dfid=own)))
    assert name(answer) == "WRONG_LEDGER"
    assert isinstance(answer, Refusal)
    assert answer.unsigned


def test_an_agent_of_a_mesh_answers_through_its_window_alone() -> None:
    found = world()
    flow = found.flow(("strategy", "risk"))
    report = found.report(flow, "strategy")
    assert name(integrity(judged(found, flow, seal(report, signer("strategy"))))) == "WRONG_LANE"


# -- gate 2 ------------------------------------------------------------------------------------------------


def remembering(case: Case, *digests: bytes) -> Case:
    """The case after these bytes were answered, each with a verdict of its own."""
    verdicts = (m.Verdict.ACCEPTED, m.Verdict.REJECTED)
    found = at(case, case.now)
    priors = {
        each: Prior(dfid=case.flow.dfid, verdict=verdict, reason=0, key=None, seq=1)
        for each, verdict in zip(digests, verdicts, strict=False)
    }
    found.state.memory = Memory(priors=priors)
    return found


def windowed(kind: m.WindowKind) -> tuple[Case, bytes]:
    """A window whose winner is the veto agent's HALT, and the digest of that HALT."""
    found = world()
    flow = found.flow(("strategy", "risk"))
    halt = found.intent(flow, A.HALT, agent_id="risk")
    answers: list[m.Intent | m.Report] = [halt]
    if kind is not m.WindowKind.LATE:
        answers.append(found.report(flow, "strategy"))
    body = seal(found.window(flow, answers, kind), signer("arbiter"))
    return judged(found, flow, body), digest(seal(halt, signer("risk")))


def prior(verdict: m.Verdict) -> Duplicate:
    return Duplicate(verdict=verdict, reason=Reason.NONE, key=None)


def test_a_late_halt_is_its_authors_word_however_often_it_is_wrapped_anew() -> None:
    late, halt = windowed(m.WindowKind.LATE)
    assert idempotency(late) is None
    assert idempotency(remembering(late, halt)) == prior(m.Verdict.ACCEPTED)
    assert idempotency(remembering(late, late.claim.digest)) == prior(m.Verdict.ACCEPTED)
    both = remembering(late, halt, late.claim.digest)
    assert idempotency(both) == prior(m.Verdict.REJECTED)  # what was said to these very bytes comes first


def test_a_window_in_time_is_a_new_answer_whatever_its_winner_was_told_alone() -> None:
    whole, halt = windowed(m.WindowKind.COMPLETE)
    assert idempotency(remembering(whole, halt)) is None


def test_of_an_exhausted_flow_only_what_faces_admission_is_left_to_it() -> None:
    gone = {"status": m.FlowStatus.EXHAUSTED, "exhausted": True, "open_attempt": 3}
    assert idempotency(known(case_of(), **gone)) is None  # gate 6 says REASONING_EXHAUSTION
    assert name(idempotency(known(case_of(A.CLOSE), **gone))) == "ATTEMPT_CLOSED"


# -- gate 8: the other instruments -------------------------------------------------------------------------


def beside(shown: dict[str, Any], *, looked_up: bool = True, action: m.Action = A.BUY) -> Case:
    """A case whose snapshot shows ether too, with these figures; its quote is looked up or it cannot be."""
    found = world()
    flow = found.flow()
    other = found.market_view(ETH, **shown)
    snapshot = replace(flow.snapshot, instruments=(*flow.snapshot.instruments, other))
    case = rebound(seen(case_of(action, flow=flow), snapshot=snapshot))
    honest = found.market_view(ETH)
    assert honest.price_partition is not None
    assert honest.price_offset is not None
    quote = found.kernel.quotes.at(ETH, honest.price_partition, honest.price_offset, found.now)
    assert quote is not None
    others = (m.InstrumentQuote(instrument=ETH, quote=quote if looked_up else None),)
    return replace(case, others=others)


NOTHING = {"bid": None, "ask": None, "mid": None, "price_partition": None, "price_offset": None}


def test_every_other_price_was_what_the_market_said_too() -> None:
    assert evidence(beside({})) is None
    for lie in ({"bid": D(299), "mid": None}, {"ask": D(301), "mid": None}, {"mid": D(300)},
                {"quote_time": 1}, {"price_offset": 999}):  # fmt: skip
        assert name(evidence(beside(lie))) == MISMATCH, lie


def test_another_instrument_may_be_shown_without_a_price() -> None:
    assert evidence(beside(NOTHING)) is None
    assert evidence(beside(NOTHING | {"quote_time": None})) is None


@pytest.mark.parametrize(
    "alone", [{"bid": D(300)}, {"ask": D("300.1")}, {"mid": D(300)}, {"price_offset": 0}]
)
def test_a_figure_without_the_others_is_no_price(alone: dict[str, Any]) -> None:
    assert name(evidence(beside(NOTHING | alone))) == MISMATCH


def test_a_quiet_instruments_quote_may_be_as_old_as_what_nobody_can_look_up() -> None:
    edge = world().now - QUOTES_US
    assert evidence(beside({"quote_time": edge}, looked_up=False)) is None
    assert name(evidence(beside({"quote_time": edge + 1}, looked_up=False))) == MISMATCH
    assert name(evidence(beside({"quote_time": edge}))) == MISMATCH  # it can be looked up: it was not so
    assert name(evidence(beside({"quote_time": None}, looked_up=False))) == MISMATCH
    halved = NOTHING | {"bid": D(300), "quote_time": edge}
    assert name(evidence(beside(halved, looked_up=False))) == MISMATCH  # old, but no price


# -- gate 8: what cannot be looked up any more -------------------------------------------------------------


def unquoted(action: m.Action = A.HOLD, **shown: Any) -> Case:
    """A case whose own quote nobody can look up."""
    return replace(rebound(viewed(case_of(action), **shown)), quote=None)


def test_where_nobody_asks_for_a_fresh_context_only_what_memory_let_go_of_is_forgotten() -> None:
    edge = world().now - QUOTES_US
    assert evidence(unquoted(quote_time=edge)) is None
    assert name(evidence(unquoted(quote_time=edge + 1))) == MISMATCH
    assert name(evidence(unquoted(quote_time=None))) == MISMATCH
    assert evidence(unquoted(A.CLOSE, quote_time=edge)) is None
    assert evidence(approved(unquoted(A.BUY, quote_time=edge))) is None


def test_a_contract_that_asks_for_a_fresher_context_lets_no_more_pass() -> None:
    for case in (unquoted(A.HOLD), unquoted(A.CLOSE), approved(unquoted(A.BUY))):
        narrow = later(under(case, "drift", max_context_age_ms=1), 1_001)
        assert name(evidence(narrow)) == MISMATCH
    asked = later(under(unquoted(A.BUY), "drift", max_context_age_ms=1), 1_001)
    assert evidence(asked) is None  # gate 11 refuses it for its age


# -- gate 8: the account a person was shown ----------------------------------------------------------------


def test_a_view_that_was_let_go_of_while_a_person_thought_was_so_when_he_was_asked() -> None:
    case = case_of()
    version = case.flow.snapshot.account.version
    newer = of_account(case, hashes={version + 1: bytes(32), version + 5: bytes(32)})
    assert name(evidence(newer)) == MISMATCH
    assert evidence(approved(newer)) is None
    forged = replace(case.flow.snapshot, account_hash=bytes(32))
    assert name(evidence(rebound(seen(approved(newer), snapshot=forged)))) == MISMATCH


def test_a_view_that_is_still_known_is_what_it_was_also_to_a_person() -> None:
    case = approved(case_of())
    version = case.flow.snapshot.account.version
    assert evidence(case) is None
    otherwise = of_account(case, hashes={version: bytes(32), version + 5: bytes(32)})
    assert name(evidence(otherwise)) == MISMATCH
    assert name(evidence(of_account(case, hashes={version - 1: bytes(32)}))) == MISMATCH
    assert name(evidence(of_account(case, hashes={}))) == MISMATCH


# -- gate 8: proofs ----------------------------------------------------------------------------------------


def test_a_proof_is_of_this_context_and_has_the_word_its_contract_asks_for() -> None:
    found = world()
    flow = found.flow(("prover",))

    def proven(*, attested: bool = True, word: dict[str, Any] | None = None, **changes: Any) -> str | None:
        body = seal(found.intent(flow, **changes), signer("prover"))
        words = [found.attest(flow, body, **(word or {}))] if attested else []
        return name(evidence(judged(found, flow, body, words)))

    assert proven() is None
    assert proven(attested=False) == "EVIDENCE_MISSING"
    assert proven(evidence=bytes(32)) == "EVIDENCE_MISMATCH"
    assert proven(word={"agrees": False}) == "EVIDENCE_MISMATCH"
