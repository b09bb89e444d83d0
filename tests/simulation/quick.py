"""Pure functions that restarts ask the same thing a thousand times are remembered while a simulation runs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import kernel.state.grants
import ledger.envelope
import ledger.keys
import ledger.registry
import schemas.wire
import topologies.grants
import topologies.selector.directory
from ledger.strict import verify
from rules.contract_json import parse
from schemas.codec import decode
from schemas.models import Envelope, RegistryDocument

KEPT = 20_000
_verify = functools.lru_cache(maxsize=KEPT)(verify)
_parse = functools.lru_cache(maxsize=100)(parse)
_known = functools.lru_cache(maxsize=KEPT)(decode)
_digest_of = functools.lru_cache(maxsize=KEPT)(ledger.registry.digest_of)
_point = functools.lru_cache(maxsize=KEPT)(ledger.keys.crypto_core_ed25519_is_valid_point)
_json_of = functools.lru_cache(maxsize=KEPT)(ledger.registry._json_of)


def _decode(cls: type[Any], data: bytes) -> Any:
    return _known(cls, data) if cls in (Envelope, RegistryDocument) else decode(cls, data)


PLACES: tuple[tuple[Any, str, Callable[..., Any]], ...] = (
    (ledger.envelope, "verify", _verify),
    (ledger.envelope, "decode", _decode),
    (schemas.wire, "decode", _decode),
    (topologies.grants, "decode", _decode),
    (topologies.grants, "parse", _parse),
    (topologies.selector.directory, "parse", _parse),
    (kernel.state.grants, "parse", _parse),
    (ledger.registry, "digest_of", _digest_of),
    (ledger.keys, "crypto_core_ed25519_is_valid_point", _point),
    (ledger.registry, "_json_of", _json_of),
)


@contextmanager
def remembering() -> Iterator[None]:
    """Each of them answers from memory inside; every one is a function of immutable arguments."""
    before = [(module, name, getattr(module, name)) for module, name, _ in PLACES]
    for module, name, quick in PLACES:
        setattr(module, name, quick)
    try:
        yield
    finally:
        for module, name, function in before:
            setattr(module, name, function)
