"""What tests of the rules begin from: shipped contracts, a plain order, a plain account, a tape of bars."""

from decimal import Decimal
from pathlib import Path

from rules.contract import Contract, Limits
from rules.contract_json import from_yaml
from rules.orders import AccountFigures, OrderShape
from rules.presets import preset
from rules.routing import RoutingTable, routing_from_yaml
from schemas.models import Action, Bar

ROOT = Path(__file__).resolve().parents[1]
MINUTE_US = 60_000_000


def contract_text(agent_id: str) -> str:
    return (ROOT / "agents" / "contracts" / f"{agent_id}.yaml").read_text(encoding="utf-8")


def shipped_contracts() -> dict[str, Contract]:
    found = sorted((ROOT / "agents" / "contracts").glob("*.yaml"))
    return {path.stem: from_yaml(path.read_text(encoding="utf-8")) for path in found}


def routing_text() -> str:
    return (ROOT / "topologies" / "routing.yaml").read_text(encoding="utf-8")


def shipped_routing() -> RoutingTable:
    return routing_from_yaml(routing_text())


def moderate() -> Limits:
    return preset("moderate", max_position_size=Decimal(1_000), max_order_value=Decimal(50_000)).limits


def buy(**changed: object) -> OrderShape:
    """A buy of 5 at 100 with a bracket of 97 and 106: nothing of `moderate` is broken at 100,000 USD."""
    given: dict[str, object] = {
        "action": Action.BUY,
        "instrument": "btc-usd",
        "quantity": Decimal(5),
        "price": Decimal(100),
        "stop": Decimal(97),
        "target": Decimal(106),
        "atr": Decimal(2),
    }
    return OrderShape(**{**given, **changed})


def account(**changed: object) -> AccountFigures:
    return AccountFigures(**{"equity": Decimal(100_000), **changed})


def bar(close: Decimal, *, high: Decimal | None = None, low: Decimal | None = None) -> Bar:
    return Bar(
        open=close,
        high=close if high is None else high,
        low=close if low is None else low,
        close=close,
        volume=Decimal(1),
        period_ms=60_000,
    )
