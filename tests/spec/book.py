"""The account book of the naive specification: cash, positions, orders, receipts, marks and days.

Everything is a plain dict, every figure a Fraction, every list scanned from its beginning.
"""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from schemas import models as m

F = Fraction

HOUR, SECOND = 3_600_000_000, 1_000_000
QUOTE_LIFE, SKEW, ORDER_LIFE = 600 * SECOND, 5 * SECOND, 60 * SECOND
FEE_RESERVE, BPS = F(20), F(10_000)
RANK = {"SENT": 0, "PARTIAL": 1, "UNKNOWN": 2}  # any other status is final
T = m.TradingState
SEVERE = [T.ACTIVE, T.REDUCING, T.TERMINATED, T.HALTED]  # a terminated account may still be left
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
        "name": name, "words": [], "halts": {}, "standings": {}, "positions": {}, "orders": {}, "days": {},
        "views": [], "dirty": set(), "terminated": False, "mandates": {},
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


def said(words, now, *scopes):
    """What operators say of scopes: the states whose time is not over. words: (scope, state, until)."""
    return [state for scope, state, until in words if scope in scopes and until > now]


def severest(states):
    return max([T.ACTIVE, *states], key=SEVERE.index)


def view(spec, account, version):
    words, now = account["words"], spec.now
    named = sorted({*account["standings"], *spec.standings})
    everywhere = [(scope[1], state, until) for scope, state, until in spec.words if scope[0] == "instrument"]
    halted = {x for x in account["halts"] if x != "*"}
    halted |= {
        x for x, state, until in (*words, *everywhere) if state is T.HALTED and until > now and x != "*"
    }
    states = said(words, now, "*") + said(spec.words, now, "*")
    states += [T.HALTED] * ("*" in account["halts"]) + [T.TERMINATED] * account["terminated"]
    return m.AccountView(
        account=account["name"], version=version, cash=account["cash"], reserved_cash=account["reserved"],
        positions=tuple(
            m.Position(instrument=x, quantity=held["quantity"], reserved=held["reserved"],
                       total_cost=held["cost"], stop=held["stop"], target_price=held["target"])
            for x, held in sorted(account["positions"].items())
        ),
        standings=tuple(m.AgentStanding(agent_id=x, standing=spec.standing(account, x)) for x in named),
        trading_state=severest(states), halted_instruments=tuple(sorted(halted)),
        open_intents=len(account["orders"]), dirty=bool(account["dirty"]),
        mandates=tuple(x["view"](x["used"]) for x in account["mandates"].values()),
    )  # fmt: skip


def settle(spec):
    """After every change: the peak follows equity, and a loss that is too large is latched."""
    for account in spec.accounts.values():
        account["peak"] = max(account["peak"], equity(spec, account))
        latch(spec, account)


def settle_views(spec):
    """After every entry: a changed view is the next version."""
    settle(spec)
    for account in spec.accounts.values():
        last = account["views"][-1] if account["views"] else None
        made = view(spec, account, len(account["views"]))
        if made != last:
            account["views"].append(view(spec, account, len(account["views"]) + 1))
        law_of_money(account)


def latch(spec, account):
    """A max loss is latched when the account says so, for every agent by its newest contract for it."""
    base, newest = account["deposits"] - account["withdrawals"], {}
    for (agent, _), law in spec.contracts.items():
        newest[agent] = law
    for agent, law in newest.items():
        floor = base * (1 - F(law["limits"]["max_drawdown_pct"]))
        gone = spec.standing(account, agent) is m.Standing.RETIRED
        if base > 0 and account["name"] in law["accounts"] and equity(spec, account) <= floor and not gone:
            spec.latched.add((account["name"], agent))
            account["terminated"] |= law.get("terminate_on_max_loss", False)


def law_of_money(account):
    came = account["deposits"] - account["withdrawals"] + account["realised"] - account["fees"]
    at_cost = sum(held["cost"] for held in account["positions"].values())
    assert came == account["cash"] + account["reserved"] + at_cost, account
