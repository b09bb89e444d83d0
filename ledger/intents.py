"""The name of an intent's side effect: the same step with the same parameters is the same effect."""

from ledger.hashes import idempotency_key, tagged
from schemas.models import Intent


def key_of_intent(intent: Intent) -> bytes:
    """Return the 32-byte idempotency key of an intent as signed (10-words.md, idempotency key)."""
    key = idempotency_key(
        dfid=intent.dfid,
        step_id=intent.step_id,
        account=intent.account,
        action=intent.action.value,
        instrument=intent.instrument,
        quantity=intent.quantity,
        limit=intent.limit_price,
        stop=intent.stop,
        target=intent.target_price,
        time_in_force=intent.time_in_force.value,
    )
    frame = intent.mandate  # of a MANDATE its frame is what it means: another band is another mandate
    if frame is None:
        return key
    return tagged(
        "interlock/1/frame", key, frame.side.value, frame.price_low, frame.price_high, frame.expires_at
    )


def client_order_id(key: bytes) -> str:
    """Return what a venue knows the order by: the key's first 16 bytes in hex."""
    return key[:16].hex()
