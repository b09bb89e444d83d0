"""Envelopes read once: the same bytes are judged, folded and shown, so they are decoded one time."""

from __future__ import annotations

import functools
from typing import Any, TypeVar

from ledger.envelope import digest as digest_of
from ledger.envelope import opened, signed_by
from schemas.codec import Unreadable
from schemas.models import Envelope

Message = TypeVar("Message")
CACHED = 2_048  # a full batch of windows with their answers


@functools.lru_cache(maxsize=CACHED)
def _read(envelope: Envelope, cls: Any) -> Any:
    try:
        return opened(envelope, cls)
    except Unreadable:
        return None


def read(envelope: Envelope, cls: type[Message]) -> Message | None:
    """The message inside, or None when the bytes are no such message; signatures unchecked."""
    known: Any = cls
    message: Message | None = _read(envelope, known)
    return message


def surely(envelope: Envelope, cls: type[Message]) -> Message:
    """The message inside an envelope that was read before it was folded."""
    message = read(envelope, cls)
    assert message is not None, f"a folded envelope holds no {cls.__name__}"
    return message


@functools.lru_cache(maxsize=CACHED)
def verified(envelope: Envelope, public: bytes) -> bool:
    """Whether this key's signature stands on the envelope and verifies; the same bytes are asked twice."""
    return signed_by(envelope, public)


@functools.lru_cache(maxsize=CACHED)
def digest(envelope: Envelope) -> bytes:
    """SHA-256 of the PAE: the name of what was signed."""
    return digest_of(envelope)
