"""An operator at a desk: answers escalations as his character is, and settles what the venue cannot say."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field

from ledger.envelope import opened
from schemas.codec import Unreadable
from schemas.models import Envelope, Escalation, HumanChoice, Receipt, ReceiptStatus, Verb
from schemas.reasons import LaneReason
from schemas.wire import Refused
from tests.simulation.feed import Pens, Told
from tests.simulation.setting import SECOND, ids
from transport.simulated_broker import SimulatedBroker


@dataclass
class Desk:
    """Reads escalations and receipts; `answers` gives what it signs about those it has not answered."""

    broker: SimulatedBroker
    pens: Pens
    character: str
    _escalations: int = 0
    _receipts: int = 0
    _settled: set[bytes] = field(default_factory=set)

    def answers(self, now: int) -> list[Told]:
        """Acts on what is new since the last call; silence for some of it."""
        found: list[Told] = []
        records, self._escalations = self.broker.read(("escalations", 0), self._escalations, 1_000)
        for record in records:
            said = ids().unpack(Escalation, record.value)
            found += self._decided(said, now)
        records, self._receipts = self.broker.read(("venue.receipts", 0), self._receipts, 1_000)
        for record in records:
            try:
                receipt = opened(ids().unpack(Envelope, record.value), Receipt)
            except (Refused, Unreadable):
                continue  # garbage
            if receipt.status is ReceiptStatus.UNKNOWN and receipt.key not in self._settled:
                found += self._settled_by_hand(receipt, now)
        return found

    def _decided(self, said: Escalation, now: int) -> list[Told]:
        if said.reason == LaneReason.VENUE_UNKNOWN:
            return []
        dice = self._dice(said.dfid, said.attempt)
        choice = dice.choice((HumanChoice.OVERRIDE, HumanChoice.OVERRIDE, HumanChoice.ABORT, None))
        if choice is None:
            return []
        mark = said.mark
        shown = None if mark is None else (mark.bid + mark.ask) / 2
        act = self.pens.decision(
            choice, account=said.account, dfid=said.dfid, payload_digest=said.payload_digest,
            price_shown=shown, valid_until=now + 60 * SECOND,
        )  # fmt: skip
        return [Told("human.decisions", said.account.encode(), act)]

    def _settled_by_hand(self, receipt: Receipt, now: int) -> list[Told]:
        self._settled.add(receipt.key)
        if self._dice(receipt.dfid, 0).random() < 0.5:
            return []
        value = self.pens.control(Verb.SETTLE, now, account=receipt.account, target=receipt.key)
        return [Told("control", receipt.account.encode(), value)]

    def _dice(self, dfid: bytes, attempt: int) -> random.Random:
        name = f"{self.character}/desk/{dfid.hex()}/{attempt}"
        return random.Random(hashlib.sha256(name.encode()).digest())
