"""The account book of the naive specification: cash, positions, orders, receipts, marks and days.

Everything is a plain dict, every figure a Fraction, every list scanned from its beginning.
"""

from datetime import UTC, datetime, timedelta
from fractions import Fraction as F
from math import ceil, floor
from zoneinfo import ZoneInfo

from schemas import models as m

HOUR, SECOND = 3_600_000_000, 1_000_000
QUOTE_LIFE, SKEW, ORDER_LIFE = 600 * SECOND, 5 * SECOND, 60 * SECOND
FEE_RESERVE, BPS = F(20), F(10_000)
RANK = {"SENT": 0, "PARTIAL": 1, "UNKNOWN": 2}  # any other status is final
SEVERE = list(m.TradingState)
RIGHTWARD = list(m.Standing)


def num(value):
    return None if value is None else F(value)


def money(value):
    """Eighteen places, half to even: what the ledger can hold."""
    return F(round(value * 10**18), 10**18)


def middle(quote):
    return (F(quote.bid) + F(quote.ask)) / 2


def sane(quote):
    return 0 < quote.bid <= quote.ask


def local(now, zone):
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=now)).astimezone(ZoneInfo(zone))


def new_account(name):
    zero = dict.fromkeys(("cash", "reserved", "deposits", "withdrawals", "realised", "fees", "peak"), F(0))
    return zero | {
        "name": name, "state": m.TradingState.ACTIVE, "instruments": {}, "halts": {}, "standings": {},
        "positions": {}, "orders": {}, "days": {}, "views": [],
    }  # fmt: skip


def position(account, instrument):
    nothing = {"quantity": F(0), "reserved": F(0), "cost": F(0), "stop": None, "target": None}
    return account["positions"].get(instrument, nothing)


def free(account, instrument):
    held = position(account, instrument)
    return held["quantity"] - held["reserved"]


def worth(spec, account, instrument):
    """At the folded mark; what has none counts at its cost."""
    held, mark = position(account, instrument), spec.marks.get(instrument)
    return held["cost"] if mark is None else money(held["quantity"] * middle(mark))


def equity(spec, account):
    return account["cash"] + account["reserved"] + sum(worth(spec, account, x) for x in account["positions"])


def exposure(spec, account):
    return account["reserved"] + sum(worth(spec, account, x) for x in account["positions"])


def exposed(account):
    return set(account["positions"]) | {each["instrument"] for each in account["orders"].values()}


# -- views: what raises the version ----------------------------------------------------------------------


def view(spec, account, version):
    both = (account["standings"], spec.standings)
    named = sorted({name for each in both for name in each})
    halted = {x for x in account["halts"] if x != "*"}
    for states in (spec.instruments, account["instruments"]):
        halted |= {x for x, state in states.items() if state is m.TradingState.HALTED}
    state = max(account["state"], spec.world, key=SEVERE.index)
    if "*" in account["halts"]:
        state = max(state, m.TradingState.HALTED, key=SEVERE.index)
    return m.AccountView(
        account=account["name"], version=version, cash=account["cash"], reserved_cash=account["reserved"],
        positions=tuple(
            m.Position(instrument=x, quantity=held["quantity"], reserved=held["reserved"],
                       total_cost=held["cost"], stop=held["stop"], target_price=held["target"])
            for x, held in sorted(account["positions"].items())
        ),
        standings=tuple(m.AgentStanding(agent_id=x, standing=spec.standing(account, x)) for x in named),
        trading_state=state, halted_instruments=tuple(sorted(halted)), open_intents=len(account["orders"]),
    )  # fmt: skip


def settle_views(spec):
    """After every entry: the peak follows equity, and a changed view is the next version."""
    for account in spec.accounts.values():
        account["peak"] = max(account["peak"], equity(spec, account))
        last = account["views"][-1] if account["views"] else None
        made = view(spec, account, len(account["views"]))
        if made != last:
            account["views"].append(view(spec, account, len(account["views"]) + 1))
        law_of_money(account)


def law_of_money(account):
    came = account["deposits"] - account["withdrawals"] + account["realised"] - account["fees"]
    at_cost = sum(held["cost"] for held in account["positions"].values())
    assert came == account["cash"] + account["reserved"] + at_cost, account


# -- orders and receipts ---------------------------------------------------------------------------------


def protective_limit(case):
    """The envelope around what was looked at; a sale's lies below the live price. On the tick inside it."""
    envelope = min(F(case.law["drift"]["envelope_bps"]), F(case.intent.drift_envelope_bps))
    tick, own = case.tick, num(case.intent.limit_price)
    if case.sells:
        anchor = middle(case.mark)
        worst = ceil((min(anchor, F(case.mark.bid)) - anchor * envelope / BPS) / tick) * tick
        return worst if own is None else max(worst, own)
    worst = floor(case.seen * (1 + envelope / BPS) / tick) * tick
    return worst if own is None else min(worst, own)


def cash_needed(case):
    return money(case.quantity * protective_limit(case) * (1 + FEE_RESERVE / BPS))


def reserve(account, case):
    buys = not case.sells
    order = {
        "flow": case.flow.dfid, "instrument": case.intent.instrument, "side": "BUY" if buys else "SELL",
        "quantity": case.quantity, "cash": cash_needed(case) if buys else F(0), "status": None,
        "tif": case.intent.time_in_force, "stop": case.intent.stop, "target": case.intent.target_price,
        "filled": F(0), "paid": F(0), "fee": F(0),
    }  # fmt: skip
    account["orders"][case.key] = order
    account["cash"] -= order["cash"]
    account["reserved"] += order["cash"]
    if not buys:
        account["positions"][order["instrument"]]["reserved"] += order["quantity"]


def release(account, key):
    order = account["orders"].pop(key)
    account["cash"] += order["cash"]
    account["reserved"] -= order["cash"]
    if order["side"] == "SELL" and order["instrument"] in account["positions"]:
        account["positions"][order["instrument"]]["reserved"] -= order["quantity"] - order["filled"]
    return order


def rank(status):
    return RANK.get(status, 3)


def is_news(receipt, order):
    if order["status"] is None:
        return True
    before = (rank(order["status"]), order["filled"])
    return (rank(receipt.status), F(receipt.quantity)) > before and receipt.quantity >= order["filled"]


def is_possible(receipt, order):
    paid = money(F(receipt.quantity) * F(receipt.average_price))
    grown = receipt.quantity >= order["filled"] and paid >= order["paid"] and receipt.fee >= order["fee"]
    more = receipt.quantity > order["filled"] or paid == order["paid"]  # the same fills cannot cost more
    return grown and more and receipt.quantity <= order["quantity"] and receipt.average_price >= 0


def is_final(receipt, order):
    return rank(receipt.status) == 3 or (receipt.status == "PARTIAL" and order["tif"] == "IOC")


def fill(account, receipt, order):
    """Move what the receipt says beyond the last one: money first out of what was set aside for it."""
    paid_all = money(F(receipt.quantity) * F(receipt.average_price))
    quantity, paid = F(receipt.quantity) - order["filled"], paid_all - order["paid"]
    fee, instrument = F(receipt.fee) - order["fee"], order["instrument"]
    if order["side"] == "BUY":
        if quantity:
            held = account["positions"].setdefault(instrument, dict(position(account, instrument)))
            held |= {"quantity": held["quantity"] + quantity, "cost": held["cost"] + paid}
            held |= {"stop": order["stop"], "target": order["target"]}
        covered = min(order["cash"], paid + fee)
        order["cash"] -= covered
        account["reserved"] -= covered
        account["cash"] -= paid + fee - covered
    else:
        if quantity:
            held = account["positions"][instrument]
            cost = money(held["cost"] * quantity / held["quantity"])
            account["realised"] += paid - cost
            held |= {"quantity": held["quantity"] - quantity, "reserved": held["reserved"] - quantity}
            held["cost"] -= cost
            if not held["quantity"]:
                del account["positions"][instrument]
        account["cash"] += paid - fee
    account["fees"] += fee
    order |= {"filled": F(receipt.quantity), "paid": paid_all, "fee": F(receipt.fee)}
    order["status"] = receipt.status
