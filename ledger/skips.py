"""Records that an operator signed away: the one lawful way past a record that stops a process."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ledger.envelope import opened, signed_by
from ledger.registry import Registry, RegistryRefused
from schemas.codec import Unreadable
from schemas.kinds import Role
from schemas.models import Control, Envelope, Verb
from schemas.wire import Refused, SchemaIds, unframed

Place = tuple[str, int, int]  # base topic, partition, offset
SKIPS_MAX = 1_000  # the newest; older ones lie behind every process that was stopped at them


def skipped(values: Iterable[bytes | None], registry: Registry, ledger: bytes) -> frozenset[Place]:
    """The places that records of topic ``control`` name in skips an operator of this ledger has signed.

    values: record values in order; registry: with the operators' keys; ledger: its 16-byte id. What is no
    valid skip is the kernel's to fold or to refuse. A skip that stands there twice is one skip, so that
    serials need not be compared.
    """
    found: dict[Place, None] = {}
    for value in values:
        place = _place(value, registry, ledger)
        if place is not None:
            found[place] = None
    return frozenset(list(found)[-SKIPS_MAX:])


def judge(
    root_public: bytes, ledger: bytes
) -> Callable[
    [Iterable[tuple[int, bytes | None]], Iterable[bytes | None]], tuple[frozenset[Place], SchemaIds]
]:
    """How the skips of one ledger are found in its registry and control topics, with the ids to name them."""

    def found(
        documents: Iterable[tuple[int, bytes | None]], commands: Iterable[bytes | None]
    ) -> tuple[frozenset[Place], SchemaIds]:
        registry = granted_by(root_public, documents)
        return skipped(commands, registry, ledger), registry.schema_ids

    return found


def granted_by(root_public: bytes, documents: Iterable[tuple[int, bytes | None]]) -> Registry:
    """The registry that (offset, value) records of topic ``registry`` make; unsound ones are left out."""
    registry = Registry(root_public)
    for offset, value in documents:
        try:
            registry.fold(offset + 1, unframed(Envelope, value))
        except (Refused, RegistryRefused):
            continue
    return registry


def _place(value: bytes | None, registry: Registry, ledger: bytes) -> Place | None:
    try:
        envelope = unframed(Envelope, value)
        control = opened(envelope, Control)
    except (Refused, Unreadable):
        return None
    if control.verb is not Verb.SKIP or control.ledger != ledger or len(envelope.signatures) != 1:
        return None
    if control.topic is None or control.partition is None or control.offset is None:
        return None
    key = registry.keys.valid(envelope.signatures[0].keyid, Role.OPERATOR, registry.seq)
    if key is None or not signed_by(envelope, key.public):
        return None
    return control.topic, control.partition, control.offset
