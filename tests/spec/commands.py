"""What the naive specification does with everything that is no quote: `step` calls these by name."""

from fractions import Fraction

from schemas import models as m
from schemas.reasons import ControlReason, Reason
from tests.spec import book, venue
from tests.spec.integrity import NAME

F = Fraction
R = Reason
C = ControlReason

V, S, N = m.Verb, m.FlowStatus, m.Standing
MOVES = {  # where a verb usually moves an agent's standing, and where it may
    V.SUSPEND: (N.SUSPENDED, (N.DEGRADED, N.ESCALATION_ONLY, N.PASSIVE, N.SUSPENDED)),
    V.RETIRE: (N.RETIRED, (N.RETIRED,)),
    V.RESET: (N.ACTIVE, (N.ACTIVE, N.DEGRADED, N.ESCALATION_ONLY, N.PASSIVE, N.SUSPENDED)),
}
PAID_IN_MAX, FOREVER = 10**15, 1 << 62
TIGHTENING = (V.HALT, V.REDUCE, V.SUSPEND)
ON_ACCOUNT = (V.FUND, V.WITHDRAW, V.CLOSE, V.SETTLE, V.CLEAR)
STATES = {V.HALT: m.TradingState.HALTED, V.REDUCE: m.TradingState.REDUCING, V.RESUME: m.TradingState.ACTIVE}


def control(spec, command, fault, signer, role):
    """A signed, numbered command: the first thing wrong with it, or it is done."""
    reason = fault and C[fault.name]
    if not reason:
        reason = refused(spec, command, signer, role)
    if fault or reason is C.MALFORMED:  # what nobody can mean is no entry of its kind either
        spec.out.append(("REFUSAL", fault or R.MALFORMED))
        return
    spec.out.append(("CONTROL", not reason, reason))
    if not reason:
        spec.serials["C", signer] = command.serial
        done(spec, command)


def refused(spec, c, signer, role):
    """The first thing wrong with a command, in the order of the table."""
    account, amount = spec.accounts.get(c.account), c.amount
    pays, trades = c.verb in (V.OPEN, V.FUND, V.WITHDRAW), c.verb in (V.HALT, V.REDUCE, V.RESUME)
    named = all(NAME.fullmatch(x) for x in (c.account, c.instrument, c.agent_id) if x is not None)
    over = c.expires_at is not None and c.expires_at <= spec.now and c.verb is not V.RESUME
    wrong = (
        (C.WRONG_LEDGER, c.ledger != spec.ledger),
        (C.SERIAL_NOT_GREATER, c.serial <= spec.serials.get(("C", signer), -1)),
        (C.VERB_NOT_ALLOWED, role == "WATCH" and c.verb not in TIGHTENING),
        (C.MALFORMED, not named),
        (C.ILLEGAL_TRANSITION, c.verb is V.OPEN and (c.account is None or account)),
        (C.UNKNOWN_ACCOUNT, c.verb is not V.OPEN and not account and (c.account or c.verb in ON_ACCOUNT)),
        (C.OUT_OF_BOUNDS, pays and (amount is None or not 0 < amount <= PAID_IN_MAX)),
        (
            C.OUT_OF_BOUNDS,
            c.verb is V.FUND and account and amount and amount > PAID_IN_MAX - account["deposits"],
        ),
        (C.OUT_OF_BOUNDS, c.verb is V.WITHDRAW and account and amount and amount > account["cash"]),
        (C.ILLEGAL_TRANSITION, c.verb is V.CLOSE and account and (book.exposed(account) or account["cash"])),
        (
            C.ILLEGAL_TRANSITION,
            c.verb is V.SETTLE and account and not unanswered(spec, account["orders"].get(c.target)),
        ),
        (C.MALFORMED, trades and c.lane and (c.account or c.instrument)),
        (C.OUT_OF_BOUNDS, trades and over),
        (C.ILLEGAL_TRANSITION, trades and role == "WATCH" and loosens(spec, c, account)),
    )
    reason = next((reason for reason, yes in wrong if yes), None)
    return reason or (standing_move(spec, c, account) if c.verb in MOVES else C.FOLDED)


def unanswered(spec, order):
    """Whether the venue cannot speak of it, or has had its time to."""
    return order and (order["status"] == "UNKNOWN" or spec.now > order["until"])


def loosens(spec, c, account):
    """The watch may not put a milder or shorter word in place of an operator's."""
    words = [x for x in words_of(spec, account) if x[0] == scope_of(c, account) and x[2] > spec.now]
    if not words:
        return False
    _, state, until = max(words, key=lambda x: book.SEVERE.index(x[1]))
    new, old = book.SEVERE.index(STATES[c.verb]), book.SEVERE.index(state)
    return new < old or (new == old and until_of(c) < until)


def standing_move(spec, c, account):
    """Rightward by SUSPEND and RETIRE, leftward by RESET; RETIRED is final."""
    if c.agent_id is None:
        return C.MALFORMED
    held, wanted = account["standings"] if account else spec.standings, wanted_of(c)
    now = held.get(c.agent_id, N.ACTIVE)
    if wanted is None or N.RETIRED in (now, spec.standings.get(c.agent_id)):
        return C.ILLEGAL_TRANSITION
    steps = book.RIGHTWARD.index(wanted) - book.RIGHTWARD.index(now)
    lifts = c.verb is V.RESET and (steps < 0 or (steps == 0 and (c.account, c.agent_id) in spec.latched))
    return C.FOLDED if lifts or (c.verb is not V.RESET and steps > 0) else C.ILLEGAL_TRANSITION


def wanted_of(c):
    usual, may = MOVES[c.verb]
    wanted = c.standing or usual
    return wanted if wanted in may else None


def done(spec, c):
    account = spec.accounts.get(c.account)
    match c.verb:
        case V.OPEN | V.FUND | V.WITHDRAW:
            pay(spec, c, F(c.amount))
        case V.CLOSE:
            del spec.accounts[c.account]
            spec.latched = {x for x in spec.latched if x[0] != c.account}
            spec.stamps = [x for x in spec.stamps if x[1][0] != c.account]
        case V.SETTLE:
            settle(spec, account, c.target)
        case V.CLEAR:
            spec.latched -= {x for x in spec.latched if x[0] == c.account and c.agent_id in (None, x[1])}
            if c.agent_id is None:
                account["dirty"].clear()
                account["peak"] = book.equity(spec, account)
        case V.HALT | V.REDUCE | V.RESUME:
            speak(spec, c, account)
        case V.SUSPEND | V.RETIRE | V.RESET:
            held = account["standings"] if account else spec.standings
            held[c.agent_id] = wanted_of(c)
            if held[c.agent_id] is N.ACTIVE:
                del held[c.agent_id]
            if c.verb is V.RESET:
                spec.latched.discard((c.account, c.agent_id))


def settle(spec, account, key):
    """An operator answers for an order the venue cannot speak of: what was filled stays."""
    order = venue.release(account, key)
    flow = spec.flows.get(order["flow"])
    if flow:
        flow["settled"][key] = order["filled"]
    half = 0 < order["filled"] < order["quantity"] and flow and not order["step"].startswith("comp-")
    if half:
        venue.soil(account, flow, venue.policy_of(spec, flow, order["agent"])[1])
    if flow and not spec.final(flow):
        flow["status"] = S.CLOSED if order["filled"] and not half else S.ABORTED


def pay(spec, c, amount):
    """What is paid in or out is neither gain nor loss: peak and day starts move with it."""
    if c.verb is V.OPEN:
        account = spec.accounts[c.account] = book.new_account(c.account)
        for zone in spec.zones:
            spec.day(account, zone)
    account = spec.accounts[c.account]
    came = -amount if c.verb is V.WITHDRAW else amount
    account["withdrawals" if c.verb is V.WITHDRAW else "deposits"] += amount
    account["cash"] += came
    account["peak"] += came
    for start in account["days"].values():
        start[1] += came


def words_of(spec, account):
    return account["words"] if account else spec.words


def scope_of(c, account):
    """The narrowest scope the command names."""
    if account:
        return c.instrument or "*"
    return ("instrument", c.instrument) if c.instrument else ("lane", c.lane) if c.lane else "*"


def until_of(c):
    return FOREVER if c.expires_at is None else c.expires_at


def speak(spec, c, account):
    """A new word takes the place of those that are as severe or more; a milder one stays beneath it."""
    words, scope, wanted = words_of(spec, account), scope_of(c, account), STATES[c.verb]
    milder = [x for x in words if x[0] != scope or book.SEVERE.index(x[1]) < book.SEVERE.index(wanted)]
    words[:] = milder if c.verb is V.RESUME else [*milder, (scope, wanted, until_of(c))]
    if account and c.verb is V.RESUME:
        account["halts"].pop(scope, None)
