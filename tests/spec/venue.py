"""What the naive specification knows of orders: limits, reservations, receipts, and what a failure runs."""

from fractions import Fraction
from math import ceil, floor
from types import SimpleNamespace

from schemas import models as m
from tests.spec.book import BPS, FEE_RESERVE, ORDER_LIFE, RANK, free, middle, money, num, position

F = Fraction
ENDS = ("PARTIAL", "CANCELLED", "EXPIRED")  # the rest of an immediate order is gone: normal business


def protective_limit(case):
    """The envelope around what was looked at; a sale's lies below the live price. On the tick inside it."""
    envelope = min(F(case.law["drift"]["envelope_bps"]), F(case.intent.drift_envelope_bps))
    tick, own, live = case.tick, num(case.intent.limit_price), middle(case.mark)
    band = case.mandate if case.intent.action in ("BUY", "SELL") else None
    if case.sells:
        worst = min(live, F(case.mark.bid)) - live * envelope / BPS
        worst = ceil((max(worst, F(band["low"])) if band else worst) / tick) * tick
        return worst if own is None else max(worst, ceil(own / tick) * tick)
    leaves = case.stance == "REDUCING"  # a purchase that takes a sale back
    anchor = live if leaves else case.seen
    worst = (max(live, F(case.mark.ask)) if leaves else anchor) + anchor * envelope / BPS
    worst = floor((min(worst, F(band["high"])) if band else worst) / tick) * tick
    return worst if own is None else min(worst, floor(own / tick) * tick)


def cash_needed(case):
    return money(case.quantity * protective_limit(case) * (1 + FEE_RESERVE / BPS))


def reserve(account, case, until):
    buys = not case.sells
    order = {
        "flow": case.flow.dfid, "step": case.intent.step_id, "agent": case.agent,
        "instrument": case.intent.instrument, "side": "BUY" if buys else "SELL",
        "quantity": case.quantity, "cash": cash_needed(case) if buys else F(0), "status": None,
        "tif": case.intent.time_in_force, "stop": case.intent.stop, "target": case.intent.target_price,
        "filled": F(0), "paid": F(0), "fee": F(0), "limit": protective_limit(case), "until": until,
    }  # fmt: skip
    if case.mandate and case.intent.action in ("BUY", "SELL"):
        case.mandate["used"] += case.quantity
        case.mandate["open"].add(case.key)
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
    for name, mandate in list(account["mandates"].items()):
        if key in mandate["open"]:
            mandate["open"].remove(key)
            mandate["used"] -= order["quantity"] - order["filled"]
            if mandate["used"] >= mandate["total"] and not mandate["open"]:
                del account["mandates"][name]
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


# -- a failure half-way ----------------------------------------------------------------------------------


def policy_of(spec, flow, agent):
    """The contract the flow was opened under, and its menu; without one a person is asked."""
    woken = next((x for x in flow["opened"].flow.woken if x.agent_id == agent), None)
    law = woken and spec.contracts.get((agent, woken.version))
    return law, law["compensation"] if law else "ALERT_HUMAN"


def fails(flow, order, quantity, status):
    """Whether a final word leaves an order half done; a compensation is not compensated again."""
    if flow is None or order["step"].startswith("comp-") or quantity == order["quantity"]:
        return False
    if quantity == 0:
        return any(flow["traded"].values())
    return order["tif"] != "IOC" or status not in ENDS


def soil(account, flow, policy):
    flow["dirty"] = True
    if policy != "NOOP":
        account["dirty"].add(flow["dfid"])


def note_traded(flow, order, quantity):
    """The flow's net quantity of the instrument: bought above zero, sold below."""
    more = (quantity - order["filled"]) * (-1 if order["side"] == "SELL" else 1)
    flow["traded"][order["instrument"]] = flow["traded"].get(order["instrument"], 0) + more


def menu(policy, account, traded):
    """Action, instrument and quantity of each order that puts things right."""
    if policy == "REVERT":
        for name, quantity in sorted(traded.items()):
            kept = min(quantity, free(account, name))
            if quantity < 0:
                yield m.Action.BUY, name, -quantity
            elif kept > 0:
                yield m.Action.SELL, name, kept
    if policy == "CLOSE_ALL":
        for name in sorted(account["positions"]):
            if free(account, name) > 0:
                yield m.Action.CLOSE, name, free(account, name)


def compensate(spec, account, flow, order, judge):
    """Rule on the menu, order by order; judge(case) gives verdict and reason of gates 4, 7, 9, 11, 12."""
    law, policy = policy_of(spec, flow, order["agent"])
    soil(account, flow, policy)
    opened, found = flow["opened"].flow, []
    for action, name, quantity in list(menu(policy, account, flow["traded"])) if law else ():
        flow["compensations"] += 1
        step = f"comp-{flow['compensations']}"
        key = spec.key_of(flow["dfid"], step, account["name"], action, name, quantity)
        intent = SimpleNamespace(
            action=action, instrument=name, quantity=quantity, limit_price=None, stop=None, target_price=None,
            time_in_force=m.TimeInForce.IOC, drift_envelope_bps=law["drift"]["envelope_bps"], step_id=step,
            account=account["name"], kind=law["outputs"]["policy_types"][0], mandate=None,
        )  # fmt: skip
        sells = action != "BUY"
        case = SimpleNamespace(
            flow=SimpleNamespace(dfid=flow["dfid"], lane=opened.lane, parent=None), intent=intent, key=key,
            agent=order["agent"], account=account, law=law, own=law, stance="REDUCING", sells=sells,
            seen=None,
            approval=None, mark=spec.live(name), tick=spec.ticks.get(name), quantity=quantity, mandate=None,
            view=None, known=flow,
        )  # fmt: skip
        verdict, reason = judge(spec, case)
        made = None
        if verdict is m.Verdict.ACCEPTED:
            limit, until = protective_limit(case), spec.now + ORDER_LIFE
            made = (key, name, "SELL" if sells else "BUY", quantity, limit, m.TimeInForce.IOC, until, None)
            reserve(account, case, until)
            flow["steps"][step] = (None, key)
        found.append((step, action, name, quantity, verdict, reason, made))
    return tuple(found)
