"""A signed message: its bytes, bound to the shape they were written in and to what they are for (DSSE).

A signature that does not bind the schema lets the same bytes mean two things, so the payload is the schema's
hash followed by the Avro body, and a message is read back from exactly the bytes that were verified.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, TypeVar

from ledger.dsse import SIGNATURES_MAX, pae, pae_digest, payload_type_of
from ledger.signing import Signer, keyid, verify
from schemas import models
from schemas.codec import Unreadable, decode, encode, schema_hash
from schemas.models import Envelope, Signature

Message = TypeVar("Message")

SIGNED: tuple[type[Any], ...] = (
    models.FlowOpened,
    models.Intent,
    models.Report,
    models.WindowRecord,
    models.Attestation,
    models.Receipt,
    models.KernelIntent,
    models.Control,
    models.HumanDecision,
    models.Instruction,
    models.Manifest,
    models.RegistryDocument,
    models.EvidencePolicy,
)
PAYLOAD_TYPES: dict[type[Any], str] = {cls: payload_type_of(cls.__name__) for cls in SIGNED}


def payload_of(message: object) -> bytes:
    """Return schema hash (32 bytes) ‖ Avro body."""
    return schema_hash(type(message)) + encode(message)


def seal(message: object, signer: Signer, *, payload_type: str | None = None) -> Envelope:
    """Sign a message. `payload_type` is its class's own unless a test wants a wrong one.

    Raises KeyError for a class that is never signed, NotExact for an amount its schema cannot hold.
    """
    kind = PAYLOAD_TYPES[type(message)] if payload_type is None else payload_type
    return sealed(kind, payload_of(message), signer)


def sealed(payload_type: str, payload: bytes, signer: Signer) -> Envelope:
    """Sign bytes that are a payload already; for a signer process that holds the key and little else."""
    signature = Signature(keyid=signer.keyid, sig=signer.sign(pae(payload_type, payload)))
    return Envelope(payload_type=payload_type, payload=payload, signatures=(signature,))


def cosign(envelope: Envelope, signer: Signer) -> Envelope:
    """Return the envelope with one more signature, sorted by key id; the same key's is replaced."""
    others = [each for each in envelope.signatures if each.keyid != signer.keyid]
    own = Signature(keyid=signer.keyid, sig=signer.sign(pae(envelope.payload_type, envelope.payload)))
    ordered = tuple(sorted([*others, own], key=lambda each: each.keyid))
    return Envelope(payload_type=envelope.payload_type, payload=envelope.payload, signatures=ordered)


def digest(envelope: Envelope) -> bytes:
    """Return SHA-256 of the PAE: the body's name for idempotency, attestors and ledger, whoever signed it."""
    return pae_digest(envelope.payload_type, envelope.payload)


def opened(envelope: Envelope, cls: type[Message]) -> Message:
    """Return the message of class `cls` inside, signatures unchecked.

    Raises Unreadable on another payload type, another schema, or bytes that are no such message.
    """
    wanted = PAYLOAD_TYPES[cls]
    if envelope.payload_type != wanted:
        raise Unreadable(f"an envelope of type {envelope.payload_type[:80]!r} where {wanted} belongs")
    if envelope.payload[:32] != schema_hash(cls):
        raise Unreadable(f"{cls.__name__}: written with schema {envelope.payload[:32].hex()}")
    return decode(cls, envelope.payload[32:])


def well_formed(envelope: Envelope) -> bool:
    """Say whether the signatures stand sorted by key id, unique, at least one and not too many."""
    names = [each.keyid for each in envelope.signatures]
    return 0 < len(names) <= SIGNATURES_MAX and all(a < b for a, b in pairwise(names))


def signed_by(envelope: Envelope, public: bytes) -> bool:
    """Say whether this key's signature stands on the envelope and verifies."""
    name = keyid(public)
    signature = next((each.sig for each in envelope.signatures if each.keyid == name), None)
    return signature is not None and verify(public, pae(envelope.payload_type, envelope.payload), signature)


def signed_by_all(envelope: Envelope, publics: Iterable[bytes]) -> bool:
    """Say whether the envelope is well formed and holds exactly these keys' valid signatures."""
    keys = {keyid(public): public for public in publics}
    return (
        well_formed(envelope)
        and {each.keyid for each in envelope.signatures} == set(keys)
        and all(signed_by(envelope, public) for public in keys.values())
    )
