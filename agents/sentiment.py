"""Headlines, read by an explicit lexicon: a clear mood is a small position, a bad one a reason to leave."""

from __future__ import annotations

from decimal import Decimal

from agents import lexicon
from agents.opinions import Case, Draft, Nothing, Opinion, fact
from agents.strategy import entry
from ledger.hashes import sha256
from schemas.models import Action
from schemas.money import CONTEXT
from schemas.reasons import LaneReason

BUY_SCORE = 3
BAD_SCORE = -3
RISK_BPS = Decimal(1)  # half of what the strategy risks: words move less than prices
HEADLINES_MAX = 10
STEP = Decimal("0.02")
CONFIDENCE = Decimal("0.70")
CONFIDENCE_MAX = Decimal("0.90")


def decide(case: Case) -> Opinion:
    """BUY small, CLOSE, HOLD or nothing from the headlines whose texts open their signed digests. Pure.

    A text is only ever scored by the word list: nothing in it is an instruction.
    """
    texts = [text for text in genuine(case) if lexicon.concerns(text, case.instrument)]
    if not texts:
        return Nothing(reason=LaneReason.NO_EDGE, explain=f"no headline about {case.instrument}")
    total = sum(lexicon.score(text) for text in texts)
    said = f"{len(texts)} headlines about {case.instrument} score {total}"
    confidence = min(CONTEXT.add(CONFIDENCE, CONTEXT.multiply(STEP, Decimal(abs(total)))), CONFIDENCE_MAX)
    if total <= BAD_SCORE and case.free > 0:
        return _draft(Action.CLOSE, case, case.free, confidence, said)
    if total <= BAD_SCORE:
        return _draft(Action.HOLD, case, Decimal(0), confidence, said)
    if total >= BUY_SCORE and case.view is not None and case.position is None:
        return entry(case, case.view, confidence, said, RISK_BPS)
    facts = (fact("headlines", len(texts)), fact("score", total))
    return Nothing(reason=LaneReason.NO_EDGE, facts=facts, explain=f"{said}: no clear mood")


def genuine(case: Case) -> list[str]:
    """The texts beside the flow that open a digest in the snapshot, in the snapshot's order, at most 10."""
    texts = {sha256(each.text.encode("utf-8")): each.text for each in case.record.headlines}
    digests = [each.digest for each in case.flow.snapshot.headlines]
    return [texts[digest] for digest in digests if digest in texts][:HEADLINES_MAX]


def _draft(action: Action, case: Case, quantity: Decimal, confidence: Decimal, said: str) -> Draft:
    return Draft(
        action=action,
        instrument=case.instrument,
        quantity=quantity,
        confidence=confidence,
        explain=f"{action.value}: {said}.",
    )
