"""The gates about money and prices, 5 and 9 to 12, multiplied out in Fractions."""

from fractions import Fraction

from schemas.reasons import Reason
from tests.spec.book import BPS, HOUR, equity, exposure, free, local, middle, num, position, sane, worth
from tests.spec.venue import cash_needed, protective_limit

F = Fraction
R = Reason


def breakers(spec, case):
    limits, account = case.law["limits"], case.account
    now, base = equity(spec, account), account["deposits"] - account["withdrawals"]
    cutoff = limits["trading_cutoff"]
    start = account["days"][cutoff["zone"] if cutoff else "UTC"][1]
    clock = local(spec.now, cutoff["zone"]).strftime("%H:%M") if cutoff else ""
    tripped = (
        (R.MAX_LOSS, (account["name"], case.agent) in spec.latched
            or now <= base * (1 - F(limits["max_drawdown_pct"]))),
        (R.TRAILING_DRAWDOWN, now <= account["peak"] * (1 - F(limits["trailing_max_drawdown_pct"]))),
        (R.DAILY_LOSS_LIMIT, now < start * (1 - F(limits["max_daily_loss_pct"]))),
        (R.CONSISTENCY_RULE, now > base and now - start > F(limits["consistency_rule_pct"]) * (now - base)),
        (R.TRADING_CUTOFF, cutoff and clock >= cutoff["time"]),
    )  # fmt: skip
    return next((reason for reason, yes in tripped if yes), None)


def too_old(spec, case):
    taken = case.flow.snapshot.taken_at
    return taken > spec.now or spec.now - taken > case.law["drift"]["max_context_age_ms"] * 1000


def resolved(spec, case):
    """The contract's limits under regime, volatility and phase: each may only tighten."""
    law = {k: v if k == "trading_cutoff" else F(v) for k, v in case.law["limits"].items()}
    volatility = None if case.view is None else num(case.view.volatility)
    start = case.account["days"]["UTC"][1]
    profit = (equity(spec, case.account) - start) / start if start > 0 else None

    def tighten(shrink, reward, most):
        law["max_single_trade_pct"] *= F(shrink)
        law["max_position_pct"] *= F(shrink)
        law["min_risk_reward"] *= F(reward)
        law["max_open_positions"] = min(law["max_open_positions"], most)

    if volatility is None or volatility < 0 or volatility >= F("0.0025"):
        tighten("0.6", "1.3", 2)
    if volatility is not None and volatility != 0:
        factor = F("0.01") / volatility if volatility > 0 else F("0.5")
        law["max_single_trade_pct"] *= min(1, max(F("0.5"), factor))
    if profit is None or profit >= F("0.055"):
        tighten("0.25", "1.2", 0)
    elif profit >= F("0.04"):
        tighten("0.5", "1.2", law["max_open_positions"])
    law["max_single_trade_pct"] = min(law["max_single_trade_pct"], law["max_position_pct"])
    return law


def judged_price(case):
    """The worst it accepts, else the side of the snapshot's quote that it takes."""
    view, intent = case.view, case.intent
    if intent.mandate:
        return F(intent.mandate.price_high)
    if intent.limit_price is not None:
        return F(intent.limit_price)
    if view is None:
        return None
    side = view.ask if intent.action == "BUY" else view.bid
    side = view.last if side is None else side
    return num(side) if side is not None and side > 0 else None


def violations(spec, case):
    """Every limit an increasing order breaks, in the order of the law."""
    intent, account, law = case.intent, case.account, resolved(spec, case)
    price, quantity, name = judged_price(case), case.quantity, intent.instrument
    stop, target, buys = num(intent.stop), num(intent.target_price), intent.action == "BUY"
    frame = intent.action == "MANDATE"  # a total is worked in many orders; sizes and brackets are theirs
    wants_target = law["min_risk_reward"] > 0 and not frame
    wants_stop = wants_target or (law["min_stop_atr_multiple"] > 0 and not frame)
    if price is None or (wants_stop and stop is None) or (wants_target and target is None):
        yield R.PARAMETER_MISSING
    if price is None:
        return
    low, high = (stop, target) if buys else (target, stop)
    inverted = (low is not None and not low < price) or (high is not None and not high > price)
    if inverted:
        yield R.INVERTED_BRACKET
    has, value, held = equity(spec, account), quantity * price, position(account, name)["quantity"]
    coming = [
        (x["instrument"], x["quantity"] - x["filled"], x["limit"])
        for x in account["orders"].values()
        if x["side"] == "BUY" and x["quantity"] > x["filled"]
    ]
    held += sum(left for other, left, _ in coming if other == name)
    worth_of_it = worth(spec, account, name) + sum(left * at for other, left, at in coming if other == name)
    opened = {*account["positions"], *(other for other, _, _ in coming), name}
    sizes = (
        (R.MAX_SINGLE_TRADE, value, law["max_single_trade_pct"] * has),
        (R.MAX_POSITION, quantity + held, law["max_position_size"]),
        (R.MAX_POSITION, value + worth_of_it, law["max_position_pct"] * has),
        (R.MAX_ORDER_VALUE, value, law["max_order_value"]),
        (R.MAX_OPEN_POSITIONS, len(opened), law["max_open_positions"]),
        (R.MAX_LEVERAGE, exposure(spec, account) + value, law["max_leverage"] * has),
    )
    for reason, measured, limit in sizes:
        if measured > limit and not (frame and reason in (R.MAX_SINGLE_TRADE, R.MAX_ORDER_VALUE)):
            yield reason
    if inverted or stop is None:
        return
    if target is not None and abs(target - price) < law["min_risk_reward"] * abs(price - stop):
        yield R.MIN_RISK_REWARD
    if case.view and case.view.atr is not None:
        if abs(price - stop) < law["min_stop_atr_multiple"] * max(F(case.view.atr), 0):
            yield R.MIN_STOP_ATR


def leaves(case):
    """Whether it only takes risk away: reducing, or a frame for selling no more than is held and free."""
    frame = case.intent.mandate
    sold = frame and frame.side == "SELL" and case.quantity <= free(case.account, case.intent.instrument)
    return sold or case.stance == "REDUCING"


def limits(spec, case):
    if leaves(case):
        return None
    case.broken = list(violations(spec, case))
    return case.broken[0] if case.broken else None


def escalation(spec, case):
    law, intent = case.law["escalation"], case.intent
    added = 0 if leaves(case) else case.quantity * judged_price(case)
    after = exposure(spec, case.account) + added
    wanted = (
        (R.LOW_CONFIDENCE, intent.confidence < F(law["confidence_threshold"])),
        (R.EXPOSURE_ABOVE_LIMIT,
            case.law["authority"] != "execute_full" and after > F(law["max_exposure_usd"])),
        (R.HUMAN_APPROVAL_REQUIRED,
            case.law["authority"] == "propose" or intent.action in law["requires_human_approval"]),
    )  # fmt: skip
    reason = next((reason for reason, yes in wanted if yes), None)
    alone = spec.standing(case.account, case.agent) != "ESCALATION_ONLY"  # else gate 4 asks, and pays here
    if case.approval or (reason is None and alone):
        return None
    return no_token(spec, case) or (reason and ("ASK", reason))


def no_token(spec, case):
    spent = spec.count("escalated", (case.account["name"], case.agent), HOUR)
    spent_out = spent >= case.law["escalation"]["budget_per_hour"]
    return R.ESCALATION_BUDGET_EXHAUSTED if spent_out else None


def drift(spec, case):
    law, mark, reducing = case.law["drift"], case.mark, case.stance == "REDUCING"
    if not reducing and not case.approval and too_old(spec, case):
        return R.CONTEXT_TOO_OLD
    if mark is None or not sane(mark):
        blind = R.NO_LIVE_PRICE
    else:
        age = spec.now - mark.event_time
        blind = R.STALE_MARK if age > law["max_mark_age_ms"] * 1000 else None
    if blind:
        asks = case.intent.action == "CLOSE" and not case.approval
        return ("ASK", blind) if asks else blind
    if reducing:
        return None
    live, price = middle(mark), F(mark.bid if case.sells else mark.ask)
    envelope = min(F(law["envelope_bps"]), F(case.intent.drift_envelope_bps))
    if case.seen is None or case.seen <= 0 or abs(live - case.seen) * BPS > envelope * case.seen:
        return R.STALE_CONTEXT
    if case.stance == "MANDATE":
        return None  # nothing is bought yet: each child has its own cap and bracket
    cap, stop, target = protective_limit(case), num(case.intent.stop), num(case.intent.target_price)
    if (price < cap) if case.sells else (price > cap):
        return R.LIMIT_PRICE_EXCEEDED
    low, high = (target, stop) if case.sells else (stop, target)
    broken = (low is not None and not low < price) or (high is not None and not high > price)
    if stop is not None and target is not None:
        broken |= abs(target - price) < resolved(spec, case)["min_risk_reward"] * abs(price - stop)
    return R.GEOMETRY_BROKEN if broken else None


def reservation(spec, case):
    account, name = case.account, case.intent.instrument
    if case.stance == "MANDATE":  # reserves nothing, takes one of sixteen places
        return R.RESOURCE_CONTENTION if len(account["mandates"]) >= 16 else None
    if case.sells and not 0 < case.quantity <= free(account, name):
        return R.INSUFFICIENT_POSITION
    if not case.sells and cash_needed(case) > account["cash"]:
        return R.INSUFFICIENT_FUNDS
    side = "SELL" if case.sells else "BUY"
    orders = account["orders"].values()
    opposite = any(each["instrument"] == name and each["side"] != side for each in orders)
    return R.RESOURCE_CONTENTION if opposite else None
