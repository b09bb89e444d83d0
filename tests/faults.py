"""Ways in which one purchase can be wrong, each owned by one reason, and made to stand beside each other.

`played` plays a set of them in a fresh world: a desk that already holds something, one flow, one intent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from kernel.state.accounts import Account
from ledger.envelope import seal
from rules.contract import Authority, Contract, Cutoff
from schemas import models as m
from schemas.kinds import EntryKind
from schemas.reasons import LaneReason, Reason
from tests.build import ACCOUNT, BTC, ETH, NO_USAGE, SECOND, World, granted, signer

SDS = "sovereign"
SIGNAL = "law"
Act = Callable[[World], None]
HIGH = Decimal("0.00001")
FIELDS: tuple[str, ...] = ("contract", "intent", "flow", "snapshot", "market")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """reason: what it is refused as when nothing earlier is wrong. name: when a reason has several faults.

    contract: dotted field -> value; intent, flow, snapshot, market: as in `tests.build`. before and after:
    what happens to the world before the flow opens, and between looking and acting. kind: faults of one
    kind exclude each other.
    """

    reason: Reason
    name: str = ""
    kind: str = ""
    contract: Mapping[str, Any] = field(default_factory=dict)
    intent: Mapping[str, Any] = field(default_factory=dict)
    flow: Mapping[str, Any] = field(default_factory=dict)
    snapshot: Mapping[str, Any] = field(default_factory=dict)
    market: Mapping[str, Any] = field(default_factory=dict)
    before: Act | None = None
    after: Act | None = None
    signed_by: str = SDS
    sealed: Callable[[m.Envelope], m.Envelope] | None = None

    def __repr__(self) -> str:
        return self.reason.name + (f" ({self.name})" if self.name else "")

    def stands_beside(self, other: Fault) -> bool:
        """Whether both can be wrong about one purchase."""
        if self.kind and self.kind == other.kind:
            return False
        pairs = ((getattr(self, each), getattr(other, each)) for each in FIELDS)
        return all(mine[key] == theirs[key] for mine, theirs in pairs for key in mine.keys() & theirs.keys())


def halt(world: World) -> None:
    world.control(m.Verb.HALT)


def reduce_account(world: World) -> None:
    world.control(m.Verb.REDUCE, account=ACCOUNT)


def suspend(world: World) -> None:
    world.control(m.Verb.SUSPEND, agent_id=SDS)


def retire(world: World) -> None:
    world.control(m.Verb.RETIRE, agent_id=SDS, account=ACCOUNT)


def lowered(standing: m.Standing) -> Act:
    return lambda world: world.control(m.Verb.SUSPEND, agent_id=SDS, standing=standing) and None


def exhausted(world: World) -> None:
    """The flow is known, and its attempts were used up without a token left to ask a person."""
    answered_before(world)
    world.run()
    (flow,) = (each for each in world.kernel.state.flows.values() if each.lane is m.Lane.SDS)
    flow.exhausted, flow.status = True, m.FlowStatus.ABORTED


def answered_before(world: World) -> None:
    flow = world.flow(signal=SIGNAL)
    world.propose(flow, world.report(flow, SDS))


def known_before(world: World) -> None:
    """The flow's first attempt is open: what answered it could not be meant, and counted for nothing."""
    flow = world.flow(signal=SIGNAL)
    world.propose(flow, world.intent(flow, confidence=Decimal(2)))
    world.run()


def full_window(world: World) -> None:
    record = world.kernel.state.own_agent(ACCOUNT, SDS)
    record.admitted = [world.now] * world.contracts[SDS].budget.proposals_per_window


def selling(world: World) -> None:
    """Another agent is selling what this one would buy."""
    by_mesh(world, m.Action.CLOSE)


def moved(world: World) -> None:
    world.quote(BTC, "4100", "4101")


def crossed(world: World) -> None:
    world.quote(BTC, "4001", "4000")


def broken(body: m.Envelope) -> m.Envelope:
    return replace(body, signatures=(replace(body.signatures[0], sig=bytes(64)),))


WIDE = {
    "max_position_size": Decimal(1_000),
    "max_order_value": Decimal(10**6),
    "max_position_pct": Decimal(1),
    "max_single_trade_pct": Decimal(1),
    "max_leverage": Decimal(10),
}
ANOTHER = {"max_drawdown_pct": HIGH, "trailing_max_drawdown_pct": HIGH}
FAULTS: tuple[Fault, ...] = (
    Fault(reason=Reason.MALFORMED, intent={"step_id": "s9"}),
    Fault(reason=Reason.WRONG_LEDGER, intent={"ledger": bytes(16)}),
    Fault(reason=Reason.UNKNOWN_AGENT, intent={"agent_id": "prover"}, signed_by="prover", kind="signature"),
    Fault(reason=Reason.KEY_NOT_VALID, signed_by="strategy", kind="signature"),
    Fault(reason=Reason.BAD_SIGNATURE, sealed=broken, kind="signature"),
    Fault(reason=Reason.VERSION_MISMATCH, intent={"contract_version": "9.0.0"}),
    Fault(reason=Reason.WRONG_LANE, intent={"kind": m.IntentKind.POLICY}),
    Fault(reason=Reason.WRONG_ACCOUNT, intent={"account": "paper-2"}),
    Fault(reason=Reason.ATTEMPT_CLOSED, flow={"attempt": 2}, before=known_before, kind="flow"),
    Fault(reason=Reason.FLOW_CLOSED, before=answered_before, kind="flow"),
    Fault(reason=Reason.NOT_YET_VALID, intent={"valid_from": SECOND}),
    Fault(reason=Reason.TTL_EXPIRED, intent={"valid_from": -2 * SECOND, "valid_until": -SECOND}),
    Fault(reason=Reason.TRADING_HALTED, before=halt),
    Fault(reason=Reason.REDUCING_ONLY, before=reduce_account),
    Fault(reason=Reason.AGENT_SUSPENDED, before=suspend, kind="standing"),
    Fault(reason=Reason.AGENT_RETIRED, before=retire, kind="standing"),
    Fault(reason=Reason.AGENT_DEGRADED, before=lowered(m.Standing.DEGRADED), kind="standing"),
    Fault(reason=Reason.AGENT_PASSIVE, before=lowered(m.Standing.PASSIVE), kind="standing"),
    Fault(reason=Reason.AGENT_ESCALATION_ONLY, before=lowered(m.Standing.ESCALATION_ONLY), kind="standing"),
    Fault(reason=Reason.MAX_LOSS, contract={f"limits.{name}": value for name, value in ANOTHER.items()}),
    Fault(reason=Reason.TRAILING_DRAWDOWN, contract={"limits.trailing_max_drawdown_pct": HIGH}),
    Fault(reason=Reason.DAILY_LOSS_LIMIT, contract={"limits.max_daily_loss_pct": HIGH}),
    Fault(
        reason=Reason.TRADING_CUTOFF,
        contract={"limits.trading_cutoff": Cutoff(time="00:00", zone="UTC")},
    ),
    Fault(reason=Reason.RATE_LIMITED, before=full_window),
    Fault(reason=Reason.BUDGET_EXCEEDED, intent={"usage": replace(NO_USAGE, tokens_in=10**6)}),
    Fault(reason=Reason.REASONING_EXHAUSTION, before=exhausted, kind="flow"),
    Fault(reason=Reason.ACTION_FORBIDDEN, contract={"forbidden_actions": (m.Action.BUY,)}),
    Fault(reason=Reason.UNAUTHORIZED_INSTRUMENT, contract={"allowed_instruments": (ETH,)}),
    Fault(reason=Reason.UNAUTHORIZED_ACCOUNT, contract={"accounts": ("paper-9",)}),
    Fault(reason=Reason.AUTHORITY_EXCEEDED, contract={"authority": Authority.OBSERVE}),
    Fault(reason=Reason.SNAPSHOT_MISMATCH, intent={"state_hash": bytes(32)}),
    Fault(reason=Reason.RULES_MISMATCH, snapshot={"rules_hash": bytes(32)}),
    Fault(reason=Reason.PARAMETER_MISSING, intent={"stop": None}),
    Fault(reason=Reason.INVERTED_BRACKET, intent={"target_price": Decimal(1)}),
    Fault(reason=Reason.MAX_SINGLE_TRADE, contract={"limits.max_single_trade_pct": HIGH}),
    Fault(reason=Reason.MAX_POSITION, contract={"limits.max_position_size": Decimal("0.5")}),
    Fault(reason=Reason.MAX_ORDER_VALUE, contract={"limits.max_order_value": Decimal(1)}),
    Fault(reason=Reason.MAX_OPEN_POSITIONS, contract={"limits.max_open_positions": 0}),
    Fault(reason=Reason.MAX_LEVERAGE, contract={"limits.max_leverage": HIGH}),
    Fault(reason=Reason.MIN_RISK_REWARD, contract={"limits.min_risk_reward": Decimal(1_000)}),
    Fault(reason=Reason.MIN_STOP_ATR, market={"atr": Decimal(1_000)}),
    Fault(reason=Reason.LOW_CONFIDENCE, intent={"confidence": Decimal("0.1")}),
    Fault(reason=Reason.EXPOSURE_ABOVE_LIMIT, contract={"escalation.max_exposure_usd": Decimal(1)}),
    Fault(
        reason=Reason.HUMAN_APPROVAL_REQUIRED,
        contract={"escalation.requires_human_approval": (m.Action.BUY,)},
    ),
    Fault(
        reason=Reason.ESCALATION_BUDGET_EXHAUSTED,
        contract={"escalation.budget_per_hour": 0},
        intent={"confidence": Decimal("0.1")},
    ),
    Fault(reason=Reason.CONTEXT_TOO_OLD, after=lambda world: world.tick(100)),
    Fault(reason=Reason.NO_LIVE_PRICE, after=crossed, kind="quote"),
    Fault(
        reason=Reason.STALE_MARK,
        contract={"drift.max_mark_age_ms": 1_000},
        after=lambda world: world.tick(2),
    ),
    Fault(reason=Reason.STALE_CONTEXT, after=moved, kind="quote"),
    Fault(
        reason=Reason.INSUFFICIENT_FUNDS,  # what the price alone would leave is needed for the fees
        contract={f"limits.{name}": value for name, value in WIDE.items()}
        | {"escalation.max_exposure_usd": Decimal(10**6)},
        intent={"quantity": Decimal("24.45")},
    ),
    Fault(reason=Reason.RESOURCE_CONTENTION, before=selling),
)
ESCALATING = frozenset(
    {
        Reason.AGENT_ESCALATION_ONLY,
        Reason.LOW_CONFIDENCE,
        Reason.EXPOSURE_ABOVE_LIMIT,
        Reason.HUMAN_APPROVAL_REQUIRED,
    }
)


def compatible(faults: Iterable[Fault]) -> list[Fault]:
    """The faults that can all be wrong at once: one that excludes an earlier one is left out."""
    kept: list[Fault] = []
    for fault in faults:
        if all(fault.stands_beside(other) for other in kept):
            kept.append(fault)
    return kept


def law_says(faults: Iterable[Fault]) -> tuple[m.Verdict, Reason]:
    """The first refusal decides; a person is asked only where nobody, before or after, refuses."""
    reasons = sorted(fault.reason for fault in faults)
    if Reason.ESCALATION_BUDGET_EXHAUSTED in reasons:
        reasons = [reason for reason in reasons if reason not in ESCALATING]
    refusing = [reason for reason in reasons if reason not in ESCALATING]
    if refusing:
        return m.Verdict.REJECTED, refusing[0]
    return (m.Verdict.ESCALATED, reasons[0]) if reasons else (m.Verdict.ACCEPTED, Reason.NONE)


def played(faults: Iterable[Fault], action: m.Action = m.Action.BUY) -> Played:
    """One purchase (or another act) that is wrong in these ways, ruled by a real kernel."""
    told = sorted(faults, key=lambda fault: -fault.reason)  # what a halt would stop comes before the halt
    world = World(changed={SDS: contract_with(told)})
    holding(world)
    for fault in told:
        if fault.before is not None:
            fault.before(world)
            world.run()
    flow = world.flow(
        signal=SIGNAL,
        snapshot=merged(told, "snapshot"),
        market=merged(told, "market"),
        **merged(told, "flow"),
    )
    changes = merged(told, "intent")
    changes |= {name: world.now + changes[name] for name in ("valid_from", "valid_until") if name in changes}
    author = next((fault.signed_by for fault in told if fault.signed_by != SDS), SDS)
    body = seal(world.intent(flow, action, **({"agent_id": SDS} | changes)), signer(author))
    for fault in told:
        body = body if fault.sealed is None else fault.sealed(body)
    for fault in sorted(told, key=lambda fault: fault.kind != "quote"):  # a quote ages with what follows it
        if fault.after is not None:
            fault.after(world)
    world.run()
    before = balances(world)
    world.propose(flow, body)
    world.run()
    return Played(world=world, ruling=ruling(world), before=before, after=balances(world))


@dataclass(frozen=True, kw_only=True)
class Played:
    """What was ruled, and the balances around it."""

    world: World
    ruling: tuple[m.Verdict, Reason]
    before: dict[str, tuple[Any, ...]]
    after: dict[str, tuple[Any, ...]]


def ruling(world: World) -> tuple[m.Verdict, Reason]:
    """The verdict and reason of the last run; a REFUSAL entry is a rejection that binds nobody."""
    verdicts = world.told(m.VerdictRecord)
    if not verdicts:
        return m.Verdict.REJECTED, Reason(world.entries(EntryKind.REFUSAL)[-1].reason)
    return verdicts[-1].verdict, Reason(verdicts[-1].reason)


def balances(world: World) -> dict[str, tuple[Any, ...]]:
    """Everything of an account that is money, a holding or a promise."""
    return {name: balance(account) for name, account in world.kernel.state.accounts.items()}


def balance(account: Account) -> tuple[Any, ...]:
    held = {name: (each.quantity, each.reserved, each.total_cost) for name, each in account.positions.items()}
    money = (account.cash, account.reserved_cash, account.deposits, account.withdrawals)
    return (
        *money,
        account.realised,
        account.fees,
        account.equity,
        account.peak,
        held,
        sorted(account.orders),
    )


def merged(faults: Iterable[Fault], part: str) -> dict[str, Any]:
    return {key: value for fault in faults for key, value in getattr(fault, part).items()}


def contract_with(faults: Iterable[Fault]) -> dict[str, Any]:
    """The sovereign's contract fields under all changes."""
    given = next(each for each in granted() if each.agent_id == SDS)
    found = given
    for path, value in merged(faults, "contract").items():
        found = changed(found, path, value)
    return {path: getattr(found, path) for path in ("limits", "drift", "budget", "escalation", "authority",
            "accounts", "allowed_instruments", "forbidden_actions")}  # fmt: skip


def changed(contract: Contract, path: str, value: Any) -> Contract:
    """A contract with one dotted field changed."""
    outer, _, inner = path.partition(".")
    if not inner:
        return replace(contract, **{outer: value})
    return replace(contract, **{outer: replace(getattr(contract, outer), **{inner: value})})


def holding(world: World) -> None:
    """The desk already holds half a bitcoin, bought by others, and paid a fee for it: a small loss."""
    by_mesh(world, m.Action.BUY)
    world.receipt(world.order, m.ReceiptStatus.FILLED, price=Decimal(4_000), fee="5")
    world.run()


def by_mesh(world: World, action: m.Action) -> None:
    """What the mesh decides: its strategy's word, risk having nothing against it."""
    flow = world.flow(("strategy", "risk"))
    risk = world.report(flow, "risk", reason=LaneReason.NO_EDGE)
    world.propose(flow, world.window(flow, [world.intent(flow, action, agent_id="strategy"), risk]))
    world.run()
    assert world.verdict.verdict is m.Verdict.ACCEPTED, world.verdict
