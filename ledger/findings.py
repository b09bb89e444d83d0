"""What a verifier says: closed codes with what was expected and found, counted, bounded and byte-stable.

Each code belongs to one class: TAMPERED (somebody changed or forged), UNREADABLE (bytes that cannot be
followed), INCOMPLETE (nothing is wrong with what is here, but it is not all, or nothing vouches for it).
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

FINDINGS_PER_CODE_MAX = 1_000
_TEXT_MAX = 200


class Outcome(IntEnum):
    """The exit code of a verification; where several apply, the first in the order of `PRECEDENCE`."""

    INTACT = 0
    TAMPERED = 1
    INCOMPLETE = 2
    UNREADABLE = 3


PRECEDENCE = (Outcome.TAMPERED, Outcome.UNREADABLE, Outcome.INCOMPLETE)


class Code(StrEnum):
    """All that can be found. Append-only: reports of different years are compared by these words."""

    ENTRY_UNREADABLE = "ENTRY_UNREADABLE"
    ARCHIVE_BROKEN = "ARCHIVE_BROKEN"
    KIND_UNKNOWN = "KIND_UNKNOWN"
    HEAD_MISSING = "HEAD_MISSING"
    PREV_BROKEN = "PREV_BROKEN"
    SEQ_BROKEN = "SEQ_BROKEN"
    LEDGER_CHANGED = "LEDGER_CHANGED"
    PARTITION_CHANGED = "PARTITION_CHANGED"
    TIME_WENT_BACK = "TIME_WENT_BACK"
    GENESIS_MISPLACED = "GENESIS_MISPLACED"
    AFTER_CLOSE = "AFTER_CLOSE"
    CHECKPOINT_SIZE = "CHECKPOINT_SIZE"
    ROOT_MISMATCH = "ROOT_MISMATCH"
    ANCHOR_MISMATCH = "ANCHOR_MISMATCH"
    SCHEMA_UNKNOWN = "SCHEMA_UNKNOWN"
    SCHEMA_NOT_CANONICAL = "SCHEMA_NOT_CANONICAL"
    BODY_WRONG_KIND = "BODY_WRONG_KIND"
    BODY_UNREADABLE = "BODY_UNREADABLE"
    DIGEST_MISMATCH = "DIGEST_MISMATCH"
    BATCH_TIME = "BATCH_TIME"
    ENVELOPE_MALFORMED = "ENVELOPE_MALFORMED"
    SIGNATURE_BAD = "SIGNATURE_BAD"
    KEY_UNKNOWN = "KEY_UNKNOWN"
    KEY_NOT_VALID = "KEY_NOT_VALID"
    KEY_WRONG_ROLE = "KEY_WRONG_ROLE"
    KEY_REFUSED = "KEY_REFUSED"
    SIGNED_AS_ANOTHER = "SIGNED_AS_ANOTHER"
    VERB_NOT_ALLOWED = "VERB_NOT_ALLOWED"
    FOREIGN_LEDGER = "FOREIGN_LEDGER"
    FOREIGN_ACCOUNT = "FOREIGN_ACCOUNT"
    ROOT_KEY_UNTRUSTED = "ROOT_KEY_UNTRUSTED"
    TRUST_MISMATCH = "TRUST_MISMATCH"
    FLOW_MISSING = "FLOW_MISSING"
    STATE_MISMATCH = "STATE_MISMATCH"
    EVIDENCE_MISMATCH = "EVIDENCE_MISMATCH"
    STEP_TWICE = "STEP_TWICE"
    KEY_MISMATCH = "KEY_MISMATCH"
    RECEIPT_ORPHAN = "RECEIPT_ORPHAN"
    RECEIPT_MISSING = "RECEIPT_MISSING"
    EMPTY = "EMPTY"
    TAIL_UNSIGNED = "TAIL_UNSIGNED"
    TRUNCATED = "TRUNCATED"
    UNANCHORED = "UNANCHORED"
    ANCHOR_UNUSABLE = "ANCHOR_UNUSABLE"
    SIGNER_UNKNOWN = "SIGNER_UNKNOWN"


_UNREADABLE = frozenset({Code.ENTRY_UNREADABLE, Code.ARCHIVE_BROKEN, Code.KIND_UNKNOWN})
_INCOMPLETE = frozenset(
    {
        Code.RECEIPT_MISSING,
        Code.EMPTY,
        Code.TAIL_UNSIGNED,
        Code.TRUNCATED,
        Code.UNANCHORED,
        Code.ANCHOR_UNUSABLE,
        Code.SIGNER_UNKNOWN,
    }
)


def outcome_of(code: Code) -> Outcome:
    """Return the class of a code; a code nobody classed is the worst one."""
    if code in _UNREADABLE:
        return Outcome.UNREADABLE
    return Outcome.INCOMPLETE if code in _INCOMPLETE else Outcome.TAMPERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found; seq is the entry's sequence, -1 for a file or the verification as a whole."""

    source: str
    seq: int
    code: Code
    expected: str
    found: str


@dataclass(slots=True)
class Findings:
    """All findings of one verification: the first 1,000 of each code, and how many there were of each."""

    kept: list[Finding] = field(default_factory=list)
    counts: Counter[Code] = field(default_factory=Counter)

    def add(self, source: str, seq: int, code: Code, expected: object, found: object) -> None:
        """Record a finding; bytes are shown in hex, text is cut to a bound."""
        self.counts[code] += 1
        if self.counts[code] <= FINDINGS_PER_CODE_MAX:
            shown = (_shown(expected), _shown(found))
            self.kept.append(Finding(source=source, seq=seq, code=code, expected=shown[0], found=shown[1]))

    def outcome(self) -> Outcome:
        """Return the one outcome of everything found."""
        seen = {outcome_of(code) for code in self.counts}
        return next((each for each in PRECEDENCE if each in seen), Outcome.INTACT)


def _shown(value: object) -> str:
    return (value.hex() if isinstance(value, bytes) else str(value))[:_TEXT_MAX]
