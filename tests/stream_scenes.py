"""Contracts, snapshots and flows for tests of the stream lane; drawn from a seed where many are needed."""

import random
from dataclasses import replace
from decimal import Decimal

from agents.model.render import Scene
from agents.opinions import Case, Terms
from rules.contract import Authority, Budget, Contract, Drift, Inputs, Limits
from schemas.models import (
    AccountView,
    Action,
    Envelope,
    FlowOpened,
    FlowRecord,
    InstrumentView,
    IntentKind,
    Lane,
    Position,
    Snapshot,
    TradingState,
    Trigger,
    WindowReturn,
    WokenAgent,
)

ETH = "eth-usd"
LEDGER = bytes(range(16))
NOON = 1_504_526_400_000_000

LIMITS = Limits(
    max_position_size=Decimal(40),
    max_order_value=Decimal(5000),
    max_position_pct=Decimal("0.10"),
    max_single_trade_pct=Decimal("0.03"),
    max_leverage=Decimal(1),
    max_drawdown_pct=Decimal("0.10"),
    trailing_max_drawdown_pct=Decimal("0.10"),
    max_daily_loss_pct=Decimal("0.02"),
    consistency_rule_pct=Decimal("0.50"),
    consistency_warn_pct=Decimal("0.40"),
    max_open_positions=3,
    min_risk_reward=Decimal("1.5"),
    min_stop_atr_multiple=Decimal("1.5"),
)

CONTRACT = Contract(
    agent_id="sovereign",
    version="1.0.0",
    owner="stream-desk",
    mission="scalp momentum",
    scope="minute bars",
    role="trader",
    inputs=Inputs(signal_kinds=("BAR",), instruments=(ETH,)),
    outputs=(IntentKind.ATOM,),
    accounts=("paper-1",),
    authority=Authority.EXECUTE_LIMITED,
    topologies=(Lane.SDS,),
    allowed_instruments=(ETH,),
    allowed_actions=(Action.BUY, Action.SELL, Action.CLOSE, Action.HOLD),
    priority=2,
    limits=LIMITS,
    drift=Drift(envelope_bps=Decimal(50), max_context_age_ms=90_000, max_mark_age_ms=90_000),
    budget=Budget(
        proposals_per_window=100, window_s=3600, max_steps=1, max_model_calls=1, max_tool_calls=0,
        tokens_per_flow=64, rounds_per_flow=1,
    ),
)  # fmt: skip

TERMS = Terms(tick=Decimal("0.01"), lot=Decimal("0.001"), min_order=Decimal("0.001"))

RISING = InstrumentView(
    instrument=ETH,
    last=Decimal("320.10"),
    bid=Decimal("320.05"),
    ask=Decimal("320.11"),
    mid=Decimal("320.08"),
    spread_bps=Decimal("1.87"),
    sma=Decimal("318.00"),
    ema=Decimal("318.50"),
    rsi=Decimal("63.2"),
    atr=Decimal("1.37"),
    volatility=Decimal("0.0011"),
    drawdown=Decimal("0.02"),
    returns=(
        WindowReturn(window_s=60, value=Decimal("0.0045")),
        WindowReturn(window_s=900, value=Decimal("0.0060")),
    ),
)

FALLING = replace(
    RISING,
    sma=Decimal("324.00"),
    rsi=Decimal("24.0"),
    returns=(
        WindowReturn(window_s=60, value=Decimal("-0.0080")),
        WindowReturn(window_s=900, value=Decimal("-0.0150")),
    ),
)


SEALED = Envelope(payload_type="application/vnd.interlock.flow-opened.v1", payload=b"", signatures=())


def account(
    held: Decimal = Decimal(0), cash: Decimal = Decimal(100_000), reserved: Decimal = Decimal(0)
) -> AccountView:
    own = Position(instrument=ETH, quantity=held, reserved=reserved, total_cost=held * Decimal(320))
    return AccountView(
        account="paper-1",
        version=3,
        cash=cash,
        reserved_cash=Decimal(0),
        positions=(own,) if held else (),
        standings=(),
        trading_state=TradingState.ACTIVE,
        halted_instruments=(),
        open_intents=0,
    )


def snapshot(
    view: InstrumentView = RISING, book: AccountView | None = None, equity: Decimal = Decimal(100_000)
) -> Snapshot:
    return Snapshot(
        taken_at=NOON,
        feature_version=1,
        rules_hash=bytes(32),
        instruments=(view,),
        headlines=(),
        account=book or account(),
        account_hash=bytes(32),
        equity=equity,
        peak=equity,
        day_start=equity,
    )


def scene(contract: Contract = CONTRACT, seen: Snapshot | None = None, terms: Terms = TERMS) -> Scene:
    found = seen or snapshot()
    return Scene(
        contract=contract, limits=contract.limits, snapshot=found, view=found.instruments[0], terms=terms
    )


def flow(seen: Snapshot | None = None, instrument: str = ETH) -> FlowOpened:
    trigger = Trigger(
        topic="market.signals", partition=0, offset=17, kind="BAR", source="tape", signal_id="bar-17",
        instrument=instrument, event_time=NOON, value_hash=bytes(32),
    )  # fmt: skip
    woken = WokenAgent(
        agent_id="sovereign", version="1.0.0", contract_hash=bytes(32), veto=False, priority=2, trajectory=()
    )
    return FlowOpened(
        ledger=LEDGER,
        dfid=bytes(16),
        account="paper-1",
        decision_class="momentum",
        lane=Lane.SDS,
        attempt=1,
        steps=("act",),
        trigger=trigger,
        woken=(woken,),
        routing_hash=bytes(32),
        deadline=NOON + 30_000_000,
        flow_expires_at=NOON + 600_000_000,
        snapshot=seen or snapshot(),
    )


def case(seen: Snapshot | None = None, contract: Contract = CONTRACT, instrument: str = ETH) -> Case:
    opened = flow(seen, instrument)
    return Case(
        flow=opened,
        flow_hash=bytes(32),
        record=FlowRecord(flow=SEALED, headlines=()),
        woken=opened.woken[0],
        contract=contract,
        terms={ETH: TERMS},
    )


def drawn(draw: random.Random, low: int, high: int, places: int) -> Decimal:
    return Decimal(draw.randint(low, high)).scaleb(-places)


def drawn_contract(draw: random.Random) -> Contract:
    """A contract of any shape: tight, loose, forbidding, observing, with limits from nothing to much."""
    limits = replace(
        LIMITS,
        max_position_size=drawn(draw, 0, 90_000, 3),
        max_order_value=drawn(draw, 0, 900_000, 2),
        max_position_pct=drawn(draw, 0, 500, 3),
        max_single_trade_pct=drawn(draw, 0, 200, 3),
        max_leverage=drawn(draw, 0, 300, 2),
        max_open_positions=draw.randint(0, 3),
        min_risk_reward=drawn(draw, 5, 50, 1),
        min_stop_atr_multiple=drawn(draw, 5, 40, 1),
    )
    actions = tuple(action for action in Action if draw.random() < 0.7)
    return replace(
        CONTRACT,
        limits=limits,
        allowed_actions=actions,
        forbidden_actions=tuple(action for action in Action if draw.random() < 0.1),
        authority=draw.choice(list(Authority)),
        drift=replace(CONTRACT.drift, envelope_bps=drawn(draw, 0, 20_000, 2)),
    )


def drawn_scene(draw: random.Random, contract: Contract) -> Scene:
    """A market and an account of any shape under `contract`, prices off the grid included."""
    bid = drawn(draw, 1, 50_000_000, 4)
    ask = bid + drawn(draw, 0, 5_000, 4)
    view = replace(
        RISING, bid=bid, ask=ask, last=bid, mid=(bid + ask) / 2, atr=drawn(draw, 0, 60_000, 4), sma=bid
    )
    held = draw.choice([Decimal(0), drawn(draw, 1, 50_000, 3)])
    book = account(held, cash=drawn(draw, 0, 20_000_000, 2), reserved=held / 4)
    tick, lot = Decimal(draw.choice(["0.01", "0.05", "1"])), Decimal(draw.choice(["0.001", "1"]))
    terms = Terms(tick=tick, lot=lot, min_order=lot)
    return scene(contract, snapshot(view, book, drawn(draw, 1, 20_000_000, 2)), terms)
