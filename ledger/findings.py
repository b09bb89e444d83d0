"""What a verifier says: closed codes with what was expected and found, counted, bounded and byte-stable.

Each code belongs to one class: TAMPERED (somebody changed or forged), UNREADABLE (bytes that cannot be
followed), INCOMPLETE (nothing is wrong with what is here, but it is not all, or nothing vouches for it).
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, IntEnum

FINDINGS_PER_CODE_MAX, _CHARS = 1_000, 200

# Append-only: reports of different years are compared by these words.
Code = Enum(
    "Code",
    "ENTRY_UNREADABLE ARCHIVE_BROKEN KIND_UNKNOWN HEAD_MISSING PREV_BROKEN SEQ_BROKEN LEDGER_CHANGED "
    "PARTITION_CHANGED TIME_WENT_BACK GENESIS_MISPLACED AFTER_CLOSE CHECKPOINT_SIZE CHECKPOINT_TIME "
    "ROOT_MISMATCH ANCHOR_MISMATCH SCHEMA_UNKNOWN BODY_WRONG_KIND BODY_UNREADABLE DIGEST_MISMATCH BATCH_TIME "
    "SIGNATURE_BAD KEY_UNKNOWN KEY_NOT_VALID KEY_WRONG_ROLE KEY_REFUSED SIGNED_AS_ANOTHER VERB_NOT_ALLOWED "
    "FOREIGN_LEDGER FOREIGN_ACCOUNT ROOT_KEY_UNTRUSTED TRUST_MISMATCH FLOW_MISSING STATE_MISMATCH "
    "EVIDENCE_MISMATCH STEP_TWICE KEY_MISMATCH RECEIPT_ORPHAN RECEIPT_MISSING EMPTY TAIL_UNSIGNED TRUNCATED "
    "UNANCHORED ANCHOR_UNUSABLE SIGNER_UNKNOWN ERASED ARTIFACT_MISMATCH ARTIFACT_MISSING HELD",
)

Say = Callable[[int, Code, object, object], None]


# The exit code of a verification; where several apply, the first in the order of `PRECEDENCE`.
Outcome = IntEnum("Outcome", {"INTACT": 0, "TAMPERED": 1, "INCOMPLETE": 2, "UNREADABLE": 3})
PRECEDENCE = (Outcome.TAMPERED, Outcome.UNREADABLE, Outcome.INCOMPLETE)


# ERASED is no fault: a signed act took a text away, and whoever verifies is told. Nor is what was held.
_CLASS = {Code.ERASED: Outcome.INTACT, Code.HELD: Outcome.INTACT, Code.ARTIFACT_MISSING: Outcome.INCOMPLETE}
_CLASS |= dict.fromkeys((Code.ENTRY_UNREADABLE, Code.ARCHIVE_BROKEN, Code.KIND_UNKNOWN), Outcome.UNREADABLE)
_INCOMPLETE = "RECEIPT_MISSING EMPTY TAIL_UNSIGNED TRUNCATED UNANCHORED ANCHOR_UNUSABLE SIGNER_UNKNOWN"
_CLASS |= dict.fromkeys((Code[each] for each in _INCOMPLETE.split()), Outcome.INCOMPLETE)


def outcome_of(code: Code) -> Outcome:
    """Return the class of a code; a code nobody classed is the worst one."""
    return _CLASS.get(code, Outcome.TAMPERED)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found; seq is the entry's sequence, -1 for a file or the verification as a whole."""

    source: str
    seq: int
    code: str
    expected: str
    found: str


@dataclass(slots=True)
class Findings:
    """All findings of one verification: the first 1,000 of each code, and how many there were of each."""

    kept: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, source: str, seq: int, code: Code, expected: object, found: object) -> None:
        """Record a finding; bytes are shown in hex, text is cut to a bound."""
        self.counts[code.name] += 1
        if self.counts[code.name] <= FINDINGS_PER_CODE_MAX:
            self.kept.append(Finding(source, seq, code.name, shown(expected)[:_CHARS], shown(found)[:_CHARS]))

    def outcome(self) -> Outcome:
        """Return the one outcome of everything found."""
        seen = {outcome_of(Code[name]) for name in self.counts}
        return next((each for each in PRECEDENCE if each in seen), Outcome.INTACT)


def shown(value: object) -> str:
    """Return the value as text, with what a terminal would obey, or take for a line's end, spelled out."""
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
