"""The load: a market that walks, and orders signed by its accounts' principals, at the wall's own pace."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from interlock.feed.made_up import Order, instruction
from interlock.feed.plan import Item, Send
from ledger.signing import Signer
from schemas.models import Bar, MarketSignal, Quote, Timer
from tests.kill.stage import ACCOUNTS, NOON, Stage
from transport.card import seed

SECOND = 1_000_000
START = {"btc-usd": Decimal(4500), "eth-usd": Decimal(340)}
SIZE = {"btc-usd": "0.05", "eth-usd": "1"}
HUNDREDTH = Decimal("0.01")
ONE = Decimal(1)
BAR_EVERY, TIMER_EVERY = 60, 20  # seconds


@dataclass
class Load:
    """A thread that publishes until told to stop; ``ordered`` says what was sent, by account."""

    stage: Stage
    rng: random.Random
    orders_per_s: float
    ordered: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in ACCOUNTS})
    failure: Exception | None = None
    now: int = NOON
    _prices: dict[str, Decimal] = field(default_factory=lambda: dict(START))
    _holds: dict[tuple[str, str], bool] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to publish."""
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop, and raise what went wrong."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        began, first = time.monotonic(), self.stage.feeder.now + SECOND
        state, name = self.stage.there.running.root, self.stage.there.name
        pens = {account: Signer(seed(state, name, f"principal-{account}")) for account in ACCOUNTS}
        second = 0
        try:
            while not self._over.is_set():
                now = first + int((time.monotonic() - began) * SECOND)
                if now // SECOND != second:
                    second = now // SECOND
                    self.stage.feeder.publish(Item(at=now, label="market", sends=tuple(self._market(now))))
                self._order(now, pens)
                self.now = now
                self._over.wait(self.rng.expovariate(self.orders_per_s))
        except Exception as error:  # the outermost of this thread: the campaign raises it
            self.failure = error

    def _market(self, now: int) -> Iterator[Send]:
        for instrument, before in self._prices.items():
            price = (before * (1 + Decimal(self.rng.randint(-3, 3)) / 10_000)).quantize(HUNDREDTH)
            price = min(max(price, START[instrument] * Decimal("0.97")), START[instrument] * Decimal("1.03"))
            self._prices[instrument] = price.quantize(HUNDREDTH)
            yield self._signal(now, instrument, "quote", Quote(
                bid=price, ask=price + HUNDREDTH, bid_size=ONE, ask_size=ONE))  # fmt: skip
            second = now // SECOND
            if second % BAR_EVERY == 0:
                yield self._signal(now, instrument, "bar", Bar(
                    open=before, high=max(before, price), low=min(before, price), close=price, volume=ONE,
                    period_ms=BAR_EVERY * 1_000))  # fmt: skip
            if second % TIMER_EVERY == 0:
                yield self._signal(now, instrument, "timer", Timer(schedule="kill"), Decimal(10_000))

    def _signal(
        self, now: int, instrument: str, kind: str, body: Quote | Bar | Timer, notional: Decimal | None = None
    ) -> Send:
        signal = MarketSignal(
            source="tape", signal_id=f"{instrument}-{kind}-{now}", instrument=instrument, venue="coinbase",
            event_time=now, body=body, notional_usd=notional,
        )  # fmt: skip
        return Send(topic="market.signals", key=instrument.encode(), value=self.stage.ids.pack(signal))

    def _order(self, now: int, pens: dict[str, Signer]) -> None:
        """Buy what the account does not hold by our count, else close it; it may be refused as it likes."""
        account, instrument = self.rng.choice(ACCOUNTS), self.rng.choice(sorted(START))
        price = self._prices[instrument]
        holds = self._holds.get((account, instrument), False)
        self._holds[(account, instrument)] = not holds
        limit, stop, target = (
            (price * Decimal(each)).quantize(HUNDREDTH) for each in ("1.004", "0.97", "1.12")
        )
        text = f"BUY {SIZE[instrument]} {instrument} LIMIT {limit} STOP {stop} TARGET {target}"
        if holds:
            text = f"CLOSE {instrument}"
        order = Order(
            at=now, account=account, decision_class="audit", instrument=instrument, text=text, text_sent=text,
            signer="", note="honest",
        )  # fmt: skip
        there = self.stage.there
        self.stage.feeder.publish(instruction(order, there.card.ledger, pens[account], self.stage.ids))
        self.ordered[account].append(f"order-{now}-{account}")
