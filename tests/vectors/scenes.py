"""Small worlds for adapters: a desk with a wide contract, symbols of any spelling, a gate asked alone."""

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

from kernel.case import Case, build
from kernel.claim import read_claim
from ledger.envelope import seal
from rules.contract import Contract, Limits
from schemas import models as m
from schemas.canonical import jcs
from schemas.kinds import EntryKind
from schemas.reasons import Reason
from tests.build import World, granted, signer
from tests.vectors.runner import Said

SDS = "sovereign"
PLENTY = Decimal(10) ** 12
ZERO, ONE = Decimal(0), Decimal(1)
PASSED = Said("ok", "ACCEPT", "ACCEPTED", "accept", "ADMIT")
ASKED = Said("ok", "ESCALATE", "ESCALATED", "ESCALATION")
ORDER = re.compile(
    r"(?P<side>BUY|SELL|HOLD)(?: (?P<symbol>[A-Za-z]\S*))?(?: (?P<size>-?[\d.]+))?(?:@(?P<price>-?[\d.]+))?"
)


def wide(**changed: Any) -> Limits:
    """Limits that stop nothing, except what is changed."""
    given = granted()[0].limits
    return replace(
        given,
        **{
            "max_position_size": PLENTY, "max_order_value": PLENTY, "max_position_pct": ONE,
            "max_single_trade_pct": ONE, "max_leverage": Decimal(100), "max_drawdown_pct": ONE,
            "trailing_max_drawdown_pct": ONE, "max_daily_loss_pct": ONE, "max_open_positions": 1_000,
            "min_risk_reward": ZERO, "min_stop_atr_multiple": ZERO, **changed,
        },
    )  # fmt: skip


def named(symbol: str) -> str:
    """Their symbol as an id of ours."""
    return symbol.lower()


def desk(*, deposit: str = "100000", symbols: tuple[str, ...] = (), **contract: Any) -> World:
    """A world whose sovereign has a wide contract; ``contract``: its fields, ``symbols``: traded besides."""
    given = next(each for each in granted() if each.agent_id == SDS)
    fields: dict[str, Any] = {
        "limits": wide(),
        "allowed_instruments": (*given.allowed_instruments, *map(named, symbols)),
        "escalation": replace(given.escalation, max_exposure_usd=PLENTY),
    }
    world = World(changed={SDS: fields | contract}, deposit=deposit)
    for symbol in symbols:
        terms = {"instrument": named(symbol), "tick": "0.000001", "lot": "0.000001", "min_order": "0.000001"}
        document = world.document(m.DocumentKind.INSTRUMENT, named(symbol), "1", jcs(terms))
        world.put("registry", document, key=f"INSTRUMENT/{named(symbol)}/1".encode())
    world.run()
    return world


def contract_of(world: World) -> Contract:
    return world.contracts[SDS]


def case_of(world: World, flow: m.FlowOpened, intent: m.Intent, **contract: Any) -> Case:
    """The case the kernel would build now, under the agent's contract with some fields changed."""
    claim = read_claim(seal(flow, signer("selector")), seal(intent, signer(intent.agent_id)), ())
    assert claim is not None
    kernel = world.kernel
    mark = kernel.quotes.last(intent.instrument, kernel.state.now)
    case = build(kernel.state, claim, seq=kernel.head.seq, mark=mark, quote=None)
    assert case.grant is not None
    return replace(case, grant=replace(case.grant, contract=replace(case.grant.contract, **contract)))


def ruled(world: World) -> Said | str:
    """The last verdict as a word: accepted, asked of a person, a duplicate, or the reason."""
    told = world.told(m.VerdictRecord)
    if not told:  # no valid signature stood behind it: an entry without the bytes
        return Reason(world.entries(EntryKind.REFUSAL)[-1].reason).name
    verdict = told[-1]
    match verdict.verdict:
        case m.Verdict.ACCEPTED:
            return PASSED
        case m.Verdict.ESCALATED:
            return ASKED
        case m.Verdict.DUPLICATE:
            return "DUPLICATE"
        case _:
            return Reason(verdict.reason).name


def answered(world: World, **changes: Any) -> Said | str:
    """One flow, one intent with some fields changed, ruled now."""
    flow = world.flow()
    world.propose(flow, world.intent(flow, **changes))
    world.run()
    return ruled(world)


def filled(world: World, order: m.KernelIntent, price: Decimal) -> None:
    """The venue fills an order whole, without a fee."""
    world.receipt(order, m.ReceiptStatus.FILLED, price=price)
    world.run()


def quoted(world: World, symbol: str, price: Decimal) -> None:
    """A market without a spread: what is bought at a price is worth it."""
    world.quote(named(symbol), str(price), str(price))


def plain(figure: Decimal) -> int | float:
    """A figure as their JSON spells it."""
    return int(figure) if figure == int(figure) else float(figure)


def market_intent(
    world: World, flow: m.FlowOpened, action: m.Action, size: Decimal, price: Decimal
) -> m.Intent:
    """An order at exactly ``price``; a wide contract asks for no bracket."""
    trades = action in (m.Action.BUY, m.Action.SELL)
    limit = price if trades else None
    return world.intent(flow, action, quantity=size, limit_price=limit, stop=None, target_price=None)
