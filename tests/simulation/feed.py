"""What is fed: a market that walks, and what wakes flows; each group is a tick of its own."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ledger.envelope import seal
from ledger.hashes import explain_commitment
from schemas.models import (
    Bar,
    Control,
    HumanChoice,
    HumanDecision,
    Instruction,
    InstructionRecord,
    MarketSignal,
    News,
    Quote,
    Timer,
    Urgency,
    Verb,
)
from tests.build import LEDGER, signer
from tests.simulation.setting import ACCOUNTS, INSTRUMENTS, NOON, SECOND, framed, principal

HUNDREDTH = Decimal("0.01")
START = {"btc-usd": Decimal(4000), "eth-usd": Decimal(300)}
ONE = Decimal(1)


@dataclass(frozen=True)
class Told:
    """A record for a topic; what an operator signs is numbered when it is sent."""

    topic: str
    key: bytes
    value: bytes | Callable[[], bytes]


@dataclass(frozen=True)
class Planned:
    """A record whose time is not yet known: `at` makes it."""

    topic: str
    key: bytes
    made: Callable[[int], bytes]

    def at(self, now: int) -> Told:
        """The record at ``now``; a command is signed when it is sent, for it is numbered."""
        if self.topic == "control":
            return Told(self.topic, self.key, lambda: self.made(now))
        return Told(self.topic, self.key, self.made(now))


@dataclass(frozen=True)
class Group:
    """Records of one tick; ``at`` micros UTC."""

    at: int
    records: tuple[Planned, ...]


@dataclass
class Pens:
    """Whoever signs by hand, with his serials."""

    serial: int = 0

    def control(self, verb: Verb, at: int, **fields: object) -> bytes:
        """An operator's command."""
        self.serial += 1
        command = Control(ledger=LEDGER, serial=self.serial, verb=verb, reason="simulated", at=at, **fields)  # type: ignore[arg-type]  # fields by name
        return framed(seal(command, signer("operator")))

    def decision(self, choice: HumanChoice, **fields: object) -> bytes:
        """An operator's act on an escalation."""
        self.serial += 1
        act = HumanDecision(
            ledger=LEDGER, serial=self.serial, choice=choice, explain_commitment=bytes(32), **fields
        )  # type: ignore[arg-type]  # fields by name
        return framed(seal(act, signer("operator")))


@dataclass
class Feed:
    """The tape of a seed: the same whatever goes wrong."""

    rng: random.Random
    pens: Pens
    prices: dict[str, Decimal] = field(default_factory=lambda: dict(START))
    number: int = 0

    def groups(self, count: int) -> list[Group]:
        """``count`` ticks, each some seconds after the last."""
        found, at = [], NOON + 60 * SECOND
        for _ in range(count):
            at += self.rng.randint(1, 6) * SECOND
            found += [Group(at=at, records=records) for records in self._tick()]
        return found

    def _tick(self) -> list[tuple[Planned, ...]]:
        """One instrument's records, and apart from them an instruction or a command (law 8)."""
        instrument = self.rng.choice(INSTRUMENTS)
        move = Decimal(self.rng.choice((-60, -20, -5, -1, 0, 1, 5, 20, 60, 150)))
        price = (self.prices[instrument] * (1 + move / 10_000)).quantize(HUNDREDTH)
        self.prices[instrument] = price
        quote = Quote(bid=price, ask=price + HUNDREDTH * self.rng.randint(1, 20), bid_size=ONE, ask_size=ONE)
        records, apart = [self._signal(quote, instrument)], []
        kind = self.rng.choice(("TIMER", "BAR", "BAR", "NEWS", "INSTRUCTION", "INSTRUCTION", "CONTROL"))
        if kind == "TIMER":
            records.append(self._signal(Timer(schedule="quarter"), instrument))
        elif kind == "BAR":
            bar = Bar(open=price, high=price + 1, low=price - 1, close=price, volume=ONE, period_ms=60_000)
            records.append(self._signal(bar, instrument))
        elif kind == "NEWS":
            news = News(headline="Something was said", symbols=(instrument,))
            records.append(self._signal(news, instrument))
        elif kind == "INSTRUCTION":
            apart.append(self._instruction(instrument, price))
        elif self.rng.random() < 0.4:
            apart.append(self._control(instrument))
        return [tuple(records), tuple(apart)] if apart else [tuple(records)]

    def _signal(self, body: Any, instrument: str) -> Planned:
        self.number += 1
        name = f"s{self.number}"

        def made(at: int) -> bytes:
            signal = MarketSignal(
                source="tape", signal_id=name, instrument=instrument, venue="simulated", event_time=at,
                body=body,
            )  # fmt: skip
            return framed(signal)

        return Planned("market.signals", instrument.encode(), made)

    def _instruction(self, instrument: str, price: Decimal) -> Planned:
        self.number += 1
        account = self.rng.choice(ACCOUNTS)
        lot = "0.1" if instrument == "btc-usd" else "2"
        limit, stop, target = (
            (price * Decimal(each)).quantize(HUNDREDTH) for each in ("1.002", "0.98", "1.06")
        )
        low, high = ((price * Decimal(each)).quantize(HUNDREDTH) for each in ("0.99", "1.01"))
        text = self.rng.choice(
            (
                f"WORK BUY {lot} {instrument} BETWEEN {low} AND {high} FOR 1 MINUTES",
                f"BUY {lot} {instrument} LIMIT {limit} STOP {stop} TARGET {target}",
                f"BUY {lot} {instrument} LIMIT {limit} STOP {stop} TARGET {target}",
                f"BUY 999 {instrument} LIMIT {limit} STOP {stop} TARGET {target}",
                f"CLOSE {instrument}",
                "buy low, sell high",
            )
        )
        salt, name = self.number.to_bytes(32, "big"), f"i{self.number}"

        def made(at: int) -> bytes:
            instruction = Instruction(
                ledger=LEDGER, account=account, instruction_id=name, event_time=at, decision_class="audit",
                instrument=instrument, urgency=Urgency.NORMAL, compliance=True,
                text_commitment=explain_commitment(text, salt),
            )  # fmt: skip
            sealed = seal(instruction, principal(account))
            return framed(InstructionRecord(envelope=sealed, text=text, salt=salt))

        return Planned("instructions", account.encode(), made)

    def _control(self, instrument: str) -> Planned:
        account = self.rng.choice(ACCOUNTS)
        verb, fields = self.rng.choice(
            (
                (Verb.REDUCE, {"account": account}),
                (Verb.HALT, {"instrument": instrument}),
                (Verb.RESUME, {"instrument": instrument}),
                (Verb.RESUME, {"account": account}),
                (Verb.SUSPEND, {"account": account, "agent_id": "sentiment"}),
                (Verb.FUND, {"account": account, "amount": Decimal(1000)}),
            )
        )
        return Planned("control", account.encode(), lambda at: self.pens.control(verb, at, **fields))
