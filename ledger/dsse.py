"""What is signed is type and payload together, framed so that neither can flow into the other (DSSE v1)."""

from functools import cache
from hashlib import sha256

TYPE_PREFIX = "application/vnd.interlock."
SIGNATURES_MAX = 8


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding `DSSEv1 SP len(type) SP type SP len(payload) SP payload`."""
    name = payload_type.encode("utf-8")
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def pae_digest(payload_type: str, payload: bytes) -> bytes:
    """Return SHA-256 of the PAE: the name of a signed body for idempotency, attestors and ledger."""
    return sha256(pae(payload_type, payload)).digest()


@cache
def payload_type_of(message_name: str) -> str:
    """Return the one payload type of a message: FlowOpened → application/vnd.interlock.flow-opened.v1."""
    kebab = "".join(f"-{each.lower()}" if each.isupper() else each for each in message_name).lstrip("-")
    return f"{TYPE_PREFIX}{kebab}.v1"
