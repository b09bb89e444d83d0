"""Whose command it is: the keys in force behind an act."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.state.whole import State
from ledger.envelope import signed_by, well_formed
from ledger.keys import Key
from schemas.kinds import Role
from schemas.models import Envelope
from schemas.reasons import ControlReason


def signer_of(state: State, envelope: Envelope, roles: Iterable[Role], seq: int) -> Key | ControlReason:
    """The one key that signed, or KEY_NOT_VALID / BAD_SIGNATURE."""
    if len(envelope.signatures) != 1:
        return ControlReason.KEY_NOT_VALID
    keys = signers_of(state, envelope, roles, seq)
    return keys if isinstance(keys, ControlReason) else keys[0]


def signers_of(
    state: State, envelope: Envelope, roles: Iterable[Role], seq: int
) -> tuple[Key, ...] | ControlReason:
    """The distinct keys that signed, by key id: every one of them in force and every signature good."""
    if not well_formed(envelope):
        return ControlReason.KEY_NOT_VALID
    held, wanted = state.registry.keys, tuple(roles)
    keys: list[Key] = []
    for signature in envelope.signatures:
        key = next((found for role in wanted if (found := held.valid(signature.keyid, role, seq))), None)
        if key is None:
            return ControlReason.KEY_NOT_VALID
        keys.append(key)
    good = all(signed_by(envelope, key.public) for key in keys)
    return tuple(keys) if good else ControlReason.BAD_SIGNATURE
