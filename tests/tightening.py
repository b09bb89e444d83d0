"""Every field of a contract from loose to tight, and one judgement under any of them.

A field that has no such order is listed with the reason; a field that stands in neither list fails a test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import Decimal
from typing import Any

from kernel.case import Case, build
from kernel.claim import read_claim
from kernel.judge import judge
from kernel.state.flows import Approval
from ledger.envelope import digest, seal
from rules.contract import Authority, Contract, Cutoff
from schemas import models as m
from schemas.reasons import Reason
from tests.build import ACCOUNT, BTC, ETH, NO_USAGE, World, granted, signer
from tests.faults import SDS, changed, holding

ACTIONS = tuple(m.Action)
RISKY = (m.Action.BUY, m.Action.SELL, m.Action.MANDATE)


def decimals(*texts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, texts))


# Loosest first. The figures lie around what the scenes below measure, on both sides and exactly on it.
ORDERED: dict[str, tuple[Any, ...]] = {
    "outputs": (tuple(m.IntentKind), (m.IntentKind.ATOM,), ()),
    "accounts": ((ACCOUNT, "paper-2"), (ACCOUNT,), ()),
    "authority": (Authority.EXECUTE_FULL, Authority.EXECUTE_LIMITED, Authority.PROPOSE, Authority.OBSERVE),
    "topologies": (tuple(m.Lane), (m.Lane.SDS,), ()),
    "allowed_instruments": ((BTC, ETH), (BTC,), ()),
    "allowed_actions": (ACTIONS, (m.Action.BUY, m.Action.CLOSE), ()),
    "forbidden_actions": ((), RISKY, ACTIONS),
    "allow_short": (True, False),
    "veto": (True, False),
    "terminate_on_max_loss": (False, True),
    "limits.max_position_size": decimals("10", "1", "0.999", "0.5", "0"),
    "limits.max_order_value": decimals("50000", "2002.5025", "2002.5", "2000", "0"),
    "limits.max_position_pct": decimals("1", "0.0401", "0.04", "0.02", "0"),
    "limits.max_single_trade_pct": decimals("1", "0.0201", "0.02", "0.01", "0"),
    "limits.max_leverage": decimals("10", "0.0401", "0.04", "0.01", "0.000001"),
    "limits.max_drawdown_pct": decimals("0.5", "0.00006", "0.00005", "0.00001"),
    "limits.trailing_max_drawdown_pct": decimals("0.5", "0.00006", "0.00005", "0.00001"),
    "limits.max_daily_loss_pct": decimals("0.5", "0.00006", "0.00005", "0.00001"),
    "limits.consistency_rule_pct": decimals("1", "0.5", "0.00001"),
    "limits.consistency_warn_pct": decimals("1", "0.5", "0.00001"),
    "limits.max_open_positions": (5, 1, 0),
    "limits.min_risk_reward": decimals("0", "1.5", "2.9", "3.1", "100"),
    "limits.min_stop_atr_multiple": decimals("0", "1.5", "20", "1000"),
    "limits.trading_cutoff": (
        None, *(Cutoff(time=time, zone="UTC") for time in ("23:59", "06:01", "06:00", "00:00")),
    ),
    "drift.envelope_bps": decimals("200", "50", "25", "10", "1"),
    "drift.max_context_age_ms": (900_000, 90_000, 1_000, 1),
    "drift.max_mark_age_ms": (900_000, 90_000, 1_000, 1),
    "max_attempts": (5, 1),
    "budget.proposals_per_window": (120, 2, 1),
    "budget.window_s": (1, 60, 3_600, 86_400),
    "budget.max_steps": (5, 1, 0),
    "budget.max_model_calls": (2, 1, 0),
    "budget.max_tool_calls": (2, 1, 0),
    "budget.tokens_per_flow": (10_000, 256, 0),
    "budget.rounds_per_flow": (3, 1),
    "escalation.confidence_threshold": decimals("0", "0.5", "0.9", "1"),
    "escalation.max_exposure_usd": decimals("1000000", "4002.5", "2000", "0"),
    "escalation.requires_human_approval": ((), (m.Action.SELL,), ACTIONS),
    "escalation.budget_per_hour": (6, 1, 0),
    "escalation.two_persons_above_usd": (None, *decimals("100000", "2000", "0")),
    "evidence_tiers": ((), ("heuristic",), ("heuristic", "source")),
    "abort_on_violations": ((), ("MAX_LEVERAGE",), ("MAX_LEVERAGE", "MAX_POSITION")),
}  # fmt: skip
UNORDERED: dict[str, str] = {
    **dict.fromkeys(
        ("agent_id", "version", "owner", "mission", "scope", "role"), "a name, nothing is allowed by it"
    ),
    "inputs": "what it is handed, not what it may do",
    "priority": "an order among agents: who is ahead is no measure of how much is allowed",
    "halt_ttl_s": "how long its halt binds the others: a judgement of its own halts does not ask it",
    "wake": "when it is woken: the kernel judges what it then says",
    "compensation": "what is done about a failure; none of the four allows more",
    "limits.trading_cutoff.zone": "another zone is another day, with another start to measure a loss from",
}


def leaves(contract: Any, outer: str = "") -> Iterator[str]:
    """The dotted names of all fields; what is ordered or not as a whole is not opened."""
    for each in fields(contract):
        path, value = outer + each.name, getattr(contract, each.name)
        if path not in ORDERED and path not in UNORDERED and is_dataclass(value):
            yield from leaves(value, f"{path}.")
        else:
            yield path


def loosest() -> Contract:
    """A contract that forbids as little as a contract can."""
    found = next(each for each in granted() if each.agent_id == SDS)
    for path, steps in ORDERED.items():
        found = changed(found, path, steps[0])
    return found


def under(base: Contract, steps: Mapping[str, int]) -> Contract:
    """The contract with each named field so many steps from its loosest."""
    for path, step in steps.items():
        base = changed(base, path, ORDERED[path][min(step, len(ORDERED[path]) - 1)])
    return base


SEVERITY = {m.Verdict.REJECTED: 0, m.Verdict.ESCALATED: 1, m.Verdict.ACCEPTED: 2}


def ruled(case: Case, contract: Contract) -> tuple[int, Reason]:
    """How much the law lets through under a contract (0 refused, 1 asked, 2 accepted), and why not."""
    assert case.grant is not None
    found = judge(replace(case, grant=replace(case.grant, contract=contract)))
    return SEVERITY[found.verdict], Reason(found.reason)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One act and the world it is judged in."""

    action: m.Action = m.Action.BUY
    quantity: Decimal = Decimal("0.5")
    confidence: Decimal = Decimal("0.9")
    limited: bool = True
    spent: int = 0
    atr: Decimal = Decimal(4)
    volatility: Decimal | None = Decimal("0.001")
    moved: str = "4000"
    waited_s: int = 0
    cash: Decimal | None = None
    admitted: int = 0
    escalated: int = 0
    standing: m.Standing = m.Standing.ACTIVE
    approved: bool = False
    known_quote: bool = True

    def case(self) -> Case:
        """The case as the kernel would build it."""
        world = World()
        holding(world)
        account = world.kernel.state.accounts[ACCOUNT]
        flow = world.flow(market={"atr": self.atr, "volatility": self.volatility} | self._offset())
        body = seal(self._intent(world, flow), signer(SDS))
        world.tick(self.waited_s)
        world.quote(BTC, self.moved, str(Decimal(self.moved) + 1))
        world.run()
        record = world.kernel.state.own_agent(ACCOUNT, SDS)
        record.admitted, record.escalated = [world.now] * self.admitted, [world.now] * self.escalated
        if self.standing is not m.Standing.ACTIVE:
            account.standings[SDS] = self.standing
        if self.cash is not None:
            account.cash = self.cash  # no gate but the last looks at it
        return self._judged(world, flow, body)

    def _offset(self) -> dict[str, Any]:
        return {} if self.known_quote else {"price_offset": 10**6}

    def _intent(self, world: World, flow: m.FlowOpened) -> m.Intent:
        usage = replace(NO_USAGE, tokens_in=self.spent, model_calls=min(self.spent, 1))
        changes: dict[str, Any] = {"confidence": self.confidence, "usage": usage}
        if self.action in RISKY:
            changes["quantity"] = self.quantity
        if not self.limited:
            changes["limit_price"] = None
        return world.intent(flow, self.action, **changes)

    def _judged(self, world: World, flow: m.FlowOpened, body: m.Envelope) -> Case:
        kernel = world.kernel
        claim = read_claim(seal(flow, signer("selector")), body, ())
        assert claim is not None
        view = flow.snapshot.instruments[0]
        now = kernel.state.now
        quote = kernel.quotes.at(BTC, view.price_partition or 0, view.price_offset or 0, now)
        mark = kernel.quotes.last(BTC, now)
        case = build(kernel.state, claim, seq=kernel.head.seq, mark=mark, quote=quote)
        if not self.approved:
            return case
        told = Approval(
            choice=m.HumanChoice.OVERRIDE, digest=digest(body), price_shown=Decimal(self.moved), quantity=None
        )
        return replace(case, approval=told)
