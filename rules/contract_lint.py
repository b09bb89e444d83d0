"""What a well-spelled contract may still not say: each fault is found before any flow meets it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rules.config_error import ConfigError
from rules.contract import Compensation, Contract
from rules.contract_document import EVIDENCE_TIERS, FEATURES
from rules.semver import version
from rules.wake import parse as parse_wake
from rules.wake_words import SIGNAL_KINDS
from schemas.models import Action, Lane
from schemas.reasons import Reason

ABORTABLE_GATES = (5, 9)  # breakers and limits: what an order can break, not who sent it
ABORTABLE = tuple(reason.name for reason in Reason if reason.gate in ABORTABLE_GATES)

UNASKED = (Action.CLOSE, Action.CANCEL, Action.HOLD, Action.HALT)
UNDOING = {Compensation.REVERT: Action.SELL, Compensation.CLOSE_ALL: Action.CLOSE}


def lint(contract: Contract) -> None:
    """Raises ConfigError on the first fault, in the order of the fields."""
    for field, fault, fix in _faults(contract):
        raise ConfigError(field, fault, fix)
    parse_wake(contract.wake)


def _faults(contract: Contract) -> Iterator[tuple[str, str, str]]:
    if version(contract.version) is None:
        yield "version", f"{contract.version!r} is no SemVer", "write MAJOR.MINOR.PATCH"
    yield from _lists(contract)
    yield from _veto(contract)
    yield from _limits(contract)
    yield from _ways_out(contract)
    if Lane.DLPCI in contract.topologies and not contract.evidence_tiers:
        # Proof that asks for no evidence is no proof.
        yield "evidence.required", "empty for the DLPCI lane", f"name tiers of {', '.join(EVIDENCE_TIERS)}"


def _lists(contract: Contract) -> Iterator[tuple[str, str, str]]:
    closed: tuple[tuple[str, Sequence[str], Sequence[str]], ...] = (
        ("inputs.signal_kinds", contract.inputs.signal_kinds, SIGNAL_KINDS),
        ("inputs.features", contract.inputs.features, FEATURES),
        ("evidence.required", contract.evidence_tiers, EVIDENCE_TIERS),
        ("abort_on_violations", contract.abort_on_violations, ABORTABLE),
    )
    for field, said, known in closed:
        for word in said:
            if word not in known:
                yield field, f"unknown resource {word!r}", f"one of {', '.join(known)}"
    sets: tuple[tuple[str, Sequence[object]], ...] = (
        *((field, said) for field, said, _ in closed),
        ("inputs.instruments", contract.inputs.instruments),
        ("outputs.policy_types", contract.outputs),
        ("accounts", contract.accounts),
        ("topologies", contract.topologies),
        ("allowed_instruments", contract.allowed_instruments),
        ("allowed_actions", contract.allowed_actions),
        ("forbidden_actions", contract.forbidden_actions),
        ("escalation.requires_human_approval", contract.escalation.requires_human_approval),
    )
    for field, items in sets:
        if len(set(items)) != len(items):
            yield field, "an item stands twice", "keep it once"


def _veto(contract: Contract) -> Iterator[tuple[str, str, str]]:
    may_halt = Action.HALT in contract.allowed_actions and Action.HALT not in contract.forbidden_actions
    if may_halt != contract.veto:
        yield "veto", "HALT and veto go together", "grant both or neither"
    if contract.veto and contract.halt_ttl_s == 0:
        yield "halt_ttl_s", "zero for a veto agent", "say for how many seconds its halt stands"
    if not contract.veto and contract.halt_ttl_s != 0:
        yield "halt_ttl_s", "a halt of an agent without veto", "write 0 or grant the veto"


def _ways_out(contract: Contract) -> Iterator[tuple[str, str, str]]:
    """Getting out waits for nobody, and what puts a failure right must be granted like any other order."""
    for action in contract.escalation.requires_human_approval:
        if action in UNASKED:
            fix = "name BUY, SELL or MANDATE; what protects waits for nobody"
            yield "escalation.requires_human_approval", f"{action.value} takes no risk", fix
    needed = UNDOING.get(contract.compensation)
    granted = set(contract.allowed_actions) - set(contract.forbidden_actions)
    if needed is not None and needed not in granted:
        fix = f"allow {needed.value}, or name ALERT_HUMAN"
        yield "compensation", f"{contract.compensation.value} without the action {needed.value}", fix


def _limits(contract: Contract) -> Iterator[tuple[str, str, str]]:
    limits = contract.limits
    if limits.max_single_trade_pct > limits.max_position_pct:
        yield "limits.max_single_trade_pct", "above max_position_pct", "one trade is at most the position"
    if limits.trailing_max_drawdown_pct > limits.max_drawdown_pct:
        yield "limits.trailing_max_drawdown_pct", "above max_drawdown_pct", "trail at most as far"
    if limits.consistency_warn_pct > limits.consistency_rule_pct:
        yield "limits.consistency_warn_pct", "above consistency_rule_pct", "warn before the rule"
    if limits.trading_cutoff is not None and not _zone_exists(limits.trading_cutoff.zone):
        yield "limits.trading_cutoff.zone", "no IANA time zone", "write for example America/New_York"


def _zone_exists(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a directory of the database is an OSError
        return False
    return True
