"""A second reader who owes the first nothing: it reads the instruction its own way and compares.

It shares no reading code with the prover on purpose; two readers with one parser would agree on its mistakes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from ledger.envelope import digest, opened
from ledger.hashes import explain_commitment, tagged
from schemas.canonical import jcs
from schemas.codec import Unreadable, decode
from schemas.models import (
    Action,
    Attestation,
    Envelope,
    EvidenceRequest,
    Fact,
    FlowOpened,
    FlowRecord,
    Instruction,
    Intent,
    Mandate,
    Side,
)
from schemas.money import CONTEXT, plain

ATTESTOR = "heuristic"
TIER = "heuristic"
NUMBER = r"((?:0|[1-9][0-9]{0,19})(?:\.[0-9]{1,18})?)"
SENTENCE = re.compile(
    rf"(BUY|SELL) {NUMBER} ([a-z0-9._-]{{1,64}})(?: LIMIT {NUMBER})?(?: STOP {NUMBER})?(?: TARGET {NUMBER})?"
)
FRAMING = re.compile(
    rf"WORK (BUY|SELL) {NUMBER} ([a-z0-9._-]{{1,64}}) BETWEEN {NUMBER} AND {NUMBER}"
    r" FOR ([1-9][0-9]{0,3}) MINUTES"
)
DAY_MINUTES, MINUTE_US = 1440, 60_000_000
LEAVING = re.compile(r"CLOSE ([a-z0-9._-]{1,64})")
UNREAD = Decimal(-1)  # the figure of a field the baseline has no value for
CRITICAL = ("action", "instrument", "quantity", "limit_price", "stop", "target_price", "mandate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the order must be, from the instruction and the snapshot alone."""

    action: Action
    instrument: str
    quantity: Decimal
    limit_price: Decimal | None
    stop: Decimal | None
    target_price: Decimal | None
    mandate: Mandate | None = None

    def body(self) -> bytes:
        """Canonical JSON: what the attestation's artifact hash is of."""
        prices = (self.limit_price, self.stop, self.target_price)
        texts = [None if price is None else plain(price) for price in prices]
        said = [self.action.value, self.instrument, plain(self.quantity), *texts]
        frame = self.mandate
        if frame is not None:
            said += [frame.side.value, plain(frame.price_low), plain(frame.price_high), str(frame.expires_at)]
        return jcs(said)


def baseline(flow: FlowOpened, record: FlowRecord) -> Baseline | None:
    """Read the instruction again; None when it has no honest reading."""
    text, salt = record.instruction_text, record.instruction_salt
    if flow.trigger.instruction is None or text is None or salt is None:
        return None
    try:
        signed = opened(decode(Envelope, flow.trigger.instruction), Instruction)
    except Unreadable:
        return None
    if explain_commitment(text, salt) != signed.text_commitment or signed.account != flow.account:
        return None
    found = _leaving(flow, text) or _sized(text) or _framing(text, signed.event_time)
    return found if found is not None and found.instrument == signed.instrument else None


def attest(request: EvidenceRequest, flow: FlowOpened, intent: Intent) -> Attestation:
    """The finding on one intent. ``flow`` and ``intent`` are what the request's envelopes hold; pure."""
    expected = baseline(flow, request.flow)
    facts = (Fact(name="unread", value=Decimal(1)),) if expected is None else differences(expected, intent)
    body = jcs(None) if expected is None else expected.body()
    return Attestation(
        ledger=flow.ledger,
        account=flow.account,
        dfid=flow.dfid,
        attempt=flow.attempt,
        intent_digest=digest(request.intent),
        attestor_id=ATTESTOR,
        tier=TIER,
        agrees=not facts,
        artifact_hash=tagged("interlock/1/artifact", body),
        facts=facts,
        at=flow.snapshot.taken_at,
    )


def differences(expected: Baseline, intent: Intent) -> tuple[Fact, ...]:
    """One pair of figures per critical field that differs; words count as 1 (differs) without a pair."""
    found: list[Fact] = []
    for name in CRITICAL:
        wanted, claimed = getattr(expected, name), getattr(intent, name)
        if wanted == claimed:
            continue
        if name in ("action", "instrument", "mandate"):
            found.append(Fact(name=f"{name}_differs", value=Decimal(1)))
        else:
            found.append(Fact(name=f"{name}_claimed", value=UNREAD if claimed is None else claimed))
            found.append(Fact(name=f"{name}_expected", value=UNREAD if wanted is None else wanted))
    return tuple(found)


def _leaving(flow: FlowOpened, text: str) -> Baseline | None:
    found = LEAVING.fullmatch(text)
    if found is None:
        return None
    free = Decimal(0)
    for each in flow.snapshot.account.positions:
        if each.instrument == found[1]:
            free = CONTEXT.subtract(each.quantity, each.reserved)
    return Baseline(
        action=Action.CLOSE,
        instrument=found[1],
        quantity=free,
        limit_price=None,
        stop=None,
        target_price=None,
    )


def _sized(text: str) -> Baseline | None:
    found = SENTENCE.fullmatch(text)
    if found is None:
        return None
    limit, stop, target = (None if found[n] is None else Decimal(found[n]) for n in (4, 5, 6))
    return Baseline(
        action=Action(found[1]),
        instrument=found[3],
        quantity=Decimal(found[2]),
        limit_price=limit,
        stop=stop,
        target_price=target,
    )


def _framing(text: str, said_at: int) -> Baseline | None:
    found = FRAMING.fullmatch(text)
    if found is None or int(found[6]) > DAY_MINUTES:
        return None
    quantity, low, high = (Decimal(found[n]) for n in (2, 4, 5))
    if quantity == 0 or not 0 < low <= high:
        return None
    ends = said_at + int(found[6]) * MINUTE_US
    return Baseline(
        action=Action.MANDATE,
        instrument=found[3],
        quantity=quantity,
        limit_price=None,
        stop=None,
        target_price=None,
        mandate=Mandate(side=Side(found[1]), price_low=low, price_high=high, expires_at=ends),
    )
