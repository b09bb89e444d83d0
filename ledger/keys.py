"""Who may sign what, and from which entry on: a history of keys by ledger sequence.

A key has one role for ever. ROOT enrols REGISTRY, REGISTRY enrols all others; nobody enrols himself. A KEY
entry holds from its own sequence, a revocation likewise, so what was signed before stays signed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from nacl.bindings import crypto_core_ed25519_is_valid_point

from ledger.strict import PUBLIC_BYTES, keyid
from schemas.kind_table import Role

KEYS_MAX, BOUND_MAX = 65_536, 256


# Why a KEY document is not admitted.
KeyFault = StrEnum("KeyFault", {
    "UNREADABLE": "KEY_UNREADABLE", "WEAK": "KEY_WEAK", "ENROLLER_NOT_VALID": "ENROLLER_NOT_VALID",
    "ALREADY_ENROLLED": "KEY_ALREADY_ENROLLED", "NOT_ENROLLED": "KEY_NOT_ENROLLED",
    "ROLE_CHANGED": "KEY_ROLE_CHANGED", "TOO_MANY": "KEY_TOO_MANY",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDocument:
    """The body of a registry document of kind KEY; its document id is the key id in hex.

    bound: the agent or attestor id, or a principal's accounts; empty for a role that is bound to nothing.
    """

    public: bytes
    role: Role
    bound: tuple[str, ...] = ()
    revoked: bool = False

    def body(self) -> bytes:
        """Return the RFC 8785 JSON that is signed; ids are ASCII, so sorted compact JSON is that form."""
        members = {"bound": self.bound, "public": self.public.hex(), "revoked": self.revoked}
        return json.dumps(members | {"role": self.role.name}, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An enrolled key; sequences are those of its KEY entries."""

    keyid: bytes
    public: bytes
    role: Role
    bound: tuple[str, ...]
    valid_from_seq: int
    revoked_seq: int | None = None

    def valid_at(self, seq: int) -> bool:
        """Say whether the key holds at a sequence: from its entry on, up to before its revocation."""
        return self.valid_from_seq <= seq and (self.revoked_seq is None or seq < self.revoked_seq)


def read_key_document(body: bytes) -> KeyDocument | KeyFault:
    """Read the JSON of a KEY document; any other spelling or member is UNREADABLE."""
    try:
        read = json.loads(body)
        public, revoked = bytes.fromhex(read["public"]), read["revoked"]
        bound = tuple(map(str, read["bound"]))
        document = KeyDocument(public=public, role=Role[read["role"]], bound=bound, revoked=revoked)
    except (ValueError, KeyError, TypeError, RecursionError):
        return KeyFault.UNREADABLE
    sorted_once = list(bound) == sorted({e for e in bound if e.isascii() and 0 < len(e) <= 64})[:BOUND_MAX]
    own = isinstance(revoked, bool) and document.role is not Role.ROOT and len(public) == PUBLIC_BYTES
    return document if sorted_once and own and document.body() == body else KeyFault.UNREADABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """All keys a ledger has enrolled so far. Admitting returns a new ring; the old stays true of its time."""

    keys: Mapping[bytes, Key] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of_root(cls, public: bytes) -> "KeyRing":
        """Return the ring of a GENESIS: its root key alone, valid before the first document of all."""
        root = Key(keyid=keyid(public), public=public, role=Role.ROOT, bound=(), valid_from_seq=-1)
        return cls(keys=MappingProxyType({root.keyid: root}))

    def valid(self, keyid: bytes, role: Role, seq: int) -> Key | None:
        """Return the key if it holds that role at that sequence, else None."""
        key = self.keys.get(keyid)
        return key if key is not None and key.role is role and key.valid_at(seq) else None

    def admit(self, seq: int, document: KeyDocument, signer: bytes) -> "KeyRing | KeyFault":
        """Return the ring after a KEY entry at `seq`, whose document's signature by key id `signer` verified.

        The signer must be valid before the entry, in the one role that may enrol the document's role.
        """
        name = keyid(document.public)
        known = self.keys.get(name)
        if self.valid(signer, enroller(document.role), seq - 1) is None:
            return KeyFault.ENROLLER_NOT_VALID
        if known is not None and known.role is not document.role:
            return KeyFault.ROLE_CHANGED
        if document.revoked:
            if known is None or known.revoked_seq is not None:
                return KeyFault.NOT_ENROLLED
            return self._with(replace(known, revoked_seq=seq))
        if known is not None:
            return KeyFault.ALREADY_ENROLLED
        if len(self.keys) >= KEYS_MAX:
            return KeyFault.TOO_MANY
        if not crypto_core_ed25519_is_valid_point(document.public):
            return KeyFault.WEAK
        public, role, bound = document.public, document.role, document.bound
        return self._with(Key(keyid=name, public=public, role=role, bound=bound, valid_from_seq=seq))

    def _with(self, key: Key) -> "KeyRing":
        return KeyRing(keys=MappingProxyType({**self.keys, key.keyid: key}))


def enroller(role: Role) -> Role:
    """Return the role that may enrol (and revoke) a key of `role`; a ROOT comes with GENESIS alone."""
    return Role.ROOT if role in (Role.ROOT, Role.REGISTRY) else Role.REGISTRY
