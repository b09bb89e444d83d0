"""Adapters of the rules' units: limits, overlays, breakers, drift, wake, arbitration, versions."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rules.arbitration import Answer, AnswerKind, arbitrate
from rules.breakers import BreakerFigures, past_cutoff, require_base, tripped
from rules.checker import Violation, check
from rules.config_error import ConfigError
from rules.contract import Cutoff, Limits
from rules.contract_json import from_yaml
from rules.drift import geometry_holds, price_drift
from rules.orders import AccountFigures, Holding, OrderShape
from rules.presets import preset
from rules.resolve import Regime, as_written, phase_of, resolve
from rules.semver import supports
from rules.wake import parse as parse_wake
from schemas.models import Action
from schemas.reasons import Reason
from tests.vectors.runner import NotApplicable, Said, Vector, unit

CONTRACTS = Path(__file__).resolve().parents[2] / "agents" / "contracts"
PLENTY = Decimal(10) ** 12
CAPITAL = Decimal(100_000)
NEW_YORK = "America/New_York"

ACTIONS = {
    "enter_long": Action.BUY,
    "enter_short": Action.SELL,
    "exit_position": Action.CLOSE,
    "hold": Action.HOLD,
}
LIMIT_WORDS = {
    Reason.INVERTED_BRACKET: "inverted_bracket",
    Reason.MAX_SINGLE_TRADE: "max_single_trade_pct",
    Reason.MAX_POSITION: "max_position_pct",
    Reason.MAX_OPEN_POSITIONS: "max_open_positions",
    Reason.MAX_LEVERAGE: "max_leverage",
    Reason.MIN_RISK_REWARD: "min_risk_reward",
    Reason.MIN_STOP_ATR: "min_stop_atr_multiple",
}
MISSING_WORDS = {"quantity": "missing_size", "instrument": "missing_position_id"}
BREAKER_WORDS = {
    Reason.MAX_LOSS: "mll_breached",
    Reason.TRAILING_DRAWDOWN: "mll_breached",
    Reason.DAILY_LOSS_LIMIT: "daily_loss_limit",
    Reason.CONSISTENCY_RULE: "consistency_rule",
    Reason.TRADING_CUTOFF: "trading_cutoff",
}


def exact(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def limits_of(name: str) -> Limits:
    return preset(name, max_position_size=PLENTY, max_order_value=PLENTY).limits


def word(violation: Violation) -> str:
    if violation.reason is Reason.MALFORMED:
        return "invalid_size" if violation.name == "quantity" else f"invalid_{violation.name}"
    if violation.reason is Reason.PARAMETER_MISSING:
        return MISSING_WORDS.get(violation.name, "missing_price")
    return LIMIT_WORDS[violation.reason]


def judged(proposal: dict[str, Any], world: dict[str, Any], limits: Limits) -> list[str]:
    """The violations in the source's words; an equity of 1000 prices makes a size an exact quantity."""
    action = ACTIONS.get(proposal["action_type"])
    if action is None:
        return ["UNKNOWN_ACTION"]
    price, size = exact(proposal.get("entry_price")), exact(proposal.get("size_pct"))
    equity = 1_000 * (price or Decimal(1))
    instrument = proposal.get("position_id" if action is Action.CLOSE else "symbol")
    order = OrderShape(
        action=action,
        instrument=instrument,
        quantity=None if size is None else size * 1_000,
        price=price,
        stop=exact(proposal.get("stop_loss")),
        target=exact(proposal.get("take_profit")),
        atr=exact(world.get("atr")),
    )
    open_sizes = [Decimal(str(each)) for each in world.get("open_positions", [])]
    held = tuple(
        Holding(instrument=f"held-{place}", quantity=Decimal(1), value=each * equity)
        for place, each in enumerate(open_sizes)
    )
    found = check(order, AccountFigures(equity=equity, holdings=held), as_written(limits))
    return list(dict.fromkeys(word(violation) for violation in found))


@unit("check_constraints({name})")
def constraints(vector: Vector, name: str) -> list[str]:
    if str(vector["expected"]).startswith("n/a"):
        raise NotApplicable("a size here is a decimal, so there is no tolerance to test")
    given = vector["input"]
    return judged(given["base"] | given["override"], given["world"], limits_of(name))


@unit("base proposal vs preset")
def presets(vector: Vector) -> list[str]:
    return judged(vector["input"]["proposal"], {}, limits_of(vector["input"]["preset"]))


@unit("order value, max {most}")
def order_value(vector: Vector, most: str) -> str:
    limits = replace(
        limits_of("aggressive"),
        max_order_value=Decimal(most),
        min_risk_reward=Decimal(0),
        min_stop_atr_multiple=Decimal(0),
    )
    value = exact(vector["input"])
    order = OrderShape(action=Action.BUY, instrument="btc-usd", quantity=value, price=Decimal(1))
    found = check(order, AccountFigures(equity=PLENTY), as_written(limits))
    return found[0].reason.name if found else "ok"


@unit("ConstraintResolver({name})")
def resolver(vector: Vector, name: str) -> dict[str, Any]:
    given = vector["input"]
    profits = {"building": "0", "conservation": "0.04", "lock_in": "0.055"}
    limits = resolve(
        limits_of(name),
        regime=Regime(given["regime"]) if "regime" in given else None,
        volatility=exact(given.get("garch")),
        profit_pct=Decimal(profits[given.get("phase", "building")]),
    ).limits
    return {
        "single": float(limits.max_single_trade_pct),
        "pos": float(limits.max_position_pct),
        "rr": float(limits.min_risk_reward),
        "n": limits.max_open_positions,
    }


@unit("challenge_phase")
def phases(vector: Vector) -> list[str]:
    return [phase_of(exact(profit)).value for profit in vector["input"]]


def at_new_york(clock: str) -> int:
    return at_clock(clock, NEW_YORK)


def at_clock(clock: str, zone: str) -> int:
    hour, minute = clock.split(":")
    local = datetime(2024, 1, 9, int(hour), int(minute), tzinfo=ZoneInfo(zone))
    return int(local.timestamp()) * 1_000_000


@unit("breakers({name}, {clock})")
def breakers(vector: Vector, name: str, clock: str) -> str | None:
    figures = {name: value for name, value in vector["input"].items() if name != "time"}
    given = {name: Decimal(str(value)) for name, value in figures.items()}
    today, start = given.get("daily_pnl", Decimal(0)), given.get("start")
    if start is not None:
        try:
            require_base(start)
        except ConfigError:
            return "CONFIG_ERROR"
    base = CAPITAL if start is None else start
    gained = given.get("cumulative", today)
    equity = given.get("capital", base + gained)
    seen = BreakerFigures(
        equity=equity,
        peak=given.get("peak", max(base, equity)),
        base=base,
        day_start=equity - today,
    )
    now = at_new_york(vector["input"].get("time", clock))
    found = tripped(seen, limits_of(name), now)
    return BREAKER_WORDS[found[0].reason] if found else None


@unit("trading cutoff {last} {zone}")
def cutoff(vector: Vector, last: str, zone: str) -> bool | str:
    clock = vector["input"]["time"]
    try:
        past_cutoff(Cutoff(time=clock, zone=zone), 0)
    except ConfigError as error:
        return "schema error: HH:MM required" if "HH:MM" in error.fault else str(error)
    return past_cutoff(Cutoff(time=last, zone=zone), at_clock(clock, zone))


@unit("fill-time geometry recheck")
def geometry(vector: Vector) -> bool:
    given = vector["input"]
    figures = (Decimal(str(given[name])) for name in ("live", "stop", "target", "min_rr"))
    return geometry_holds(given["side"], *figures)


@unit("drift")
def drift(vector: Vector) -> str:
    given = vector["input"]
    envelope = Decimal(str(given["envelope_bps"]))
    found = price_drift(exact(given["snapshot"]), exact(given["live"]), envelope)
    return "ACCEPT" if found is None else found.name


@unit("arbitration")
def arbitration(vector: Vector) -> str | None:
    kinds = {"HALT": AnswerKind.HALT, "HOLD": AnswerKind.HOLD}
    answers = [
        Answer(
            agent_id=agent,
            priority=1 if agent == "risk" else 2,
            veto=agent == "risk",
            kind=kinds.get(action, AnswerKind.PROPOSAL),
            confidence=Decimal(1),
            digest=action.encode(),
        )
        for agent, action in vector["input"]
    ]
    winner = arbitrate(answers, veto_agents_missing=frozenset()).winner
    return None if winner is None else winner.decode()


@unit("SemVer handshake")
def handshake(vector: Vector) -> str:
    given = vector["input"]
    return "accept" if supports(given["agent"], given["supported"]) else "VERSION_MISMATCH"


@unit("wake predicate {text}")
def wake(vector: Vector, text: str) -> bool:
    expression = parse_wake(text, names={"return"})
    return expression.evaluate({"return": Decimal(vector["input"])}).woken


@unit("unconfigured resource")
def unconfigured(vector: Vector) -> Said | str:
    resources = "".join(f"  max_{name}: {int(value)}\n" for name, value in vector["input"].items())
    text = (CONTRACTS / "risk.yaml").read_text(encoding="utf-8")
    try:
        from_yaml(text.replace("budget:\n", f"budget:\n{resources}"))
    except ConfigError:
        return Said("CONFIG_ERROR")
    return "granted"
