"""What the registry's documents mean: contracts and instrument terms, read once and strictly."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal

from ledger.registry import Registry
from rules.config_error import ConfigError
from rules.contract import Contract
from rules.contract_json import parse
from schemas.models import DocumentKind, RegistryDocument
from schemas.money import CONTEXT, unscaled


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A contract as it was signed; digest is H_contract."""

    contract: Contract
    digest: bytes
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How an instrument is traded: price step and quantity step, both above zero."""

    tick: Decimal
    lot: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LossRule:
    """An agent is latched on an account whose equity is at or below ``keep`` × what was paid in."""

    agent_id: str
    keep: Decimal
    terminates: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LossRules:
    """The rules of one account by agent; keep_max: above it nothing need be asked."""

    rules: tuple[LossRule, ...] = ()
    keep_max: Decimal = Decimal(-1)


NO_RULES = LossRules()


@dataclass(slots=True, kw_only=True)
class Grants:
    """Parsed documents by name; a cache over the registry, never more than it holds."""

    registry: Registry
    _contracts: dict[tuple[str, str], Grant] = field(default_factory=dict)
    _terms: dict[str, tuple[int, Terms]] = field(default_factory=dict)
    _losses: dict[str, LossRules] = field(default_factory=dict)
    _losses_at: int = -1

    def contract(self, agent_id: str, version: str) -> Grant | None:
        """One version of an agent's contract, or None when the registry never took it."""
        known = self._contracts.get((agent_id, version))
        if known is None:
            granted = self.registry.granted(DocumentKind.CONTRACT, agent_id, version)
            if granted is None:
                return None
            contract = parse(granted.document.body)
            known = Grant(contract=contract, digest=granted.digest, seq=granted.seq)
            self._contracts[(agent_id, version)] = known
        return known

    def terms(self, instrument: str) -> Terms | None:
        """The newest terms of an instrument, or None when it was never registered."""
        granted = self.registry.granted(DocumentKind.INSTRUMENT, instrument)
        if granted is None:
            return None
        seq, terms = self._terms.get(instrument, (-1, None))
        if terms is None or seq != granted.seq:
            terms = read_terms(granted.document.body)
            assert terms is not None, "unsound terms were refused when they came"
            self._terms[instrument] = (granted.seq, terms)
        return terms

    def losses_on(self, account: str) -> LossRules:
        """What every agent's newest contract for the account says of its max loss."""
        if self._losses_at != self.registry.seq:
            self._losses, self._losses_at = self._read_losses(), self.registry.seq
        return self._losses.get(account, NO_RULES)

    def _read_losses(self) -> dict[str, LossRules]:
        found: dict[str, list[LossRule]] = {}
        for agent_id in self.registry.ids(DocumentKind.CONTRACT):
            newest = self.contract(agent_id, self.registry.contract_versions(agent_id)[-1])
            assert newest is not None
            keep = CONTEXT.subtract(Decimal(1), newest.contract.limits.max_drawdown_pct)
            terminates = newest.contract.terminate_on_max_loss
            for account in newest.contract.accounts:
                rule = LossRule(agent_id=agent_id, keep=keep, terminates=terminates)
                found.setdefault(account, []).append(rule)
        return {
            account: LossRules(rules=tuple(rules), keep_max=max(rule.keep for rule in rules))
            for account, rules in found.items()
        }


def read_terms(body: bytes) -> Terms | None:
    """The terms an INSTRUMENT document holds, or None when they are no terms a price could be rounded by."""
    try:
        found = json.loads(body)
        terms = Terms(tick=Decimal(str(found["tick"])), lot=Decimal(str(found["lot"])))
        exact = all(unscaled(step) > 0 for step in (terms.tick, terms.lot))
    except (ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
        return None
    return terms if exact else None


def sound(document: RegistryDocument) -> bool:
    """Say whether the law can live with the document: one that means nothing is refused when it comes."""
    match document.kind:
        case DocumentKind.CONTRACT:
            try:
                contract = parse(document.body)
            except ConfigError:
                return False
            return (contract.agent_id, contract.version) == (document.id, document.version)
        case DocumentKind.INSTRUMENT:
            return read_terms(document.body) is not None
        case _:
            return True
