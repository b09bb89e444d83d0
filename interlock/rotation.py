"""A key gives its place to another: enrolled first, then laid where the process reads it; revoked last.

In that order nothing is ever signed by a key that does not hold yet. The old secret is kept beside the new
under a number: what it signed stays provable, and until it is revoked a process that runs goes on.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from interlock.context import Context
from interlock.operators import signer_of
from ledger.keys import Key, KeyDocument, enroller
from ledger.signing import Signer
from schemas.kinds import Role
from transport.card import key_path, seed, write_seed

ENROLLED = "1"
ROTATIONS_MAX = 1_000
Enrol = Callable[[Context, KeyDocument, bytes, str], int]


class NotRotated(ValueError):
    """A name whose key cannot be exchanged; args[0] says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """old: as it was enrolled; new: what signs from the next start on.

    seq: from where on the new one holds; None when an earlier try had enrolled it already.
    """

    old: Key
    new: Signer
    seq: int | None

    @property
    def revocation(self) -> KeyDocument:
        """What ends the old key."""
        old = self.old
        return KeyDocument(public=old.public, role=old.role, bound=old.bound, revoked=True)


def rotated(there: Context, name: str, enrol: Enrol) -> Rotated:
    """Draw, enrol and lay down a new key for a name. Raises NotRotated; nothing is changed then.

    A draw whose enrolment never got through is taken up again.
    """
    state = there.running.root
    old = there.registry().keys.keys.get(signer_of(there, name).keyid)
    if old is None or old.revoked_seq is not None:
        raise NotRotated(f"the key of {name} is not in force")
    if enroller(old.role) is not Role.REGISTRY:
        raise NotRotated(f"a {old.role.name} key is the ledger's own: a new one is a new ledger")
    waiting = f"{name}.next"
    if not key_path(state, there.name, waiting).exists():
        write_seed(state, there.name, waiting, os.urandom(32))
    new = Signer(seed(state, there.name, waiting))
    seq = None
    if new.keyid not in there.registry().keys.keys:
        document = KeyDocument(public=new.public, role=old.role, bound=old.bound)
        seq = enrol(there, document, new.keyid, ENROLLED)
    exchange(state, there.name, name)
    return Rotated(old=old, new=new, seq=seq)


def exchange(state: Path, ledger: str, name: str) -> Path:
    """Lay the waiting seed where the process reads it, the old one beside it; where the old one lies now.

    First the old one gets its second name, then the new one takes its place in one step: a power cut leaves
    a key under the name at any time.
    """
    place = key_path(state, ledger, name)
    number = next(n for n in range(1, ROTATIONS_MAX) if not key_path(state, ledger, f"{name}.{n}").exists())
    kept = key_path(state, ledger, f"{name}.{number}")
    os.link(place, kept)
    key_path(state, ledger, f"{name}.next").replace(place)
    return kept
