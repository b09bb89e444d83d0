"""What is no answer to a flow: quotes, time, receipts, people, rubbish."""

from dataclasses import replace
from decimal import Decimal

from ledger.envelope import seal
from schemas import models as m
from schemas.reasons import Reason
from tests.build import BTC, ETH, LEDGER, SECOND, signer
from tests.history.compare import message_of

D = Decimal
R = Reason

CENT, ATOM = D("0.01"), D(1).scaleb(-18)
MOVES = (
    "0",
    "1",
    "-1",
    "5",
    "-5",
    "20",
    "-20",
    "49.9",
    "50",
    "-50",
    "50.1",
    "-300",
    "-300",
    "300",
    "-1000",
    "1000",
    "0",
    "2",
    "-2",
    "10",
    "-10",
    "25",
    "-25",
    "12.5",
    "-2000",
)


def quote(player, dice, instrument=None):
    """A quote near the last one; sometimes absurd, old or from the future."""
    world, instrument = player.world, instrument or dice.of(BTC, BTC, BTC, ETH)
    anchor = D(4000 if instrument == BTC else 300)
    last = world.quotes[instrument][0].bid
    base = last if anchor / 2 < last < anchor * 2 else anchor
    bid = (base * (1 + D(dice.of(*MOVES)) / 10_000)).quantize(CENT)
    ask = bid + dice.of(D(1), D(0), CENT, D("2.5"))
    strange = dice.below(84)
    if strange > 79:
        bid, ask = ((bid, bid - 1), (D(0), ask), (D(0), D(0)), (-bid, ask))[strange - 80]
    ages = (*[0] * 24, 1, 30, 89, 90, 91, -5, 600, 599)
    quoted(player, instrument, bid, ask, dice.of(*ages) * SECOND - dice.of(0, 0, 0, 0, 0, 1))


def quoted(player, instrument, bid, ask, age=0):
    record = player.world.quote(instrument, str(bid), str(ask), at=player.world.now - age)
    player.send("quote", (0, record.offset), player.signal(record))
    player.note("quote", instrument, bid, ask, f"@{record.offset}", age_us=age)


def tick(player, dice):
    """Time passes: a little, a lot, or until something begins or ends, a micro before or after."""
    seconds = dice.of(1, 1, 5, 29, 30, 61, 0, 0, 0, 0, 0, 0, 1, 1, 5, 10, 20, 31, 600, 1800, 3700)
    before = player.world.now
    moments = player.moments()
    if seconds == 0 and moments:
        when = moments[dice.below(min(len(moments), 6))] + dice.of(0, 1, -1)
        player.world.now = max(player.world.now, when)
    else:
        player.world.now += seconds * SECOND + dice.of(0, 0, 400_000)
    player.note("now", player.world.now)
    if player.world.now - before > 20 * SECOND and not dice.rarely(6):
        for instrument in (BTC, ETH):  # a market that goes on
            last = player.world.quotes[instrument][0]
            quoted(
                player, instrument, *((last.bid, last.ask) if 0 < last.bid <= last.ask else ("4000", "4001"))
            )


def receipt(player, dice):
    """The executor's word on an order: mostly on an open one, mostly possible."""
    world, spec = player.world, player.spec
    trades = [x for x in player.orders if x.side]
    opened = [x for x in trades if x.key in spec.accounts.get(x.account, {"orders": ()})["orders"]]
    some = player.orders if dice.rarely(10) or not opened else opened
    if not some:
        return tick(player, dice)
    order = some[-1 - dice.below(min(len(some), 4))]
    state = m.ReceiptStatus
    status = dice.of(
        state.FILLED,
        state.FILLED,
        state.FILLED,
        state.PARTIAL,
        state.PARTIAL,
        state.SENT,
        state.CANCELLED,
        state.DECLINED,
        state.EXPIRED,
        state.NOT_SENT,
        state.UNKNOWN,
    )
    part = dice.of("1", "0.5", "0", "0.25", "0.333333333333333333", "0.9", "1.01")
    full = status is state.FILLED and not dice.rarely(6)
    quantity = order.quantity * (1 if full else D(part))
    quantity = quantity.quantize(ATOM)
    price = order.limit_price * D(dice.of("1", "0.99", "0.999", "1.001", "0.3333"))
    changes = {}
    if dice.rarely(24):
        changes = dice.of(
            {"ledger": bytes(16)},
            {"account": "paper-2"},
            {"key": bytes(32)},
            {"dfid": bytes(16)},
            {"average_price": D(-1)},
        )
    said = m.Receipt(
        ledger=LEDGER,
        account=order.account,
        dfid=order.dfid,
        key=order.key,
        venue="paper",
        venue_order_id="v1",
        status=status,
        quantity=quantity,
        average_price=price.quantize(ATOM),
        raw_hash=bytes(32),
        attempt=1,
        fee=D(dice.of("0", "0.37", "1.000000000000000001", "30")),
        at=world.now,
    )
    said = replace(said, **changes)
    envelope, fault = player.signed(dice, said, "executor")
    world.put("venue.receipts", envelope)
    player.send("receipt", said, fault)
    player.note(
        "receipt", status.name, said.quantity, "at", said.average_price, fee=said.fee, fault=fault, **changes
    )
    return None


def human(player, dice):
    """A person answers what waits; sometimes too late, twice, about other bytes, or what does not wait."""
    spec, world = player.spec, player.world
    waiting = [x for x in player.sent if spec.flows.get(x[0].dfid, {}).get("status") == "ESCALATED"]
    some = player.sent if dice.rarely(10) or not waiting else waiting
    if not some:
        return quote(player, dice)
    flow, envelope, *_ = some[-1 - dice.below(min(len(some), 6))]
    held = spec.flows.get(flow.dfid, {}).get("held")
    choice = dice.of(
        m.HumanChoice.OVERRIDE, m.HumanChoice.OVERRIDE, m.HumanChoice.MODIFY, m.HumanChoice.ABORT
    )
    seen = flow.snapshot.instruments[0] if flow.snapshot.instruments else world.market_view(BTC)
    middle, now = seen.mid or D(4000), world.quotes[seen.instrument][0]
    price = dice.of(
        (now.bid + now.ask) / 2, middle.quantize(ATOM), (now.bid * D("1.005")).quantize(CENT), None, D(0)
    )
    said = message_of(envelope)
    most = getattr(said, "quantity", D(1)) or D(1)
    quantity = dice.of((most / 2).quantize(ATOM), most, most + ATOM, D(0), None)
    if choice is not m.HumanChoice.MODIFY and not dice.rarely(8):
        quantity = None
    world.serials += 1
    act = m.HumanDecision(
        ledger=LEDGER,
        serial=world.serials - dice.of(*[0] * 11, 1),
        account=flow.account,
        dfid=flow.dfid,
        choice=choice,
        payload_digest=held.digest if held else bytes(32),
        price_shown=price,
        quantity=quantity,
        valid_until=world.now + dice.of(60, 60, 0, 600) * SECOND - dice.of(*[0] * 9, 1),
        explain_commitment=bytes(32),
    )
    if dice.rarely(16):
        act = replace(
            act, **dice.of({"payload_digest": bytes(32)}, {"account": "paper-9"}, {"ledger": bytes(16)})
        )
    signers = dice.of(("operator",), ("operator",), ("operator", "operator-b"), ("operator-b",))
    envelope, fault = player.signed(dice, act, signers[0])
    if len(signers) > 1:
        envelope = countersigned(envelope, act, signer(signers[1]))
    world.put("human.decisions", envelope)
    player.times.append(act.valid_until)
    player.send("human", act, fault, signers)
    player.note("human", choice.name, act.dfid[:4].hex(), price=price, quantity=quantity, fault=fault)
    return None


def countersigned(envelope, message, other):
    """One more signature on the same bytes; an envelope keeps them sorted."""
    both = (*envelope.signatures, *seal(message, other).signatures)
    return replace(envelope, signatures=tuple(sorted(both, key=lambda each: each.keyid)))


def garbage(player, dice):
    """Bytes nobody can read, on any topic but the market's and the registry's."""
    topic = dice.of("proposals", "control", "venue.receipts", "human.decisions", "agents.manifest")
    player.world.put(topic, None, raw=bytes([dice.below(256)]) * dice.below(40))
    player.send("garbage", topic)
    player.note("garbage", topic)
