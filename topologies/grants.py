"""What has been granted, as the roads read it: the registry folded by topic offset, contracts parsed once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from agents.opinions import Terms
from ledger.registry import Registry, RegistryRefused
from rules.config_error import ConfigError
from rules.contract import Contract
from rules.contract_json import parse
from schemas.codec import Unreadable, decode
from schemas.kinds import Role
from schemas.models import DocumentKind, Envelope
from schemas.wire import PREFIX, SchemaIds
from transport.log import Record


class Grants:
    """Keys, schema ids, contracts and instrument terms. What is not taken the kernel writes down, not we."""

    def __init__(self, root_public: bytes) -> None:
        self.registry = Registry(root_public)
        self._contracts: dict[bytes, Contract] = {}
        self._terms: dict[str, Terms] = {}

    @property
    def ids(self) -> SchemaIds:
        """The schema ids released so far."""
        return self.registry.schema_ids

    @property
    def terms(self) -> Mapping[str, Terms]:
        """How each registered instrument is traded."""
        return self._terms

    def fold(self, record: Record) -> bool:
        """Take one record of topic ``registry``; False for one that is repeated or unsound, and left."""
        value, seq = record.value, record.offset + 1
        if seq <= self.registry.seq or value is None or len(value) < PREFIX.size or value[0] != 0:
            return False
        try:  # the topic holds one type, whose id only its own records could teach
            return self.take(seq, decode(Envelope, value[PREFIX.size :]))
        except Unreadable:
            return False

    def take(self, seq: int, envelope: Envelope) -> bool:
        """Take a signed document at ``seq``, of the topic or of a ledger; False for one that is unsound."""
        try:
            document = self.registry.fold(seq, envelope)
        except RegistryRefused:
            return False
        if document.kind is DocumentKind.INSTRUMENT:
            terms = read_terms(document.body)
            if terms is not None:
                self._terms[document.id] = terms
        return True

    def contract(self, digest: bytes) -> Contract | None:
        """The contract a flow names by H_contract; None while it has not been read, or when it is none."""
        found = self._contracts.get(digest)
        granted = self.registry.by_digest(digest)
        if found is None and granted is not None and granted.document.kind is DocumentKind.CONTRACT:
            try:
                found = self._contracts[digest] = parse(granted.document.body)
            except ConfigError:
                return None
        return found

    def version(self, agent_id: str, version: str) -> Contract | None:
        """One version of an agent's contract; None while it has not been read."""
        granted = self.registry.granted(DocumentKind.CONTRACT, agent_id, version)
        return None if granted is None else self.contract(granted.digest)

    def in_force(self, agent_id: str) -> bytes | None:
        """H_contract of the agent's newest released version; None when there is none."""
        granted = self.registry.granted(DocumentKind.CONTRACT, agent_id)
        return None if granted is None else granted.digest

    def public(self, keyid: bytes, role: Role, bound: str | None = None) -> bytes | None:
        """The public key of ``keyid`` if it holds ``role`` now, for ``bound`` where one is asked for."""
        key = self.registry.keys.valid(keyid, role, self.registry.seq)
        if key is None or (bound is not None and bound not in key.bound):
            return None
        return key.public


def read_terms(body: bytes) -> Terms | None:
    """The terms in an INSTRUMENT document, or None when a step is no positive amount."""
    try:
        found = json.loads(body)
        steps = [Decimal(str(found[name])) for name in ("tick", "lot", "min_order")]
    except (ValueError, KeyError, TypeError, InvalidOperation, RecursionError):
        return None
    if not all(step.is_finite() and step > 0 for step in steps):
        return None
    return Terms(tick=steps[0], lot=steps[1], min_order=steps[2])
