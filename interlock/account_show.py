"""An account's figures as people and programs read them: cash, positions at cost and mark, gains."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from interlock.account_story import OpenOrder
from interlock.reading import utc
from kernel import exact
from schemas.models import AccountViewRecord, Mark, Position
from schemas.money import plain
from schemas.plain import to_plain

CENTS = Decimal("0.01")


def figures(record: AccountViewRecord, orders: Sequence[OpenOrder] = (), *, closed: bool = False) -> Any:
    """Everything as JSON values; amounts in USD as exact text."""
    view = record.view
    marks = {mark.instrument: mark for mark in record.marks}
    positions = [_position(each, marks.get(each.instrument)) for each in view.positions]
    gains = [Decimal(each["unrealised"]) for each in positions if each["unrealised"] is not None]
    return {
        "account": view.account,
        "state": "CLOSED" if closed else view.trading_state.value,
        "version": view.version,
        "cash": plain(view.cash),
        "reserved_cash": plain(view.reserved_cash),
        "positions": positions,
        "equity": plain(record.equity),
        "peak": plain(record.peak),
        "day_start": plain(record.day_start),
        "day_pnl": plain(exact.minus(record.equity, record.day_start)),
        "deposits": plain(record.deposits),
        "realised": plain(record.realised),
        "unrealised": plain(exact.plus(*gains)),
        "fees": plain(record.fees),
        "standings": {each.agent_id: each.standing.value for each in view.standings},
        "halted_instruments": list(view.halted_instruments),
        "open_intents": view.open_intents,
        "open_orders": [_order(each) for each in orders],
        "mandates": [to_plain(each) for each in view.mandates],
        "dirty": view.dirty,
        "at": record.at,
    }


def _position(held: Position, mark: Mark | None) -> dict[str, Any]:
    worth = None if mark is None else exact.times(held.quantity, exact.mid(mark.bid, mark.ask))
    return {
        "instrument": held.instrument,
        "quantity": plain(held.quantity),
        "reserved": plain(held.reserved),
        "cost": plain(held.total_cost),
        "mark": None if mark is None else plain(exact.mid(mark.bid, mark.ask)),
        "value": None if worth is None else plain(worth),
        "unrealised": None if worth is None else plain(exact.minus(worth, held.total_cost)),
        "stop": None if held.stop is None else plain(held.stop),
        "target": None if held.target_price is None else plain(held.target_price),
    }


def _order(each: OpenOrder) -> dict[str, Any]:
    order = each.order
    return {
        "key": order.key.hex(),
        "dfid": order.dfid.hex(),
        "side": order.side or order.action.value,
        "instrument": order.instrument,
        "quantity": plain(order.quantity),
        "limit_price": plain(order.limit_price),
        "status": "accepted" if each.status is None else each.status.value,
    }


def line(read: Any) -> str:
    """One account on one line."""
    dirty = " dirty" if read["dirty"] else ""
    return (
        f"{read['account']:<16} {read['state'] + dirty:<12} equity {money(read['equity']):>14}"
        f"  cash {money(read['cash']):>14}  day {money(read['day_pnl']):>11}"
        f"  {len(read['positions'])} positions, {read['open_intents']} open"
    )


def page(read: Any) -> list[str]:
    """One account on some lines, what matters first."""
    found = [
        f"account {read['account']}  {read['state']}{'  DIRTY: reducing only' if read['dirty'] else ''}",
        _row("cash", read["cash"], "reserved", read["reserved_cash"], "deposits", read["deposits"]),
        _row("equity", read["equity"], "peak", read["peak"], "day start", read["day_start"]),
        _row("day P&L", read["day_pnl"], "realised", read["realised"], "unrealised", read["unrealised"]),
        _row("fees", read["fees"]),
    ]
    for held in read["positions"]:
        mark = "no mark" if held["mark"] is None else f"mark {held['mark']}, worth {money(held['value'])}"
        found.append(
            f"  holds {held['quantity']} {held['instrument']} ({held['reserved']} reserved)"
            f" at cost {money(held['cost'])}, {mark}"
        )
    found += [
        f"  open {order['side']} {order['quantity']} {order['instrument']} {order['status']}"
        f"  key {order['key']}"
        for order in read["open_orders"]
    ]
    found += [
        f"  mandate of {mandate['agent_id']}: {mandate['side']} {mandate['used']} of {mandate['total']}"
        f" {mandate['instrument']} between {mandate['price_low']} and {mandate['price_high']}"
        f" until {utc(mandate['expires_at'])}"
        for mandate in read["mandates"]
    ]
    found += [f"  agent {agent}: {standing}" for agent, standing in read["standings"].items()]
    if read["halted_instruments"]:
        found.append(f"  halted: {', '.join(read['halted_instruments'])}")
    return found


def money(text: str) -> str:
    """USD to the cent, for the eye alone; ``--json`` has every digit."""
    return f"{Decimal(text).quantize(CENTS):,}"


def _row(*pairs: str) -> str:
    named = zip(pairs[::2], pairs[1::2], strict=True)
    return "  " + "  ".join(f"{name:<10} {money(value):>14}" for name, value in named)
