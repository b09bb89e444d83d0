"""Every digest Interlock signs or keys by, as one function each over raw bytes (10-words.md).

A hash over joined texts lets two different inputs meet ("ab" + "c", "a" + "bc"), and a hash without a tag
lets a value made for one purpose be used for another. The tagged hash closes both doors.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from decimal import Decimal

from schemas.money import plain

Part = bytes | str | int | Decimal | None

_EVIDENCE_BYTES = 112
_PART_BYTES_MAX = 0xFFFFFFFF


def sha256(data: bytes) -> bytes:
    """Return the 32-byte SHA-256 of `data`."""
    return hashlib.sha256(data).digest()


def decimal_text(value: Decimal) -> str:
    """Return the shortest plain text of a decimal. Raises ValueError for NaN and infinities."""
    if not value.is_finite():
        raise ValueError(f"a decimal that is hashed must be finite, not {value}")
    return plain(value)


def part_bytes(part: Part) -> bytes:
    """Return one part's bytes: raw, UTF-8, 8-byte big endian, shortest plain text, empty if absent.

    Raises ValueError for a bool (it would pass for an int), an int beyond 8 bytes, a non-finite decimal.
    """
    match part:
        case None:
            return b""
        case bool():
            raise ValueError("a bool is no hashable part: say which bytes it means")
        case bytes():
            return part
        case str():
            return part.encode("utf-8")
        case Decimal():
            return decimal_text(part).encode("ascii")
        case int():
            if not 0 <= part < 1 << 64:
                raise ValueError(f"a hashed int must fit 8 bytes unsigned, not {part}")
            return part.to_bytes(8, "big")


def framed(tag: str, *parts: Part) -> bytes:
    """Return `u8 len(tag) ‖ tag ‖ Σ(u32be len(part) ‖ part)`, the preimage of the tagged hash."""
    name = tag.encode("ascii")
    if not 0 < len(name) < 256:
        raise ValueError("a tag is 1 to 255 ASCII bytes")
    out = [bytes((len(name),)), name]
    for part in parts:
        data = part_bytes(part)
        if len(data) > _PART_BYTES_MAX:
            raise ValueError("a hashed part must be under 4 GiB")
        out += (len(data).to_bytes(4, "big"), data)
    return b"".join(out)


def tagged(tag: str, *parts: Part) -> bytes:
    """Return the 32-byte tagged hash TH(tag, parts…)."""
    return sha256(framed(tag, *parts))


def contract_hash(jcs: bytes) -> bytes:
    """Return H_contract of a contract's canonical JSON (RFC 8785)."""
    return tagged("interlock/1/contract", jcs)


def rules_hash(jcs: bytes) -> bytes:
    """Return H_rules of the canonical JSON of {law version, parameters}."""
    return tagged("interlock/1/rules", jcs)


def state_hash(snapshot_body: bytes) -> bytes:
    """Return H_state of a snapshot's Avro body."""
    return tagged("interlock/1/state", snapshot_body)


def flow_hash(payload: bytes) -> bytes:
    """Return H_flow of the FlowOpened envelope's payload (schema hash ‖ Avro body)."""
    return tagged("interlock/1/flow", payload)


def dfid(ledger: bytes, source: str, signal_id: str, account: str, decision_class: str) -> bytes:
    """Return the flow's 16-byte name, a UUID version 8: the same signal always opens the same flow."""
    return _uuid8(tagged("interlock/1/dfid", ledger, source, signal_id, account, decision_class))


def child_dfid(ledger: bytes, parent: bytes, step_id: str, number: int) -> bytes:
    """Return a child flow's name. Four parts against the parent's five: framing keeps the two forms apart."""
    return _uuid8(tagged("interlock/1/dfid", ledger, parent, step_id, number))


def is_uuid8(value: bytes) -> bool:
    """Say whether 16 bytes carry version 8 and the RFC 9562 variant; flows are opened under no other name."""
    return len(value) == 16 and value[6] >> 4 == 8 and value[8] >> 6 == 2


def shard_of(account: str, shards: int) -> int:
    """Return the shard of an account: u64be of the first 8 bytes of its hash, modulo the number of shards."""
    if shards < 1:
        raise ValueError("there is at least one shard")
    return int.from_bytes(tagged("interlock/1/shard", account)[:8], "big") % shards


def idempotency_key(
    *,
    dfid: bytes,
    step_id: str,
    account: str,
    action: str,
    instrument: str | None,
    quantity: Decimal | None,
    limit: Decimal | None = None,
    stop: Decimal | None = None,
    target: Decimal | None = None,
    time_in_force: str | None = None,
) -> bytes:
    """Return the 32-byte key of a side effect; its first 16 bytes in hex are the client order id.

    Price context, attempt, confidence and explanation are left out: a retry that means the same is the same.
    """
    parts = (dfid, step_id, account, action, instrument, quantity, limit, stop, target, time_in_force)
    return tagged("interlock/1/idem", *parts)


def evidence_hash(dfid: bytes, h_state: bytes, h_contract: bytes, h_rules: bytes) -> bytes:
    """Return H_evidence: SHA-256 of exactly 112 raw bytes (article, section on proof-carrying intents).

    Raises ValueError when a part has another length: shifted bytes must not hash alike.
    """
    if (len(dfid), len(h_state), len(h_contract), len(h_rules)) != (16, 32, 32, 32):
        raise ValueError(f"evidence is 16 + 32 + 32 + 32 = {_EVIDENCE_BYTES} bytes")
    return sha256(dfid + h_state + h_contract + h_rules)


def article_key(dfid: str, step_id: str, params: Mapping[str, object]) -> str:
    """Return the article's literal key (section 4.5), hex; kept for comparison, never used to decide."""
    return sha256(f"{dfid}:{step_id}:{json.dumps(params, sort_keys=True)}".encode()).hex()


def explain_salt(secret: bytes, dfid: bytes, step_id: str, attempt: int) -> bytes:
    """Return the 32-byte salt of an explanation: keyed, so that bytes stay reproducible and unguessable."""
    return hmac.digest(secret, framed("interlock/1/salt", dfid, step_id, attempt), "sha256")


def explain_commitment(text: str, salt: bytes) -> bytes:
    """Return the 32-byte commitment to an explanation's text; the text itself never reaches the ledger."""
    return tagged("interlock/1/explain", salt, text)


def _uuid8(digest: bytes) -> bytes:
    raw = bytearray(digest[:16])
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    return bytes(raw)
