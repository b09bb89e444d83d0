"""What the holder of one key tries, and what he is told: each deed done on a kernel or a ledger as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from interlock.tamper.forge import Copy
from interlock.tamper.run import found_in
from ledger.envelope import digest, opened, seal
from ledger.findings import Code, Outcome
from ledger.keys import KeyDocument
from ledger.verify import Level
from rules.contract_json import canonical
from schemas import models as m
from schemas.kinds import EntryKind, Role
from schemas.reasons import Reason
from tests.build import World, signer
from tests.tamper_world import anchors, trust, values

# The name under which each holder's key is enrolled.
HOLDERS = {
    "an agent's": "sovereign",
    "an attestor's": "heuristic",
    "the selector's": "selector",
    "the arbiter's": "arbiter",
    "the registry's": "registry",
    "the kernel's checkpoint key": "kernel-log",
}


def told(world: World) -> str:
    """What the kernel made of the last record."""
    refused = [Reason(each.reason).name for each in world.entries(EntryKind.REFUSAL)]
    if refused:
        return f"refused at the door: {refused[0]}"
    verdict = world.verdict
    name = Reason(verdict.reason).name
    return "ACCEPTED" if verdict.verdict is m.Verdict.ACCEPTED else f"{verdict.verdict.value}: {name}"


def own_order(key: str) -> str:
    """Propose in the agent's own name, within its contract."""
    world = World()
    flow = world.flow()
    world.propose(flow, world.intent(flow), by=key)
    world.run()
    return told(world)


def beyond(key: str) -> str:
    """Propose more than the contract allows."""
    world = World()
    flow = world.flow()
    world.propose(flow, world.intent(flow, quantity=Decimal(10)), by=key)
    world.run()
    return told(world)


def another_agent(key: str) -> str:
    """Propose in the name of another agent."""
    world = World()
    flow = world.flow(("prover",))
    body = seal(world.intent(flow), signer(key))
    world.propose(flow, body, attestations=(world.attest(flow, body),))
    world.run()
    return told(world)


def invented_price(key: str) -> str:
    """Open a flow on prices that never were, and have the agent answer it."""
    world = World()
    market = {"bid": Decimal(3000), "ask": Decimal(3001), "mid": Decimal("3000.5"), "last": Decimal("3000.5")}
    flow = world.flow(market=market)
    world.propose(flow, world.intent(flow), selector=key)
    world.run()
    return told(world)


def invented_proof(key: str) -> str:
    """Attest a claim whose evidence hash is another one's."""
    world = World()
    flow = world.flow(("prover",))
    body = seal(world.intent(flow, evidence=bytes(32)), signer("prover"))
    world.propose(flow, body, attestations=(world.attest(flow, body, by=key),))
    world.run()
    return told(world)


def other_winner(key: str) -> str:
    """Close a window with another winner than the answers give."""
    world = World()
    flow = world.flow(("strategy", "risk"))
    buy, hold = world.intent(flow), world.intent(flow, m.Action.HOLD, agent_id="risk")
    window = world.window(flow, [buy, hold])
    loser = next(
        each
        for each in (seal(buy, signer("strategy")), seal(hold, signer("risk")))
        if digest(each) != window.winner
    )
    world.propose(flow, replace(window, winner=digest(loser)), by=key)
    world.run()
    return told(world)


def wider_grant(key: str) -> str:
    """Sign a contract that grants the agent ten times as much."""
    world = World()
    contract = world.contracts["sovereign"]
    limits = replace(contract.limits, max_order_value=contract.limits.max_order_value * 10)
    wider = replace(contract, version="9.0.0", limits=limits)
    document = world.document(m.DocumentKind.CONTRACT, "sovereign", "9.0.0", canonical(wider))
    return granted(world, replace(document, signatures=seal_again(document, key)), EntryKind.CONTRACT)


def new_key(key: str) -> str:
    """Enrol a key of one's own for an agent."""
    world = World()
    own = KeyDocument(public=signer("mallory").public, role=Role.AGENT, bound=("sovereign",))
    document = world.document(m.DocumentKind.KEY, signer("mallory").keyid.hex(), "1", own.body())
    return granted(world, replace(document, signatures=seal_again(document, key)), EntryKind.KEY)


def history(key: str) -> str:
    """Write the ledger anew without its last receipt, signing every checkpoint."""

    def keys(who: str) -> object:
        return signer(key if who == "kernel-log" else who)

    copy = Copy.of(values(), keys)  # type: ignore[arg-type]  # a signer under another's name
    forged = copy.spliced(copy.place(EntryKind.RECEIPT, last=True), 1, []).linked(signed=True).values()
    _, alone = found_in(forged, Level.SIGN, (), trust())
    outcome, anchored = found_in(forged, Level.SIGN, anchors(), trust())
    assert outcome is not Outcome.INTACT
    seen = sorted(code.name for code in alone - {Code.UNANCHORED})
    if seen:
        return f"found by anybody: {', '.join(seen)}"
    return f"found against a witness's note only: {', '.join(sorted(code.name for code in anchored))}"


def granted(world: World, document: m.Envelope, kind: EntryKind) -> str:
    """Whether a registry document became an entry; one that did can be seen by everybody."""
    world.put("registry", document)
    world.run()
    if world.entries(kind):
        return f"in force, and a {kind.name} entry says so"
    return told(world)


def seal_again(envelope: m.Envelope, key: str) -> tuple[m.Signature, ...]:
    """The signatures of the same document by another key."""
    return seal(opened(envelope, m.RegistryDocument), signer(key)).signatures


DEEDS: dict[str, Callable[[str], str]] = {
    "an order within the agent's contract": own_order,
    "an order beyond it": beyond,
    "an order in another agent's name": another_agent,
    "a flow on invented prices": invented_price,
    "a false attestation": invented_proof,
    "a window with another winner": other_winner,
    "a wider contract": wider_grant,
    "a key of one's own": new_key,
    "history written anew": history,
}
