"""The paper venue: a durable store that deduplicates and keeps every attempt, as a real venue does."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from pathlib import Path

from kernel.venues.venue import VenueAnswer, VenueOrder, VenueSuperseded, answer_of
from schemas.models import ReceiptStatus
from schemas.money import CONTEXT

FEE_RATE = Decimal("0.001")  # ten basis points of what was traded
SLIPPAGE_BPS_MAX = 3
DECLINED_ONE_IN = 40
PARTIAL_ONE_IN = 12
PRICE_STEP = Decimal("0.01")
FEE_STEP = Decimal("0.000001")
ZERO = Decimal(0)
BPS = Decimal(10_000)

TABLES = """
CREATE TABLE IF NOT EXISTS orders (
  client_id TEXT PRIMARY KEY, account TEXT NOT NULL, ordinal INTEGER NOT NULL, answer BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS attempts (
  number INTEGER PRIMARY KEY AUTOINCREMENT, client_id TEXT NOT NULL, what TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refused (client_id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS epochs (ledger BLOB PRIMARY KEY, epoch INTEGER NOT NULL);
"""


class PaperVenue:
    """One SQLite file apart from Kafka; an order is answered once and for all, whoever asks how often."""

    name = "paper"
    deduplicates = True

    def __init__(self, path: Path, seed: str, ledger: bytes = b"") -> None:
        """``ledger``: its id. Epochs are counted for each: a file may outlive the ledger it was made for."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._seed, self._ledger = seed, ledger
        self._store = sqlite3.connect(path, isolation_level=None)
        self._store.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + TABLES)

    def place(self, order: VenueOrder) -> VenueAnswer:
        """Fill at the quote the order was judged against, with slippage, never beyond its limit."""
        with self._changing(order.client_id, "place", order.epoch):
            known = self._known(order.client_id)
            if known is None and self._is_refused(order.client_id):
                return _answer(order, _order_id(order), ReceiptStatus.CANCELLED, ZERO, ZERO)
            if known is None:
                (ordinal,) = self._store.execute(
                    "SELECT count(*) FROM orders WHERE account = ?", (order.account,)
                ).fetchone()
                known = execute(order, self._seed, ordinal)
                row = (order.client_id, order.account, ordinal, known.raw())
                self._store.execute("INSERT INTO orders VALUES (?, ?, ?, ?)", row)
        return known

    def query(self, client_id: str) -> VenueAnswer | None:
        """What became of a client id."""
        return self._known(client_id)

    def cancel(self, client_id: str, epoch: int) -> VenueAnswer | None:
        """Nothing stays open here (immediate or cancel): the order's own answer. One never seen is barred."""
        with self._changing(client_id, "cancel", epoch):
            known = self._known(client_id)
            if known is None:
                self._store.execute("INSERT OR IGNORE INTO refused VALUES (?)", (client_id,))
        return known

    def orders(self) -> dict[str, VenueAnswer]:
        """Every order ever taken, by client id: the venue's own record, to be compared with the ledger."""
        rows = self._store.execute("SELECT client_id, answer FROM orders ORDER BY rowid").fetchall()
        return {client_id: answer_of(raw) for client_id, raw in rows}

    def attempts(self) -> int:
        """How often anyone asked to place or cancel."""
        (count,) = self._store.execute("SELECT count(*) FROM attempts").fetchone()
        return int(count)

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    @contextmanager
    def _changing(self, client_id: str, what: str, epoch: int) -> Iterator[None]:
        """One transaction of the store, for the newest executor only. Raises VenueSuperseded."""
        self._store.execute("BEGIN IMMEDIATE")
        with self._store:  # commits, or rolls back what ends in an exception
            self._admit(epoch)
            self._store.execute("INSERT INTO attempts (client_id, what) VALUES (?, ?)", (client_id, what))
            yield

    def _admit(self, epoch: int) -> None:
        row = self._store.execute("SELECT epoch FROM epochs WHERE ledger = ?", (self._ledger,)).fetchone()
        newest = 0 if row is None else row[0]
        if epoch < newest:
            raise VenueSuperseded(f"epoch {epoch} speaks to {self.name} after epoch {newest}")
        if epoch > newest:
            self._store.execute("INSERT OR REPLACE INTO epochs VALUES (?, ?)", (self._ledger, epoch))

    def _is_refused(self, client_id: str) -> bool:
        found = self._store.execute("SELECT 1 FROM refused WHERE client_id = ?", (client_id,)).fetchone()
        return found is not None

    def _known(self, client_id: str) -> VenueAnswer | None:
        row = self._store.execute("SELECT answer FROM orders WHERE client_id = ?", (client_id,)).fetchone()
        return None if row is None else answer_of(row[0])


def execute(order: VenueOrder, seed: str, ordinal: int) -> VenueAnswer:
    """What the market does with an order: drawn from (seed, account, ordinal), so that a tape repeats."""
    drawn = hashlib.sha256(f"{seed}/{order.account}/{ordinal}".encode()).digest()
    order_id = _order_id(order)
    price = _price(order, drawn[0] % (SLIPPAGE_BPS_MAX + 1))
    if drawn[1] % DECLINED_ONE_IN == 0:
        return _answer(order, order_id, ReceiptStatus.DECLINED, ZERO, ZERO)
    beyond = price > order.limit_price if order.side == "BUY" else price < order.limit_price
    if beyond:
        return _answer(order, order_id, ReceiptStatus.CANCELLED, ZERO, ZERO)
    if drawn[2] % PARTIAL_ONE_IN == 0:
        half = (order.quantity / 2).quantize(order.lot, rounding=ROUND_DOWN)
        if half > 0:  # immediate or cancel: the rest is cancelled
            return _answer(order, order_id, ReceiptStatus.CANCELLED, half, price)
    return _answer(order, order_id, ReceiptStatus.FILLED, order.quantity, price)


def _order_id(order: VenueOrder) -> str:
    return f"paper-{order.client_id[:12]}"


def _price(order: VenueOrder, slippage_bps: int) -> Decimal:
    sign = 1 if order.side == "BUY" else -1
    quoted = order.ask if order.side == "BUY" else order.bid
    moved = CONTEXT.multiply(quoted, (BPS + sign * slippage_bps) / BPS)
    slipped = moved.quantize(PRICE_STEP, rounding=ROUND_HALF_EVEN)
    bound = min if order.side == "BUY" else max
    quoted_ok = quoted <= order.limit_price if order.side == "BUY" else quoted >= order.limit_price
    return bound(slipped, order.limit_price) if quoted_ok else slipped


def _answer(
    order: VenueOrder, order_id: str, status: ReceiptStatus, quantity: Decimal, price: Decimal
) -> VenueAnswer:
    fee = CONTEXT.multiply(CONTEXT.multiply(quantity, price), FEE_RATE)
    return VenueAnswer(
        client_id=order.client_id,
        venue_order_id=order_id,
        status=status,
        quantity=quantity,
        average_price=price,
        fee=fee.quantize(FEE_STEP, rounding=ROUND_HALF_EVEN),
    )
