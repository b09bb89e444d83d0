"""Contracts across the border: YAML when written, canonical JSON when hashed and signed, dataclass within."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import cast

from pydantic import ValidationError

from rules import yaml_text
from rules.config_error import ConfigError
from rules.contract import Budget, Contract, Cutoff, Drift, Escalation, Inputs, Limits
from rules.contract_document import ContractDocument, LimitsDocument
from rules.contract_lint import lint
from schemas.canonical import jcs
from schemas.money import plain

_NESTED = {"max_attempts": ("retry", "max_attempts"), "evidence_tiers": ("evidence", "required")}
_UNSAID = {"terminate_on_max_loss": False, "two_persons_above_usd": None}
"""Fields younger than the first grants: at their default they are not written, so old hashes stand."""
_FIXES = {
    "extra_forbidden": "remove it or correct its spelling",
    "missing": "write it: what is absent is not guessed",
}


def parse(body: bytes) -> Contract:
    """The contract that canonical bytes hold (`canonical` gives them back unchanged).

    Raises ConfigError, naming field and fix, on unknown or missing fields, amounts that are no plain text,
    ill-configured limits, and bytes that are not their own canonical form.
    """
    contract = _contract(body)
    if canonical(contract) != body:
        # Two spellings of one grant would have two hashes.
        raise ConfigError(
            "document", "not its own canonical JSON", "write it with rules.contract_json.canonical"
        )
    return contract


def from_yaml(text: str) -> Contract:
    """The contract a YAML text holds. Raises ConfigError as `parse` does."""
    return from_json(json.dumps(yaml_text.load(text)).encode())


def from_json(body: bytes) -> Contract:
    """The contract a JSON text holds, canonical or not. Raises ConfigError as `parse` does."""
    return _contract(body)


def canonical(contract: Contract) -> bytes:
    """RFC 8785 bytes, every field spelled out but the unsaid ones, decimals as shortest plain text.

    H_contract is over these bytes.
    """
    return jcs(_plain(contract))


def _contract(body: bytes) -> Contract:
    if len(body) > yaml_text.BYTES_MAX:
        raise ConfigError("document", f"more than {yaml_text.BYTES_MAX} bytes", "shorten it")
    try:
        document = ContractDocument.model_validate_json(body)
    except ValidationError as error:
        raise _told(error) from None
    contract = _from_document(document)
    lint(contract)
    return contract


def _told(error: ValidationError) -> ConfigError:
    """The fault to mend first: a key that no contract has, for a misspelt one makes its own field missing."""
    found = error.errors(include_url=False, include_context=False)
    first = next((each for each in found if each["type"] == "extra_forbidden"), found[0])
    field = ".".join(str(part) for part in first["loc"]) or "document"
    fix = _FIXES.get(first["type"], "see agents/contracts/")
    if first["type"] == "extra_forbidden":
        missing = [str(each["loc"][-1]) for each in found if each["type"] == "missing" and each["loc"]]
        near = get_close_matches(str(first["loc"][-1]), missing, n=1)
        fix = f"did you mean {near[0]}? {fix}" if near else fix
    return ConfigError(field, first["msg"], fix)


def _from_document(document: ContractDocument) -> Contract:
    taken = {name: getattr(document, name) for name in ContractDocument.model_fields}
    del taken["retry"], taken["evidence"]
    return Contract(
        **{
            **taken,
            "inputs": Inputs(**document.inputs.model_dump()),
            "outputs": document.outputs.policy_types,
            "limits": _limits(document.limits),
            "drift": Drift(**document.drift.model_dump()),
            "max_attempts": document.retry.max_attempts,
            "budget": Budget(**document.budget.model_dump()),
            "escalation": Escalation(**document.escalation.model_dump()),
            "evidence_tiers": document.evidence.required,
        }
    )


def _limits(document: LimitsDocument) -> Limits:
    figures = document.model_dump(exclude={"trading_cutoff"})
    cutoff = document.trading_cutoff
    return Limits(**figures, trading_cutoff=Cutoff(**cutoff.model_dump()) if cutoff else None)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Contract):
        tree = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        tree["outputs"] = {"policy_types": tree["outputs"]}
        for name, (group, inner) in _NESTED.items():
            tree[group] = {inner: tree.pop(name)}
        return _said(tree)
    if is_dataclass(value):
        return _said({field.name: _plain(getattr(value, field.name)) for field in fields(value)})
    return cast(str | int | bool | None, value)


def _said(tree: dict[str, object]) -> dict[str, object]:
    return {name: item for name, item in tree.items() if name not in _UNSAID or item != _UNSAID[name]}
