"""Operators' commands on any scope, grants of the registry, hellos of workers."""

from dataclasses import replace
from decimal import Decimal

from ledger.envelope import seal
from ledger.hashes import contract_hash
from schemas import models as m
from tests.build import BTC, ETH, LEDGER, SECOND, canonical, signer
from tests.history import profiles

D = Decimal
ATOM = D(1).scaleb(-18)


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
    some = dice.of(
        *(
            verb.RESUME,
            verb.FUND,
            verb.RESET,
            verb.CLEAR,
            verb.WITHDRAW,
            verb.REDUCE,
            verb.HALT,
            verb.SUSPEND,
        ),
        *(
            verb.SETTLE,
            verb.SUSPEND,
            verb.SUSPEND,
            verb.RESUME,
            verb.RESET,
            verb.OPEN,
            verb.CLOSE,
            verb.SUSPEND,
        ),
        *(verb.RETIRE, verb.SETTLE),
    )
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
            fields["lane"] = dice.of(None, None, None, m.Lane.SDS, m.Lane.EOAM)
            if dice.rarely(2):
                fields["expires_at"] = player.world.now + dice.of(60, 600, 1, 0) * SECOND
                player.times.append(fields["expires_at"])
            if fields["lane"] and not dice.rarely(4):
                fields |= {"account": None, "instrument": None}
        case verb.SUSPEND | verb.RETIRE | verb.RESET | verb.CLEAR:
            agent = dice.of(*profiles.SOLO, "sovereign", profiles.PROOF, *profiles.MESH)
            fields["agent_id"] = agent
            if account not in spec.accounts and not dice.rarely(4):
                fields["account"] = next(iter(spec.accounts), None)
            if some is verb.SUSPEND or dice.rarely(6):
                milder = list(m.Standing)[1:4]
                fields["standing"] = dice.of(None, *milder, *milder, *milder, *milder, *m.Standing)
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
    for scope, *_ in spec.words:
        found.append((verb.RESUME, {} if scope == "*" else {scope[0]: scope[1]}))
    found += [(verb.RESET, {"agent_id": x}) for x, state in spec.standings.items() if state != "RETIRED"]
    for name, account in spec.accounts.items():
        for scope in sorted({x[0] for x in account["words"]} | account["halts"].keys()):
            found.append((verb.RESUME, {"account": name} | ({} if scope == "*" else {"instrument": scope})))
        for agent, state in account["standings"].items():
            if state != "RETIRED":
                found.append((verb.RESET, {"account": name, "agent_id": agent}))
        if account["dirty"]:
            found.append((verb.CLEAR, {"account": name}))
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
    if not dice.rarely(10):
        hello_of(player, agent, {})


def hello(player, dice):
    """A worker's hello, sometimes of a contract that is not its own."""
    agent = dice.of(*profiles.SOLO, profiles.PROOF, *profiles.MESH)
    wrong = dice.of(
        None,
        {"ledger": bytes(16)},
        {"contract_hash": bytes(32)},
        {"contract_version": "9.9.9"},
        {"policy_types": tuple(m.IntentKind)},
        {"schema_majors": ()},
        {"schema_majors": ("2", "1")},
    )
    hello_of(player, agent, wrong or {}, dice)


def hello_of(player, agent, changes, dice=None):
    world = player.world
    contract = world.contracts[agent]
    manifest = m.Manifest(
        ledger=LEDGER,
        agent_id=agent,
        contract_version=contract.version,
        contract_hash=contract_hash(canonical(contract)),
        schema_majors=("1",),
        policy_types=contract.outputs,
        at=world.now,
    )
    manifest, fault = replace(manifest, **changes), None
    envelope = seal(manifest, signer(agent))
    if dice is not None:
        envelope, fault = player.signed(dice, manifest, agent)
    world.put("agents.manifest", envelope)
    player.send("hello", manifest, fault)
    player.note("hello", agent, manifest.contract_version, fault=fault, **changes)
