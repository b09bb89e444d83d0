"""Answers to flows: honest ones at every boundary, and each thing that can be wrong with one."""

from dataclasses import replace
from decimal import Decimal as D

from ledger.envelope import digest, seal
from ledger.hashes import tagged
from ledger.intents import key_of_intent
from schemas import models as m
from schemas.codec import encode
from schemas.reasons import LaneReason
from schemas.reasons import Reason as R
from tests.build import BTC, ETH, NO_USAGE, SECOND, signer, with_evidence
from tests.history import acts, compare, profiles
from tests.history.acts import ATOM, CENT
from tests.spec import book

A = m.Action
STEP = ("s1", "s2")


def dec(fraction, rounding="ROUND_FLOOR"):
    """A Fraction to 18 places, downward."""
    return (D(fraction.numerator) / D(fraction.denominator)).quantize(ATOM, rounding)


# -- flows -----------------------------------------------------------------------------------------------


def new_flow(player, dice, agents, **changes):
    """A flow of an honest selector, on an account that is open, mostly."""
    world = player.world
    names = sorted(player.world.kernel.state.accounts) or ["paper-1"]
    account = dice.of(*names)
    if account not in world.views:
        account = next(iter(world.views))
    market = dice.of(*[{}] * 18, {"volatility": D("0.0025")}, {"volatility": D("0.015")}, {"volatility": None},
                     {"atr": None}, {"atr": D(30)}, {"volatility": D("0.02")})  # fmt: skip
    expires = world.now + dice.of(600, 600, 60, 30, 3600) * SECOND
    instrument = dice.of(BTC, BTC, BTC, ETH)
    flow = world.flow(agents, account=account, instrument=instrument, market=market,
                      **{"flow_expires_at": expires, "deadline": world.now + 30 * SECOND} | changes)  # fmt: skip
    player.times += [flow.deadline, flow.flow_expires_at]
    if dice.rarely(5):
        acts.quote(player, dice, instrument)  # the market moves while somebody thinks
    if dice.rarely(12):
        world.now += dice.of(1, 29, 30, 89, 90, 60) * SECOND + dice.of(0, 0, 1)
        player.note("thinks until", world.now)
    return wrong_flow(player, dice, flow) if dice.rarely(12) else flow


def wrong_flow(player, dice, flow):
    """One thing an honest selector would not have signed, or could not know any more."""
    world, shot = player.world, flow.snapshot
    view, woken = shot.instruments[0], flow.woken[0]

    def seen(**changes):
        return replace(flow, snapshot=replace(shot, **changes))

    def shown(**changes):
        return seen(instruments=(replace(view, **changes),))

    other = replace(shot.account, cash=shot.account.cash + 1)
    old = player.views.get(flow.account, [])
    past = old[-1 - dice.below(min(len(old), 80))] if old else shot.account
    options = (
        lambda: seen(taken_at=world.now - 90 * SECOND), lambda: seen(taken_at=world.now - 90 * SECOND - 1),
        lambda: seen(taken_at=world.now + 1), lambda: seen(account=past, account_hash=hash_of(past)),
        lambda: seen(account=past, account_hash=hash_of(past)), lambda: seen(account=other, account_hash=hash_of(other)),
        lambda: seen(account=other), lambda: seen(rules_hash=bytes(32)), lambda: seen(instruments=()),
        lambda: shown(bid=view.bid - 1), lambda: shown(price_offset=0), lambda: shown(price_offset=None),
        lambda: shown(mid=view.mid + 1), lambda: shown(quote_time=view.quote_time + 1),
        lambda: shown(quote_time=world.now + 5 * SECOND + 1), lambda: shown(bid=None), lambda: shown(mid=None),
        lambda: replace(flow, steps=STEP), lambda: replace(flow, steps=()), lambda: replace(flow, attempt=0),
        lambda: replace(flow, attempt=2), lambda: replace(flow, deadline=flow.flow_expires_at + 1),
        lambda: replace(flow, flow_expires_at=flow.trigger.event_time + 3600 * SECOND + 1),
        lambda: replace(flow, flow_expires_at=flow.trigger.event_time + 3600 * SECOND),
        lambda: replace(flow, woken=(replace(woken, contract_hash=bytes(32)), *flow.woken[1:])),
        lambda: replace(flow, woken=(replace(woken, version="9.9.9"), *flow.woken[1:])),
        lambda: replace(flow, woken=(woken, *flow.woken)), lambda: replace(flow, ledger=bytes(16)),
        lambda: replace(flow, lane=m.Lane.DLPCI), lambda: replace(flow, account="paper-9"),
        lambda: replace(flow, parent=bytes(16)), lambda: replace(flow, steps=("S 1",)),
        lambda: aged(flow, world.now - 3600 * SECOND), lambda: aged(flow, world.now - 3599 * SECOND),
    )  # fmt: skip
    number = dice.below(len(options))
    player.note("flow is strange", number)
    return options[number]()


def aged(flow, when):
    """The same flow of an old trigger: all its times stay in order."""
    until = min(flow.flow_expires_at, when + 3600 * SECOND)
    taken = min(flow.snapshot.taken_at, until)
    return replace(flow, trigger=replace(flow.trigger, event_time=when), flow_expires_at=until,
                   deadline=min(flow.deadline, until), snapshot=replace(flow.snapshot, taken_at=taken))  # fmt: skip


def hash_of(view):
    return tagged("interlock/1/account", encode(view))


# -- intents ---------------------------------------------------------------------------------------------


def intent_of(
    player, dice, flow, agent, actions=(A.BUY, A.BUY, A.BUY, A.SELL, A.CLOSE, A.HOLD, A.SELL, A.BUY)
):
    """An intent every gate lets through, or one that stands at a boundary, or one with a fault."""
    world = player.world
    action = dice.of(*actions)
    if not flow.snapshot.instruments or flow.snapshot.instruments[0].ask is None:
        shot = replace(flow.snapshot, instruments=(world.market_view(BTC),))
        made = world.intent(replace(flow, snapshot=shot), action, agent_id=agent)
        honest = replace(made, flow_hash=compare.h_flow(flow), state_hash=compare.h_state(flow))
    else:
        honest = world.intent(flow, action, agent_id=agent)
    changes = {"quantity": quantity_of(player, dice, flow, honest)} if action in (A.BUY, A.SELL) else {}
    if action is A.CLOSE and dice.rarely(3):
        changes["quantity"] = (held(player, flow, honest.instrument) / dice.of(2, 1)).quantize(ATOM)
    if action is A.CANCEL:
        mine = [x for x in player.orders if x.account == flow.account and x.side]
        changes = {"quantity": D(0), "target": mine[-1 - dice.below(len(mine))].key if mine else bytes(32)}
    if action is A.HALT and dice.rarely(2):
        changes["instrument"] = dice.of(BTC, ETH)
    intent = replace(honest, **changes)
    if dice.rarely(5):
        intent = replace(intent, **edge(player, dice, flow, intent))
    if dice.rarely(16):
        intent = replace(intent, **wrong(player, dice, flow, intent))
    player.times.append(intent.valid_until)
    return with_evidence(flow, intent) if intent.kind is m.IntentKind.PCI and intent.evidence else intent


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
        most = min(D(limits["max_single_trade_pct"]) * has, D(limits["max_order_value"]), dec(account["cash"]),
                   D(limits["max_position_size"]) * price, D(law["escalation"]["max_exposure_usd"]))  # fmt: skip
        plain = max(
            (most / price * dice.of(D("0.3"), D("0.1"), D("0.5"), D("0.02"), D("0.9"))).quantize(CENT / 100),
            ATOM,
        )
    if intent.action is A.SELL:
        return dice.of(free, (free / 2).quantize(ATOM), free + ATOM, plain) or plain
    if price <= 0:
        return plain
    value = dice.of(None, None, None, D(limits["max_single_trade_pct"]) * has, D(limits["max_order_value"]),
                    D(limits["max_position_pct"]) * has, dec(account["cash"]) / D("1.002"),
                    D(law["escalation"]["max_exposure_usd"]) - dec(book.exposure(spec, account)),
                    D(limits["max_position_size"]) * price, D(limits["max_leverage"]) * has)  # fmt: skip
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
        {"confidence": least}, {"confidence": least - ATOM},
        {"limit_price": None}, {"limit_price": quote.ask}, {"limit_price": quote.ask - CENT},
        {"stop": None}, {"target_price": None}, {"stop": price}, {"target_price": price},
        {"target_price": price + (price - stop) * reward},
        {"target_price": price + (price - stop) * reward - up * ATOM},
        {"stop": price - up * (quote.bid / 1000) * D("1.5")},
        {"stop": price - up * (quote.bid / 1000) * D("1.5") + up * ATOM},
        {"drift_envelope_bps": D(0)}, {"drift_envelope_bps": D(1)}, {"drift_envelope_bps": D(500)},
        {"valid_until": world.now}, {"valid_until": world.now - 1}, {"valid_from": world.now + 1},
        {"usage": replace(NO_USAGE, tokens_in=window["tokens_per_flow"])},
        {"usage": replace(NO_USAGE, tokens_in=window["tokens_per_flow"], tokens_out=1)},
        {"usage": replace(NO_USAGE, tokens_out=60)},
        {"usage": replace(NO_USAGE, model_calls=window["max_model_calls"] + 1)},
        {"usage": replace(NO_USAGE, rounds=window["rounds_per_flow"])},
        {"usage": replace(NO_USAGE, rounds=window["rounds_per_flow"] + 1)},
        {"time_in_force": m.TimeInForce.GTT}, {"time_in_force": m.TimeInForce.GTT}, {"step_id": "s2"},
        {"instrument": ETH}, {"instrument": BTC},
    )  # fmt: skip
    changes = options[dice.below(len(options))]
    for name in ("stop", "target_price"):
        if changes.get(name) is not None:
            changes = {name: changes[name].quantize(ATOM)}
    player.note("edge", **changes)
    return changes


def wrong(player, dice, flow, intent):
    """One thing that is not as it should be."""
    options = (
        {"ledger": bytes(16)}, {"account": "paper-2"}, {"account": "paper-9"}, {"lane": m.Lane.EOAM},
        {"kind": m.IntentKind.PCI}, {"kind": m.IntentKind.POLICY}, {"dfid": bytes(16)}, {"flow_hash": bytes(32)},
        {"state_hash": bytes(32)}, {"step_id": "s9"}, {"attempt": flow.attempt + 1}, {"contract_version": "9.9.9"},
        {"instrument": "sol-usd"}, {"instrument": "Btc Usd"}, {"instrument": None}, {"quantity": D(0)},
        {"quantity": D(-1)}, {"limit_price": D(0)}, {"stop": D(-1)}, {"confidence": D("1.1")},
        {"valid_from": intent.valid_until + 1}, {"valid_until": flow.flow_expires_at + 1},
        {"drift_envelope_bps": D(-1)}, {"action": A.MANDATE}, {"action": A.HALT}, {"action": A.CANCEL},
        {"evidence": bytes(32)}, {"quantity": D(1000)},
    )  # fmt: skip
    changes = options[dice.below(len(options))]
    player.note("wrong", **changes)
    return changes


def flow_fault(dice):
    return dice.of(*[None] * 126, R.KEY_NOT_VALID, R.BAD_SIGNATURE)


# -- what a step may do ----------------------------------------------------------------------------------


def trade(player, dice):
    agent = dice.of(*profiles.SOLO)
    flow = new_flow(player, dice, (agent,))
    law = player.world.contracts[agent]
    more = (A.HALT, A.CANCEL, A.MANDATE) if len(law.allowed_actions) > 4 else ()
    leave = (A.SELL, A.CLOSE) if held(player, flow, flow.trigger.instrument) else (A.BUY, A.BUY)
    usual = (A.BUY, A.BUY, A.BUY, *leave, A.HOLD, *leave, *leave, A.BUY, A.BUY, A.BUY, A.CLOSE, A.SELL)
    answer(player, dice, flow, intent_of(player, dice, flow, agent, (*usual, *more)))


def answer(player, dice, flow, intent, by=None):
    envelope, fault = player.signed(dice, intent, by or intent.agent_id)
    player.propose(flow, envelope, fault, flow_fault(dice))


def retry(player, dice):
    """The next attempt of a flow that was given back, on a fresh context."""
    spec = player.spec
    open_ = [x for x in player.sent if spec.flows.get(x[0].dfid, {}).get("reopens")]
    some = open_ or (player.sent if dice.rarely(6) else [])
    if not some:
        return trade(player, dice)
    old = some[-1 - dice.below(min(len(some), 4))][0]
    if old.account not in player.world.views or not old.snapshot.instruments:
        return trade(player, dice)
    names = [each.agent_id for each in old.woken]
    if len(set(names)) < len(names):
        return trade(player, dice)
    number = spec.flows.get(old.dfid, {"open_attempt": 2})["open_attempt"] + dice.of(0, 0, 0, 0, 0, 1)
    expires = max(old.flow_expires_at, player.world.now + 30 * SECOND) + dice.of(0, 0, 30 * SECOND)
    flow = player.world.flow(
        names, signal=old.trigger.signal_id, account=old.account, attempt=max(number, 1), lane=old.lane,
        instrument=old.snapshot.instruments[0].instrument, trigger=old.trigger, deadline=player.world.now,
        flow_expires_at=expires,
    )  # fmt: skip
    if flow.lane is m.Lane.EOAM:
        return window_of(player, dice, flow)
    if names[0] == profiles.PROOF:
        return proof_of(player, dice, flow)
    return answer(player, dice, flow, intent_of(player, dice, flow, names[0]))


def second(player, dice):
    """Another answer to a flow that has one: the same order in other words, or another order."""
    some = [x for x in player.sent if isinstance(compare.message_of(x[1]), m.Intent)]
    if not some:
        return trade(player, dice)
    flow, envelope, *_ = some[-1 - dice.below(min(len(some), 5))]
    intent = compare.message_of(envelope)
    changes = dice.of({"confidence": D("0.95")}, {"quantity": intent.quantity + 1}, {"action": A.HOLD, "quantity": D(0)},
                      {"action": A.CLOSE}, {"action": A.HALT, "quantity": D(0)}, {"confidence": D("0.95")})  # fmt: skip
    return answer(player, dice, flow, replace(intent, **changes))


def redeliver(player, dice):
    if not player.sent:
        return trade(player, dice)
    flow, envelope, fault, attested = player.sent[-1 - dice.below(min(len(player.sent), 8))]
    return player.propose(flow, envelope, fault, flow_fault(dice), attested, again=True)


def report(player, dice):
    agent = dice.of(*profiles.SOLO)
    flow = new_flow(player, dice, (agent,))
    by = dice.of(agent, agent, "selector", "arbiter")
    report_ = player.world.report(flow, by, *report_kind(dice))
    if dice.rarely(6):
        report_ = replace(report_, usage=replace(NO_USAGE, tokens_in=60))
    if dice.rarely(10):
        report_ = replace(report_, **dice.of({"step_id": "s9"}, {"attempt": 2}, {"ledger": bytes(16)},
                          {"contract_version": "9.9.9"}, {"lane": m.Lane.DLPCI}))  # fmt: skip
    answer(player, dice, flow, report_, by)


def report_kind(dice):
    kind = dice.of(
        m.ReportKind.NO_PROPOSAL, m.ReportKind.ESCALATE, m.ReportKind.REFUSED, m.ReportKind.EXHAUSTED
    )
    usual = LaneReason.NO_EDGE if kind is m.ReportKind.NO_PROPOSAL else LaneReason.NO_ANSWER
    return kind, dice.of(usual, LaneReason.COMPLIANT_LIE_SUSPECTED, LaneReason.UNREADABLE_INSTRUCTION,
                         LaneReason.DEADLINE, LaneReason.LOW_MASS)  # fmt: skip


def window(player, dice):
    names = dice.of(
        ("strategy", "risk"), ("strategy", "risk", "sentiment"), ("strategy",), ("risk", "strategy")
    )
    changes = {"deadline": player.world.now} if dice.rarely(5) else {}
    flow = new_flow(player, dice, names, lane=m.Lane.EOAM, **changes)
    window_of(player, dice, flow)


def window_of(player, dice, flow):
    """The arbiter's record over what the mesh says: complete, closed by the deadline, late, or not honest."""
    world, answers, names = player.world, [], []
    for woken in flow.woken:
        closed = flow.deadline == flow.snapshot.taken_at  # by the deadline: some say nothing
        if (
            woken.agent_id not in names
            and woken.agent_id in profiles.MESH
            and not dice.rarely(4 if closed else 24)
        ):
            names.append(woken.agent_id)
    for name in names:
        if dice.below(8 if name == "strategy" else 3):
            actions = (A.BUY, A.BUY, A.BUY, A.BUY, A.HOLD, A.CLOSE, A.SELL, A.HALT)
            if name == "risk":
                actions = (A.HOLD, A.HOLD, A.HOLD, A.HOLD, A.HOLD, A.HALT, A.CLOSE)
            answers.append(intent_of(player, dice, flow, name, actions))
        else:
            answers.append(world.report(flow, name, *report_kind(dice)))
    kind = dice.of(*[m.WindowKind.COMPLETE] * 7, m.WindowKind.LATE)
    if flow.deadline == flow.snapshot.taken_at:
        kind, world.now = m.WindowKind.DEADLINE, world.now + dice.of(1, 1, 1, 0)
    if kind is m.WindowKind.LATE:
        answers = [x for x in answers if getattr(x, "action", None) is A.HALT][:1] or answers[:1]
    try:
        record = world.window(flow, answers, kind)
    except KeyError:  # an answer of nobody the flow woke
        return trade(player, dice)
    sealed = (
        [player.signed(dice, x, x.agent_id)[0] for x in answers] if dice.rarely(2) else list(record.answers)
    )
    if [x.payload for x in sealed] == [x.payload for x in record.answers]:
        record = replace(record, answers=tuple(sealed))
    if kind is m.WindowKind.LATE and answers:
        record = replace(record, winner=digest(record.answers[0]), reason=0)
    if dice.rarely(20):
        first = digest(record.answers[0]) if record.answers else None
        record = replace(record, **dice.of({"winner": first}, {"winner": None}, {"reason": 1}, {"attempt": 2},
                         {"answers": record.answers[1:]}, {"answers": record.answers * 2}, {"account": "paper-9"}))  # fmt: skip
    answer(player, dice, flow, record, "arbiter")
    return None


def proof(player, dice):
    proof_of(player, dice, new_flow(player, dice, (profiles.PROOF,), lane=m.Lane.DLPCI))


def proof_of(player, dice, flow):
    """An intent with its evidence and an attestor's word, one of them sometimes not so."""
    intent = intent_of(player, dice, flow, profiles.PROOF, (A.BUY, A.BUY, A.SELL, A.CLOSE, A.HOLD))
    intent = with_evidence(flow, intent)
    if dice.rarely(20):
        intent = replace(intent, evidence=dice.of(None, bytes(32)))
    envelope, fault = player.signed(dice, intent, profiles.PROOF)
    changes = dice.of(*[{}] * 20, {"agrees": False}, {"tier": "other"}, {"attempt": 9}, {"ledger": bytes(16)})
    said = compare.message_of(player.world.attest(flow, envelope, **changes))
    attested, _ = player.signed(dice, said, "heuristic")
    many = dice.of(*[(attested,)] * 8, (), (attested, attested))
    player.propose(flow, envelope, fault, flow_fault(dice), many, **changes)


__all__ = ["acts", "key_of_intent", "seal", "signer"]
