"""Adapters of transitions: what an action breaks of an account's limits, and what it makes of the account."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kernel import exact
from kernel.case import Case
from kernel.folds.batches import revalue
from kernel.folds.receipts import fold_receipt, reserve
from kernel.gates.limits import limits
from kernel.gates.reservation import reservation
from kernel.gates.shape import malformed
from kernel.orders import FEE_RESERVE_BPS, side_of
from kernel.ruling import Refusal
from kernel.state.accounts import Account, DayStart, Held, Order
from kernel.state.days import UTC_ZONE
from ledger.envelope import seal
from ledger.hashes import tagged
from schemas import models as m
from schemas.reasons import Reason
from tests.build import ACCOUNT, LEDGER, signer
from tests.vectors.runner import Vector, unit
from tests.vectors.scenes import ORDER, PLENTY, ZERO, case_of, desk, market_intent, named, plain, quoted, wide

# What a figure of gate 9 measures, in the source's words; its `_limit` twin is the other half of it.
WORDS = {
    "single_trade": "position_concentration",
    "position_value": "position_concentration",
    "position_size": "position_concentration",
    "exposure": "leverage_limit",
    "order_value": "order_value_limit",
    "open_positions": "open_positions_limit",
}
FUNDS = {
    Reason.INSUFFICIENT_FUNDS: "insufficient_cash",
    Reason.INSUFFICIENT_POSITION: "insufficient_position",
}


@dataclass(frozen=True, kw_only=True)
class Act:
    """One action of a plan; the size is a quantity of the symbol."""

    action: m.Action
    symbol: str
    size: Decimal
    price: Decimal


def read(text: str, price: Any = None) -> Act | None:
    """``BUY AAPL 6@100``, or ``BUY 2`` where symbol and price are told beside; else None."""
    found = ORDER.fullmatch(text)
    if found is None:
        return None
    told = found["price"] or price
    return Act(
        action=m.Action[found["side"]],
        symbol=found["symbol"] or "A",
        size=Decimal(found["size"] or 0),
        price=Decimal(str(told)),
    )


class Book:
    """An account of a real state: positions at their marks, and a day that begins with what it is worth."""

    def __init__(self, given: dict[str, Any], symbols: set[str]) -> None:
        self.world = desk(symbols=tuple(sorted(symbols | set(given.get("pos", {})))))
        self.state = self.world.kernel.state
        self.limits = wide(
            max_leverage=Decimal(str(given.get("lev", 1))),
            max_position_pct=Decimal(str(given.get("pct", 0.5))),
            max_single_trade_pct=Decimal(str(given.get("pct", 0.5))),
            max_order_value=Decimal(str(given.get("val", PLENTY))),
        )
        self.account = Account(account=ACCOUNT, cash=Decimal(str(given["cash"])))
        self.state.accounts[ACCOUNT] = self.account
        self.orders = 0

    def hold(self, positions: dict[str, Any], marks: dict[str, Decimal]) -> None:
        for symbol, size in positions.items():
            quantity = Decimal(str(size))
            if quantity:
                cost = exact.times(quantity, marks[symbol])
                self.account.positions[named(symbol)] = Held(quantity=quantity, total_cost=cost)
        self.account.deposits = exact.plus(self.account.cash, self.account.at_cost())

    def mark(self, symbol: str, price: Decimal) -> None:
        """The price of a new day: yesterday's gain is no phase of today."""
        name = named(symbol)
        quoted(self.world, symbol, price)
        self.world.run()
        self.state.core.marks[name] = m.Mark(
            instrument=name, bid=price, ask=price, event_time=self.world.now, partition=0, offset=0
        )
        revalue(self.state, self.account)
        self.account.day_starts[UTC_ZONE] = DayStart(equity=self.account.equity, until=1 << 62)

    def errors(self, act: Act) -> list[str]:
        """Everything gates 1, 9 and 12 have to say, not only the first."""
        if act.action is m.Action.HOLD:
            return []
        self.mark(act.symbol, act.price)
        case = self._case(act)
        if malformed(case):
            return ["invalid_action"]
        found = limits(case)
        names = [] if found is None else [fact.name for fact in found.facts]  # type: ignore[union-attr]  # no Duplicate
        said = {WORDS.get(name, name) for name in names if not name.endswith("_limit")}
        funds = self._funds(case, act)
        return sorted(said | ({FUNDS[funds.reason]} if funds is not None else set()))

    def _case(self, act: Act) -> Case:
        flow = self.world.flow(instrument=named(act.symbol))
        intent = market_intent(self.world, flow, act.action, act.size, act.price)
        return case_of(self.world, flow, intent, limits=self.limits)

    def _funds(self, case: Case, act: Act) -> Refusal | None:
        """Their venue is free: what we keep beside a purchase for fees is lent to it."""
        cash = self.account.cash
        margin = exact.times(exact.times(act.size, act.price), FEE_RESERVE_BPS).scaleb(-4)
        self.account.cash = exact.plus(cash, margin)
        found = reservation(case)
        self.account.cash = cash
        assert found is None or isinstance(found, Refusal)
        return found

    def execute(self, act: Act) -> None:
        """Reserved and filled at the price, by the kernel's own folds."""
        if act.action is m.Action.HOLD:
            return
        self.orders += 1
        key = tagged("interlock/1/test", str(self.orders))
        side = side_of(act.action)
        cost = exact.times(act.size, act.price) if side == "BUY" else ZERO
        order = Order(
            dfid=bytes(16), step_id="s1", agent_id="sovereign", action=act.action, side=side,
            instrument=named(act.symbol), quantity=act.size, cash=cost, time_in_force=m.TimeInForce.IOC,
            valid_until=0, stop=None, target_price=None,
        )  # fmt: skip
        reserve(self.account, key, order)
        receipt = m.Receipt(
            ledger=LEDGER, account=ACCOUNT, dfid=bytes(16), key=key, venue="paper", venue_order_id=None,
            status=m.ReceiptStatus.FILLED, quantity=act.size, average_price=act.price, fee=ZERO,
            raw_hash=bytes(32), attempt=1, at=0,
        )  # fmt: skip
        status = m.FlowStatus.CLOSED
        sealed = seal(receipt, signer("executor"))
        fold_receipt(self.state, m.ReceiptEntry(receipt=sealed, dfid=bytes(16), flow_status=status))
        revalue(self.state, self.account)

    @property
    def exposure(self) -> Decimal:
        return exact.minus(self.account.equity, self.account.cash)


@unit("verify_transition")
def transition(vector: Vector) -> list[str]:
    given, act = vector["input"]["state"], read(vector["input"]["action"])
    if act is None:
        return ["invalid_action"]
    marks = {symbol: Decimal(str(price)) for symbol, price in given.get("marks", {}).items()}
    marks.setdefault(act.symbol, act.price)
    book = Book(given, {act.symbol})
    book.hold(given.get("pos", {}), marks)
    for symbol in given.get("pos", {}):
        book.mark(symbol, marks[symbol])
    return book.errors(act)


@unit("simulate_plan")
def plan(vector: Vector) -> dict[str, Any]:
    """Each price is a day's. A plan ends at the first step that is refused."""
    given = vector["input"]
    steps = zip(given["plan"], given["prices"], strict=False)
    acts = [act for text, price in steps if (act := read(text, price)) is not None]
    assert len(acts) == len(given["plan"]), given["plan"]
    book = Book({"cash": given["cash"], **given["limits"]}, {act.symbol for act in acts})
    book.hold({}, {})
    told: dict[str, Any] = {
        "approved": True, "rejected_step_index": None, "errors": [],
        "cash_after": [], "exposure_after": [], "deltas_cash": [],
    }  # fmt: skip
    exposure = ZERO
    for number, act in enumerate(acts):
        before = book.account.cash
        book.mark(act.symbol, act.price)
        errors = book.errors(act)
        if not errors:
            book.execute(act)
            exposure = book.exposure  # a step that is refused leaves it as the last one did
        told["cash_after"].append(plain(book.account.cash))
        told["exposure_after"].append(plain(exposure))
        told["deltas_cash"].append(plain(exact.minus(book.account.cash, before)))
        if errors:
            return told | {"approved": False, "rejected_step_index": number, "errors": errors}
    return told
