"""Flows as an honest selector opens them, and each thing that can be wrong with one."""

from dataclasses import replace
from decimal import Decimal

from ledger.hashes import tagged
from schemas import models as m
from schemas.codec import encode
from tests.build import BTC, ETH, SECOND
from tests.history import acts

D = Decimal
STEP = ("s1", "s2")


def new_flow(player, dice, agents, account=None, instrument=None, **changes):
    """A flow of an honest selector, on an account that is open, mostly."""
    world = player.world
    names = sorted(player.world.kernel.state.accounts) or ["paper-1"]
    account = account or dice.of(*names)
    if account not in world.views:
        account = next(iter(world.views))
    market = dice.of(
        *[{}] * 18,
        {"volatility": D("0.0025")},
        {"volatility": D("0.015")},
        {"volatility": None},
        {"atr": None},
        {"atr": D(30)},
        {"volatility": D("0.02")},
    )
    expires = world.now + dice.of(600, 600, 60, 30, 3600) * SECOND
    instrument = instrument or dice.of(BTC, BTC, BTC, ETH)
    flow = world.flow(
        agents,
        account=account,
        instrument=instrument,
        market=market,
        **{"flow_expires_at": expires, "deadline": world.now + 30 * SECOND} | changes,
    )
    player.times += [flow.deadline, flow.flow_expires_at]
    if dice.rarely(4):
        flow = wider(player, dice, flow)
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
        lambda: seen(taken_at=world.now - 90 * SECOND),
        lambda: seen(taken_at=world.now - 90 * SECOND - 1),
        lambda: seen(taken_at=world.now + 1),
        lambda: seen(account=past, account_hash=hash_of(past)),
        lambda: seen(account=past, account_hash=hash_of(past)),
        lambda: seen(account=other, account_hash=hash_of(other)),
        lambda: seen(account=other),
        lambda: seen(rules_hash=bytes(32)),
        lambda: seen(instruments=()),
        lambda: shown(bid=(view.bid or Decimal(2)) - 1),
        lambda: shown(price_offset=0),
        lambda: shown(price_offset=None),
        lambda: shown(mid=(view.mid or Decimal(2)) + 1),
        lambda: shown(quote_time=(view.quote_time or 0) + 1),
        lambda: shown(quote_time=world.now + 5 * SECOND + 1),
        lambda: shown(bid=None),
        lambda: shown(mid=None),
        lambda: replace(flow, steps=STEP),
        lambda: replace(flow, steps=()),
        lambda: replace(flow, attempt=0),
        lambda: replace(flow, attempt=2),
        lambda: replace(flow, deadline=flow.flow_expires_at + 1),
        lambda: replace(flow, flow_expires_at=flow.trigger.event_time + 3600 * SECOND + 1),
        lambda: replace(flow, flow_expires_at=flow.trigger.event_time + 3600 * SECOND),
        lambda: replace(flow, woken=(replace(woken, contract_hash=bytes(32)), *flow.woken[1:])),
        lambda: replace(flow, woken=(replace(woken, version="9.9.9"), *flow.woken[1:])),
        lambda: replace(flow, woken=(woken, *flow.woken)),
        lambda: replace(flow, ledger=bytes(16)),
        lambda: replace(flow, lane=m.Lane.DLPCI),
        lambda: replace(flow, account="paper-9"),
        lambda: replace(flow, parent=bytes(16)),
        lambda: replace(flow, parent_step="s1", parent=flow.dfid, child_number=1),
        lambda: replace(flow, steps=("S 1",)),
        lambda: aged(flow, world.now - 3600 * SECOND),
        lambda: aged(flow, world.now - 3599 * SECOND),
    )
    number = dice.below(len(options))
    player.note("flow is strange", number)
    return options[number]()


def wider(player, dice, flow):
    """The same flow with the other instrument in its snapshot too; sometimes not as it was quoted."""
    shot = flow.snapshot
    seen = player.world.market_view(ETH if shot.instruments[0].instrument == BTC else BTC)
    changes = dice.of(
        *[{}] * 12,
        {"bid": seen.bid + 1},
        {"mid": None},
        {"price_offset": None},
        {"price_offset": 0},
        {"bid": None, "ask": None, "mid": None, "price_offset": None, "quote_time": None},
        {"quote_time": player.world.now - 600 * SECOND},
        {"ask": None},
    )
    both = (*shot.instruments, replace(seen, **changes))
    player.note("also shows", seen.instrument, **changes)
    return replace(flow, snapshot=replace(shot, instruments=both if dice.below(2) else both[::-1]))


def aged(flow, when):
    """The same flow of an old trigger: all its times stay in order."""
    until = min(flow.flow_expires_at, when + 3600 * SECOND)
    taken = min(flow.snapshot.taken_at, until)
    return replace(
        flow,
        trigger=replace(flow.trigger, event_time=when),
        flow_expires_at=until,
        deadline=min(flow.deadline, until),
        snapshot=replace(flow.snapshot, taken_at=taken),
    )


def hash_of(view):
    return tagged("interlock/1/account", encode(view))
