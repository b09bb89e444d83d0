"""What has been granted: the signed documents of the topic ``registry``, folded in order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from ledger.envelope import opened, signed_by
from ledger.hashes import contract_hash, rules_hash, tagged
from ledger.keys import KeyFault, KeyRing, read_key_document
from schemas.codec import Unreadable
from schemas.kinds import Role
from schemas.models import DocumentKind, Envelope, RegistryDocument
from schemas.wire import SchemaIds

DOCUMENTS_MAX = 16_384  # released by people; beyond this a new ledger is the right answer
SHA256 = re.compile("[0-9a-f]{64}")
ID_MAX = (1 << 32) - 1  # four bytes in front of every value


class RegistryFault(IntEnum):
    """Why a registry document was not folded."""

    UNREADABLE = 1
    NOT_SIGNED = 2
    SERIAL_NOT_GREATER = 3
    VERSION_TAKEN = 4
    KEY_REFUSED = 5
    TOO_MANY = 6


class RegistryRefused(ValueError):
    """A document the registry does not take; ``fault`` says why."""

    def __init__(self, fault: RegistryFault, detail: str) -> None:
        super().__init__(f"{fault.name}: {detail}")
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """One document in force from ``seq`` on; ``digest`` is the hash its kind is named by."""

    seq: int
    document: RegistryDocument
    digest: bytes
    envelope: Envelope


def digest_of(document: RegistryDocument) -> bytes:
    """The hash by which flows name a document: H_contract, H_rules, or the tagged hash of its kind."""
    match document.kind:
        case DocumentKind.CONTRACT:
            return contract_hash(document.body)
        case DocumentKind.RULES:
            return rules_hash(document.body)
        case _:
            return tagged(f"interlock/1/{document.kind.value.lower()}", document.body)


class Registry:
    """Keys, schema ids and versioned documents as they stand after the last folded sequence.

    ``seq`` is the ledger's sequence in the kernel and the topic's offset elsewhere: it only has to grow.
    """

    def __init__(self, root_public: bytes) -> None:
        self.keys = KeyRing.of_root(root_public)
        self.schema_ids = SchemaIds(ids={})
        self.seq = 0
        self._granted: dict[tuple[DocumentKind, str], list[Granted]] = {}
        self._by_digest: dict[bytes, Granted] = {}
        self._serials: dict[bytes, int] = {}
        self._count = 0

    def fold(self, seq: int, envelope: Envelope) -> RegistryDocument:
        """Take a signed document at ``seq``. Raises RegistryRefused and leaves everything as it was."""
        try:
            document = opened(envelope, RegistryDocument)
        except Unreadable as error:
            raise RegistryRefused(RegistryFault.UNREADABLE, str(error)) from None
        self.seq = max(self.seq, seq)
        signer = self._signer(seq, document, envelope)
        if document.serial <= self._serials.get(signer, -1):
            raise RegistryRefused(RegistryFault.SERIAL_NOT_GREATER, f"serial {document.serial} was used")
        if self._count >= DOCUMENTS_MAX:
            raise RegistryRefused(RegistryFault.TOO_MANY, f"{DOCUMENTS_MAX} documents")
        if self.granted(document.kind, document.id, document.version) is not None:
            raise RegistryRefused(
                RegistryFault.VERSION_TAKEN,
                f"{document.kind} {document.id} {document.version} is released: raise the version",
            )
        self._take(seq, document, signer, envelope)
        return document

    def _signer(self, seq: int, document: RegistryDocument, envelope: Envelope) -> bytes:
        if len(envelope.signatures) == 1:
            keyid = envelope.signatures[0].keyid
            for role in (Role.REGISTRY, Role.ROOT):
                key = self.keys.valid(keyid, role, max(seq - 1, 0))
                if key is not None and signed_by(envelope, key.public):
                    if role is Role.ROOT and document.kind is not DocumentKind.KEY:
                        break
                    return keyid
        raise RegistryRefused(
            RegistryFault.NOT_SIGNED,
            f"{document.kind} {document.id}: no signature of a registry key in force",
        )

    def _take(self, seq: int, document: RegistryDocument, signer: bytes, envelope: Envelope) -> None:
        match document.kind:
            case DocumentKind.KEY:
                self._admit(seq, document, signer)
            case DocumentKind.SCHEMA:
                self._release(document)
            case _:
                _json_of(document)
        granted = Granted(seq=seq, document=document, digest=digest_of(document), envelope=envelope)
        self._granted.setdefault((document.kind, document.id), []).append(granted)
        self._by_digest[granted.digest] = granted
        self._serials[signer] = document.serial
        self._count += 1

    def _admit(self, seq: int, document: RegistryDocument, signer: bytes) -> None:
        key = read_key_document(document.body)
        ring = key if isinstance(key, KeyFault) else self.keys.admit(seq, key, signer)
        if isinstance(ring, KeyFault):
            raise RegistryRefused(RegistryFault.KEY_REFUSED, f"{document.id}: {ring}")
        self.keys = ring

    def _release(self, document: RegistryDocument) -> None:
        body = _json_of(document)
        number, digest = body.get("registry_id"), body.get("sha256")
        named = type(number) is int and 0 <= number <= ID_MAX
        if not named or not isinstance(digest, str) or SHA256.fullmatch(digest) is None:
            raise RegistryRefused(RegistryFault.UNREADABLE, f"SCHEMA {document.id}: registry_id and sha256")
        assert isinstance(number, int)
        if self.schema_ids.ids.get(number, bytes.fromhex(digest)) != bytes.fromhex(digest):
            # Records that stand on topics would mean something else, and this ledger could not write its own.
            raise RegistryRefused(RegistryFault.VERSION_TAKEN, f"schema id {number} is another schema's")
        self.schema_ids = SchemaIds(ids={**self.schema_ids.ids, number: bytes.fromhex(digest)})

    def granted(self, kind: DocumentKind, id_: str, version: str | None = None) -> Granted | None:
        """One version of a document, or the newest; None when there is none."""
        versions = self._granted.get((kind, id_), [])
        if version is None:
            return versions[-1] if versions else None
        return next((each for each in versions if each.document.version == version), None)

    def body(self, kind: DocumentKind, id_: str, version: str | None = None) -> bytes | None:
        """The canonical JSON of a document, or None."""
        found = self.granted(kind, id_, version)
        return None if found is None else found.document.body

    def by_digest(self, digest: bytes) -> Granted | None:
        """The document a flow names by its hash, or None while it has not been read."""
        return self._by_digest.get(digest)

    def ids(self, kind: DocumentKind) -> list[str]:
        """Every id of a kind, sorted."""
        return sorted(id_ for found, id_ in self._granted if found is kind)

    def contract_versions(self, agent_id: str) -> list[str]:
        """Released contract versions of an agent, in order of release."""
        return [each.document.version for each in self._granted.get((DocumentKind.CONTRACT, agent_id), [])]

    def all(self) -> Iterator[Granted]:
        """Every folded document in order: what a snapshot of this registry is made of."""
        everything = (each for versions in self._granted.values() for each in versions)
        return iter(sorted(everything, key=lambda each: each.seq))


def refold(root_public: bytes, documents: Iterable[tuple[int, Envelope]]) -> Registry:
    """The registry that folding ``documents`` gives. Raises RegistryRefused on one that never was folded."""
    registry = Registry(root_public)
    for seq, envelope in documents:
        registry.fold(seq, envelope)
    return registry


def _json_of(document: RegistryDocument) -> dict[str, object]:
    try:
        body = json.loads(document.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise RegistryRefused(
            RegistryFault.UNREADABLE, f"{document.kind} {document.id}: its body is no JSON object"
        )
    return body
