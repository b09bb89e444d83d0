"""One signature over the PAE of an envelope.

Generated from schemas/avro/signature.avsc by `interlock schema gen`; edit the schema, not this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    keyid: bytes  # SHA-256 of the public key.
    sig: bytes
