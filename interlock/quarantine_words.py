"""Why a record lies in quarantine and what to do about it, for people: words for every reason."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.reasons import QuarantineReason as Q

RETRY = "then interlock quarantine retry"

WORDS: Mapping[Q, tuple[str, str]] = {
    Q.NULL_VALUE: ("it has a key and no value", "send a value: nothing can be removed on this topic"),
    Q.NOT_FRAMED: ("it has no schema id in front", "write Avro with a registry's prefix: interlock encode"),
    Q.UNKNOWN_SCHEMA: ("its schema id was never released here", f"interlock schema push, {RETRY}"),
    Q.UNREADABLE: ("its bytes are not the one spelling of that message", "mend the producer, send it anew"),
    Q.WRONG_TYPE: ("it is a message of another topic", "send it where it belongs: docs/topics.md"),
    Q.TOO_LARGE: ("it was too large to be kept whole", "mend the producer; docs/topics.md has the limits"),
    Q.MALFORMED: ("a field breaks a rule of its message", "mend the field the detail names, send it anew"),
    Q.SKIPPED: ("an operator signed it away", f"mend the bug it showed, {RETRY}"),
    Q.FUTURE_EVENT: ("its time lies ahead of the ledger's", "set the producer's clock, send it anew"),
    Q.STALE_SIGNAL: ("it came too late to be told from a repeat", "send it anew with a time of its own"),
    Q.SIGNAL_DUPLICATE: ("this source sent this id before", "nothing: the first one counted"),
    Q.BAD_PRICE: ("a price or a size that cannot be", "mend the source of the price"),
    Q.UNKNOWN_INSTRUMENT: ("its instrument is not registered", f"release the instrument, {RETRY}"),
    Q.UNKNOWN_ACCOUNT: ("its account is not open, or not its signer's", f"interlock account open, {RETRY}"),
    Q.UNROUTED: ("no row, flow or room was there for it", f"interlock routing show; {RETRY}"),
    Q.WRONG_KEY: ("its record key or partition is not its account's", "send it anew under its account's key"),
    Q.WRONG_LEDGER: ("it was signed for another ledger", "sign it for this one"),
    Q.KEY_NOT_VALID: ("its key does not hold that role now", f"interlock keys ls; enrol the key, {RETRY}"),
    Q.BAD_SIGNATURE: ("its signature does not verify", "find out who wrote it: it is damaged or forged"),
    Q.BAD_COMMITMENT: ("the text beside is not the one that was signed", "send the text that was signed"),
}


def words(reason: str) -> tuple[str, str]:
    """Why, and the fix; of a reason that a newer release gave, that it is one."""
    if reason not in Q.__members__:
        return "a reason this release does not know", "read it with the release that wrote it"
    return WORDS[Q[reason]]
