"""Whose command it is: the one key in force behind an act."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.state.whole import State
from ledger.envelope import signed_by, well_formed
from ledger.keys import Key
from schemas.kinds import Role
from schemas.models import Envelope
from schemas.reasons import ControlReason


def signer_of(state: State, envelope: Envelope, roles: Iterable[Role], seq: int) -> Key | ControlReason:
    """The key that signed, or KEY_NOT_VALID / BAD_SIGNATURE."""
    if not well_formed(envelope) or len(envelope.signatures) != 1:
        return ControlReason.KEY_NOT_VALID
    name = envelope.signatures[0].keyid
    key = next((found for role in roles if (found := state.registry.keys.valid(name, role, seq))), None)
    if key is None:
        return ControlReason.KEY_NOT_VALID
    return key if signed_by(envelope, key.public) else ControlReason.BAD_SIGNATURE
