"""Every digest Interlock signs or keys by, as one function each over raw bytes (10-words.md)."""

import hmac
import json
from collections.abc import Mapping
from decimal import Decimal

from ledger.tag import Part, decimal_text, framed, part_bytes, sha256, tagged

__all__ = [
    "Part",
    "article_key",
    "child_dfid",
    "contract_hash",
    "decimal_text",
    "dfid",
    "evidence_hash",
    "explain_commitment",
    "explain_salt",
    "flow_hash",
    "framed",
    "idempotency_key",
    "is_uuid8",
    "part_bytes",
    "rules_hash",
    "sha256",
    "shard_of",
    "state_hash",
    "tagged",
]

_EVIDENCE_BYTES = 112


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
