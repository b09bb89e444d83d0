"""What is no answer to a flow: quotes, time, receipts, people, commands, grants, hellos, rubbish."""

from dataclasses import replace
from decimal import Decimal as D

from ledger.envelope import seal
from ledger.hashes import contract_hash
from ledger.intents import key_of_intent
from rules.contract_json import canonical
from schemas import models as m
from schemas.reasons import Reason as R
from tests.build import BTC, ETH, LEDGER, SECOND, signer
from tests.history import profiles
from tests.history.compare import message_of

CENT, ATOM = D("0.01"), D(1).scaleb(-18)
MOVES = ("0", "1", "-1", "5", "-5", "20", "-20", "49.9", "50", "-50", "50.1", "-300", "300", "-1000", "1000")


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
    status = dice.of(state.FILLED, state.FILLED, state.FILLED, state.PARTIAL, state.PARTIAL, state.SENT,
                     state.CANCELLED, state.DECLINED, state.EXPIRED, state.NOT_SENT, state.UNKNOWN)  # fmt: skip
    part = dice.of("1", "0.5", "0", "0.25", "0.333333333333333333", "0.9", "1.01")
    full = status is state.FILLED and not dice.rarely(6)
    quantity = order.quantity * (1 if full else D(part))
    quantity = quantity.quantize(ATOM)
    price = order.limit_price * D(dice.of("1", "0.99", "0.999", "1.001", "0.3333"))
    changes = {}
    if dice.rarely(24):
        changes = dice.of({"ledger": bytes(16)}, {"account": "paper-2"}, {"key": bytes(32)}, {"dfid": bytes(16)},
                          {"average_price": D(-1)})  # fmt: skip
    said = m.Receipt(
        ledger=LEDGER, account=order.account, dfid=order.dfid, key=order.key, venue="paper", venue_order_id="v1",
        status=status, quantity=quantity, average_price=price.quantize(ATOM), raw_hash=bytes(32), attempt=1,
        fee=D(dice.of("0", "0.37", "1.000000000000000001", "30")), at=world.now,
    )  # fmt: skip
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
        return command_of(player, dice)
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
    world.serials += 1
    act = m.HumanDecision(
        ledger=LEDGER, serial=world.serials - dice.of(*[0] * 11, 1), account=flow.account, dfid=flow.dfid,
        choice=choice, payload_digest=held.digest if held else bytes(32), price_shown=price, quantity=quantity,
        valid_until=world.now + dice.of(60, 60, 0, 600) * SECOND - dice.of(*[0] * 9, 1),
        explain_commitment=bytes(32),
    )  # fmt: skip
    if dice.rarely(16):
        act = replace(
            act, **dice.of({"payload_digest": bytes(32)}, {"account": "paper-9"}, {"ledger": bytes(16)})
        )
    envelope, fault = player.signed(dice, act, "operator")
    world.put("human.decisions", envelope)
    player.times.append(act.valid_until)
    player.send("human", act, fault, "operator")
    player.note("human", choice.name, act.dfid[:4].hex(), price=price, quantity=quantity, fault=fault)
    return None


def control(player, dice):
    command_of(player, dice)


def command_of(player, dice):
    """Any command on any scope; loosening ones more often, so that histories go on."""
    spec, verb = player.spec, m.Verb
    blocked = undoing(spec)
    if blocked and dice.below(3):
        some, fields = blocked[dice.below(len(blocked))]
        return command(player, some, dice, **fields)
    account = dice.of(*(sorted(spec.accounts) or ["paper-1"]), "paper-9", None)
    some = dice.of(verb.RESUME, verb.FUND, verb.RESET, verb.CLEAR, verb.WITHDRAW, verb.REDUCE, verb.HALT, verb.SUSPEND,
                   verb.SETTLE, verb.RESUME, verb.RESET, verb.OPEN, verb.CLOSE, verb.RETIRE, verb.SETTLE)  # fmt: skip
    fields = {"account": account}
    match some:
        case verb.FUND | verb.OPEN | verb.WITHDRAW:
            cash = spec.accounts[account]["cash"] if account in spec.accounts else 0
            all_ = D(cash.numerator) / D(cash.denominator) if cash else D(0)
            most = all_.quantize(ATOM, "ROUND_FLOOR")
            fields["amount"] = dice.of(
                D(1000), D("0.000000000000000001"), most, most + ATOM, D(0), None, most / 2
            )
            if fields["amount"] is not None:
                fields["amount"] = fields["amount"].quantize(ATOM)
            if some is verb.OPEN and dice.below(2):
                fields["account"] = "paper-3"
        case verb.SETTLE:
            keys = [key for a in spec.accounts.values() for key in a["orders"]]
            whose = {key: name for name, a in spec.accounts.items() for key in a["orders"]}
            if keys:
                fields["target"] = keys[-1 - dice.below(len(keys))]
                fields["account"] = whose[fields["target"]]
        case verb.HALT | verb.REDUCE | verb.RESUME:
            fields["instrument"] = dice.of(None, BTC, ETH)
            fields["lane"] = dice.of(None, m.Lane.SDS, m.Lane.EOAM)
        case verb.SUSPEND | verb.RETIRE | verb.RESET | verb.CLEAR:
            agent = dice.of(*profiles.SOLO, profiles.PROOF, *profiles.MESH)
            fields["agent_id"] = agent
            if some is verb.RETIRE and dice.below(4):
                return command(player, verb.RESET, **fields)
            if dice.rarely(12):
                fields["agent_id"] = None
    return command(player, some, dice, **fields)


def undoing(spec):
    """Commands that would lift what stands in the way, so that a history goes on."""
    verb, found = m.Verb, []
    found += [
        (verb.OPEN, {"account": x, "amount": D(20_000)})
        for x in ("paper-1", "paper-2")
        if x not in spec.accounts
    ]
    if spec.world != "ACTIVE":
        found.append((verb.RESUME, {}))
    found += [(verb.RESUME, {"lane": x}) for x, state in spec.lanes.items() if state != "ACTIVE"]
    found += [(verb.RESUME, {"instrument": x}) for x, state in spec.instruments.items() if state != "ACTIVE"]
    found += [(verb.RESET, {"agent_id": x}) for x, state in spec.standings.items() if state != "RETIRED"]
    for name, account in spec.accounts.items():
        if account["state"] != "ACTIVE" or "*" in account["halts"]:
            found.append((verb.RESUME, {"account": name}))
        scopes = {x for x, state in account["instruments"].items() if state != "ACTIVE"} | (
            account["halts"].keys() - {"*"}
        )
        found += [(verb.RESUME, {"account": name, "instrument": x}) for x in sorted(scopes)]
        found += [
            (verb.RESET, {"account": name, "agent_id": x})
            for x, state in account["standings"].items()
            if state != "RETIRED"
        ]
    found += [
        (verb.CLEAR, {"account": x, "agent_id": y}) for x, y in sorted(spec.latched) if x in spec.accounts
    ]
    return found


def command(player, verb, dice=None, **fields):
    """A signed, numbered command."""
    world = player.world
    world.serials += 1
    serial = world.serials if dice is None else world.serials - dice.of(*[0] * 13, 1)
    ledger = LEDGER if dice is None else dice.of(*[LEDGER] * 20, bytes(16))
    by = "operator" if dice is None else dice.of(*["operator"] * 4, "watch")
    told = m.Control(ledger=ledger, serial=serial, reason="test", at=world.now, verb=verb, **fields)
    envelope, fault = (
        (seal(told, signer(by)), None) if dice is None else player.signed(dice, told, by, wrong="executor")
    )
    world.put("control", envelope)
    player.send("control", told, fault, by, by.upper())
    player.note(
        "command", verb.name, by=by, fault=fault, **{k: v for k, v in fields.items() if v is not None}
    )


def grant(player, dice):
    """A contract's next version, alone in its batch, and the hello of a worker that runs it."""
    world = player.world
    agent = dice.of(*profiles.SOLO, profiles.PROOF, *profiles.MESH)
    was = world.contracts[agent]
    major, minor, patch = map(int, was.version.split("."))
    other = profiles.contracts(1 + dice.below(profiles.COUNT))[agent]
    now = replace(was, **{**other, "version": f"{major}.{minor + 1}.{patch}"})
    player.settle()
    world.contracts[agent] = now
    envelope = world.document(m.DocumentKind.CONTRACT, agent, now.version, canonical(now))
    world.put("registry", envelope, key=f"CONTRACT/{agent}/{now.version}".encode())
    player.send("contract", player.law(now))
    player.note("contract", agent, now.version)
    player.settle()
    if not dice.rarely(4):
        hello_of(player, agent, {})


def hello(player, dice):
    """A worker's hello, sometimes of a contract that is not its own."""
    agent = dice.of(*profiles.SOLO, profiles.PROOF, *profiles.MESH)
    wrong = dice.of(None, {"ledger": bytes(16)}, {"contract_hash": bytes(32)}, {"contract_version": "9.9.9"},
                    {"policy_types": tuple(m.IntentKind)})  # fmt: skip
    hello_of(player, agent, wrong or {}, dice)


def hello_of(player, agent, changes, dice=None):
    world = player.world
    contract = world.contracts[agent]
    manifest = m.Manifest(
        ledger=LEDGER, agent_id=agent, contract_version=contract.version,
        contract_hash=contract_hash(canonical(contract)), schema_majors=(), policy_types=contract.outputs, at=world.now,
    )  # fmt: skip
    manifest, fault = replace(manifest, **changes), None
    envelope = seal(manifest, signer(agent))
    if dice is not None:
        envelope, fault = player.signed(dice, manifest, agent)
    world.put("agents.manifest", envelope)
    player.send("hello", manifest, fault)
    player.note("hello", agent, manifest.contract_version, fault=fault, **changes)


def garbage(player, dice):
    """Bytes nobody can read, on any topic but the market's and the registry's."""
    topic = dice.of("proposals", "control", "venue.receipts", "human.decisions", "agents.manifest")
    player.world.put(topic, None, raw=bytes([dice.below(256)]) * dice.below(40))
    player.send("garbage", topic)
    player.note("garbage", topic)


def key_of(envelope):
    said = message_of(envelope)
    return key_of_intent(said) if isinstance(said, m.Intent) else None


__all__ = ["R"]
