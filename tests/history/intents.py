"""Intents that every gate lets through, that stand at a boundary, or that have a fault."""

from dataclasses import replace
from decimal import Decimal

from schemas import models as m
from tests.build import BTC, ETH, NO_USAGE, SECOND, h_flow, with_evidence
from tests.history import compare
from tests.history.acts import ATOM, CENT
from tests.spec import book

A, D = m.Action, Decimal


def dec(fraction, rounding="ROUND_FLOOR"):
    """A Fraction to 18 places, downward."""
    return (D(fraction.numerator) / D(fraction.denominator)).quantize(ATOM, rounding)


def intent_of(
    player, dice, flow, agent, actions=(A.BUY, A.BUY, A.BUY, A.SELL, A.CLOSE, A.HOLD, A.SELL, A.BUY)
):
    """An intent every gate lets through, or one that stands at a boundary, or one with a fault."""
    world = player.world
    action = dice.of(*actions)
    first = flow.snapshot.instruments[0] if flow.snapshot.instruments else None
    if first is None or first.ask is None or first.mid is None:
        shot = replace(flow.snapshot, instruments=(world.market_view(BTC),))
        made = world.intent(replace(flow, snapshot=shot), action, agent_id=agent)
        honest = replace(made, flow_hash=h_flow(flow), state_hash=compare.h_state(flow))
    else:
        honest = world.intent(flow, action, agent_id=agent)
    changes = {"quantity": quantity_of(player, dice, flow, honest)} if action in (A.BUY, A.SELL) else {}
    if action is A.MANDATE:
        changes = framed(player, dice, honest)
    if action is A.CLOSE and dice.rarely(3):
        changes["quantity"] = (held(player, flow, honest.instrument) / dice.of(2, 1)).quantize(ATOM)
    if action is A.CANCEL:
        mine = [x for x in player.orders if x.account == flow.account and x.side]
        changes = {"quantity": D(0), "target": mine[-1 - dice.below(len(mine))].key if mine else bytes(32)}
    if action is A.HALT and dice.rarely(2):
        changes["instrument"] = dice.of(BTC, ETH)
    if honest.instrument == ETH and "quantity" in changes and dice.below(4):
        changes["quantity"] = changes["quantity"].quantize(D("0.001"), "ROUND_FLOOR")  # its lot
    intent = replace(honest, **changes)
    if dice.rarely(5):
        intent = replace(intent, **edge(player, dice, flow, intent))
    if dice.rarely(16):
        intent = replace(intent, **wrong(player, dice, flow, intent))
    player.times.append(intent.valid_until)
    woken = intent.agent_id in [each.agent_id for each in flow.woken]
    proves = woken and intent.kind is m.IntentKind.PCI and intent.evidence
    return with_evidence(flow, intent) if proves else intent


def framed(player, dice, intent):
    """How a frame may differ from a plain one: total, side, band, end."""
    frame, now = intent.mandate, player.world.now
    changes = dice.of(
        *[{}] * 4,
        {"side": m.Side.SELL},
        {"side": m.Side.SELL},
        {"price_high": frame.price_low},
        {"price_low": D(0)},
        {"price_high": frame.price_low - CENT},
        {"expires_at": now + 30 * SECOND},
        {"expires_at": now},
        {"expires_at": now + 86_400 * SECOND},
        {"expires_at": now + 86_400 * SECOND + 1},
        {"price_high": frame.price_high * 2},
    )
    frame = replace(frame, **changes)
    player.times.append(frame.expires_at)
    player.note("frame", **changes)
    return {"mandate": frame, "quantity": dice.of(D("0.5"), D(2), D("0.1"), D(20), D(1000), D(0))}


def held(player, flow, instrument):
    account = player.spec.accounts.get(flow.account)
    return dec(book.free(account, instrument)) if account else D(0)


def quantity_of(player, dice, flow, intent):
    """Small, what is held, or exactly as much as a limit allows, and one unit more."""
    spec, account = player.spec, player.spec.accounts.get(flow.account)
    law = spec.contracts.get((intent.agent_id, intent.contract_version))
    plain = dice.of(D("0.5"), D("0.1"), D("0.01"), D("1.5"))
    if account is None or law is None:
        return plain
    free, limits, has = held(player, flow, intent.instrument), law["limits"], dec(book.equity(spec, account))
    price = intent.limit_price or D(0)
    if price > 0:
        most = min(
            D(limits["max_single_trade_pct"]) * has,
            D(limits["max_order_value"]),
            dec(account["cash"]),
            D(limits["max_position_size"]) * price,
            D(law["escalation"]["max_exposure_usd"]),
        )
        plain = max(
            (most / price * dice.of(D("0.3"), D("0.1"), D("0.5"), D("0.02"), D("0.9"))).quantize(CENT / 100),
            ATOM,
        )
    if intent.action is A.SELL:
        return dice.of(free, (free / 2).quantize(ATOM), free + ATOM, plain) or plain
    if price <= 0:
        return plain
    value = dice.of(
        *[None] * 14,
        D(limits["max_single_trade_pct"]) * has,
        D(limits["max_order_value"]),
        D(limits["max_position_pct"]) * has,
        *[dec(account["cash"]) / D("1.002")] * 4,
        D(law["escalation"]["max_exposure_usd"]) - dec(book.exposure(spec, account)),
        D(limits["max_position_size"]) * price,
        D(limits["max_leverage"]) * has,
    )
    if value is None or value <= 0:
        return plain
    return max((value / price).quantize(ATOM, "ROUND_FLOOR") + dice.of(D(0), ATOM, -ATOM), ATOM)


def edge(player, dice, flow, intent):
    """One figure moved to where a gate's answer turns."""
    law = player.spec.contracts.get((intent.agent_id, intent.contract_version))
    world, price = player.world, intent.limit_price or D(4000)
    quote = (
        world.quotes[intent.instrument or BTC][0] if intent.instrument in (BTC, ETH) else world.quotes[BTC][0]
    )
    least = D(law["escalation"]["confidence_threshold"]) if law else D("0.5")
    reward = D(law["limits"]["min_risk_reward"]) if law else D(1)
    stop = intent.stop if intent.stop is not None else price - 10
    window = (
        law["budget"]
        if law
        else {"tokens_per_flow": 1, "max_model_calls": 0, "rounds_per_flow": 0, "max_tool_calls": 0}
    )
    up = 1 if intent.action is A.BUY else -1
    options = (
        {"confidence": least},
        {"confidence": least - ATOM},
        {"limit_price": None},
        {"limit_price": quote.ask},
        {"limit_price": quote.ask + ATOM},
        {"limit_price": quote.ask - CENT},
        {"stop": None},
        {"target_price": None},
        {"stop": price},
        {"target_price": price},
        {"target_price": price + (price - stop) * reward},
        {"target_price": price + (price - stop) * reward - up * ATOM},
        {"stop": price - up * (quote.bid / 1000) * D("1.5")},
        {"stop": price - up * (quote.bid / 1000) * D("1.5") + up * ATOM},
        {"drift_envelope_bps": D(0)},
        {"drift_envelope_bps": D(1)},
        {"drift_envelope_bps": D(500)},
        {"valid_until": world.now},
        {"valid_until": world.now - 1},
        {"valid_from": world.now + 1},
        {"usage": replace(NO_USAGE, tokens_in=window["tokens_per_flow"])},
        {"usage": replace(NO_USAGE, tokens_in=window["tokens_per_flow"], tokens_out=1)},
        {"usage": replace(NO_USAGE, tokens_out=60)},
        {"usage": replace(NO_USAGE, model_calls=window["max_model_calls"] + 1)},
        {"usage": replace(NO_USAGE, rounds=window["rounds_per_flow"])},
        {"usage": replace(NO_USAGE, rounds=window["rounds_per_flow"] + 1)},
        {"time_in_force": m.TimeInForce.GTT},
        {"time_in_force": m.TimeInForce.GTT},
        {"step_id": "s2"},
        {"instrument": ETH},
        {"instrument": BTC},
    )
    changes = options[dice.below(len(options))]
    for name in ("stop", "target_price"):
        if changes.get(name) is not None:
            changes = {name: changes[name].quantize(ATOM)}
    player.note("edge", **changes)
    return changes


def wrong(player, dice, flow, intent):
    """One thing that is not as it should be."""
    options = (
        {"ledger": bytes(16)},
        {"account": "paper-2"},
        {"account": "paper-9"},
        {"lane": m.Lane.EOAM},
        {"kind": m.IntentKind.PCI},
        {"kind": m.IntentKind.POLICY},
        {"dfid": bytes(16)},
        {"flow_hash": bytes(32)},
        {"state_hash": bytes(32)},
        {"step_id": "s9"},
        {"attempt": flow.attempt + 1},
        {"contract_version": "9.9.9"},
        {"instrument": "sol-usd"},
        {"instrument": "Btc Usd"},
        {"instrument": None},
        {"quantity": D(0)},
        {"quantity": D(-1)},
        {"limit_price": D(0)},
        {"stop": D(-1)},
        {"confidence": D("1.1")},
        {"valid_from": intent.valid_until + 1},
        {"valid_until": flow.flow_expires_at + 1},
        {"drift_envelope_bps": D(-1)},
        {"action": A.MANDATE},
        {"action": A.HALT},
        {"action": A.CANCEL},
        {"evidence": bytes(32)},
        {"quantity": D(1000)},
        {"agent_id": "sentiment"},
        {"agent_id": "sentiment"},
    )
    changes = options[dice.below(len(options))]
    player.note("wrong", **changes)
    return changes
