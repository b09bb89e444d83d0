"""An operator at a desk: answers escalations as his character is, and settles what the venue cannot say."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

from ledger.envelope import digest, opened
from schemas.models import Envelope, Escalation, HumanChoice, Receipt, Verb
from schemas.wire import Refused
from tests.simulation.feed import Pens, Told
from tests.simulation.setting import SECOND, ids
from transport.simulated_broker import SimulatedBroker


@dataclass
class Desk:
    """Reads escalations; `answers` gives what it signs about those it has not answered."""

    broker: SimulatedBroker
    pens: Pens
    character: str
    _escalations: int = 0

    def answers(self, now: int) -> list[Told]:
        """Acts on what is new since the last call; silence for some of it."""
        found: list[Told] = []
        records, self._escalations = self.broker.read(("escalations", 0), self._escalations, 1_000)
        for record in records:
            said = ids().unpack(Escalation, record.value)
            found += self._decided(said, now)
        return found

    def _decided(self, said: Escalation, now: int) -> list[Told]:
        if said.reason == 0:  # of an order, not of an answer
            return self._settled_by_hand(said, now)
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

    def _settled_by_hand(self, said: Escalation, now: int) -> list[Told]:
        """The order whose receipt he was told of is over, he says; its reservation comes back."""
        if self._dice(said.dfid, 0).random() < 0.5:
            return []
        for record in self.broker.read(("venue.receipts", 0), 0, 1_000_000)[0]:
            try:
                envelope = ids().unpack(Envelope, record.value)
            except Refused:
                continue  # garbage
            if digest(envelope) == said.payload_digest:
                target = opened(envelope, Receipt).key
                value = self.pens.control(Verb.SETTLE, now, account=said.account, target=target)
                return [Told("control", said.account.encode(), value)]
        return []

    def _dice(self, dfid: bytes, attempt: int) -> random.Random:
        name = f"{self.character}/desk/{dfid.hex()}/{attempt}"
        return random.Random(hashlib.sha256(name.encode()).digest())
