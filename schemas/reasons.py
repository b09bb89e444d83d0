"""Why the kernel says no: one closed, ordered table that is never renumbered, renamed or reused."""

from __future__ import annotations

from enum import IntEnum

CURABLE_GATE = 11  # drift: a fresh context may cure it, nothing else does


class Reason(IntEnum):
    """``gate * 100 + place``: the order of the numbers is the order of the law."""

    NONE = 0
    MALFORMED = 101
    WRONG_LEDGER = 102
    UNKNOWN_AGENT = 103
    KEY_NOT_VALID = 104
    BAD_SIGNATURE = 105
    VERSION_MISMATCH = 106
    WRONG_LANE = 107
    WRONG_ACCOUNT = 108
    WINDOW_MISMATCH = 109
    APPROVAL_EXPIRED = 110
    APPROVAL_MISMATCH = 111
    STEP_ALREADY_DECIDED = 201
    ATTEMPT_CLOSED = 202
    FLOW_CLOSED = 203
    NOT_YET_VALID = 301
    TTL_EXPIRED = 302
    TRADING_HALTED = 401
    REDUCING_ONLY = 402
    AGENT_SUSPENDED = 403
    AGENT_RETIRED = 404
    AGENT_DEGRADED = 405
    AGENT_PASSIVE = 406
    AGENT_ESCALATION_ONLY = 407
    MAX_LOSS = 501
    TRAILING_DRAWDOWN = 502
    DAILY_LOSS_LIMIT = 503
    CONSISTENCY_RULE = 504
    TRADING_CUTOFF = 505
    RATE_LIMITED = 601
    BUDGET_EXCEEDED = 602
    REASONING_EXHAUSTION = 603
    ACTION_FORBIDDEN = 701
    UNAUTHORIZED_INSTRUMENT = 702
    UNAUTHORIZED_ACCOUNT = 703
    AUTHORITY_EXCEEDED = 704
    PARENT_AUTHORITY_EXCEEDED = 705
    SNAPSHOT_MISMATCH = 801
    CONTRACT_MISMATCH = 802
    RULES_MISMATCH = 803
    EVIDENCE_MISMATCH = 804
    EVIDENCE_MISSING = 805
    PARAMETER_MISSING = 901
    INVERTED_BRACKET = 902
    MAX_SINGLE_TRADE = 903
    MAX_POSITION = 904
    MAX_ORDER_VALUE = 905
    MAX_OPEN_POSITIONS = 906
    MAX_LEVERAGE = 907
    MIN_RISK_REWARD = 908
    MIN_STOP_ATR = 909
    LOW_CONFIDENCE = 1001
    EXPOSURE_ABOVE_LIMIT = 1002
    HUMAN_APPROVAL_REQUIRED = 1003
    ESCALATION_BUDGET_EXHAUSTED = 1004
    CONTEXT_TOO_OLD = 1101
    NO_LIVE_PRICE = 1102
    STALE_MARK = 1103
    STALE_CONTEXT = 1104
    LIMIT_PRICE_EXCEEDED = 1105
    GEOMETRY_BROKEN = 1106
    INSUFFICIENT_FUNDS = 1201
    INSUFFICIENT_POSITION = 1202
    RESOURCE_CONTENTION = 1203

    @property
    def gate(self) -> int:
        """The one gate that may give this reason; 0 for NONE."""
        return self.value // 100

    @property
    def curable(self) -> bool:
        """Whether the selector may re-open the flow with a fresh context."""
        return self.gate == CURABLE_GATE


class LaneReason(IntEnum):
    """Why a lane answered without an intent; rides in signed reports and window records."""

    NONE = 0
    NO_EDGE = 1  # nothing to propose: the ordinary NO_PROPOSAL
    NOT_CONCERNED = 2  # the trigger is not among the agent's inputs
    COMPLIANT_LIE_SUSPECTED = 3
    UNREADABLE_INSTRUCTION = 4
    NO_ANSWER = 5
    VETO_MISSING = 6
    DEADLINE = 7
    LOW_MASS = 8
    LOW_MARGIN = 9
    TRUNCATED = 10
    NOT_FINITE = 11
    NO_ALLOWED_TOKEN = 12
    CONTRACT_UNKNOWN = 13
    CONTRACT_CHANGED = 14
    VIOLATIONS_REMAIN = 15  # refinement used its rounds
    ESCALATED_BY_VETO = 16
    ESCALATED = 17
    FEATURES_MISSING = 18
    EVIDENCE_ABSENT = 19  # a required tier did not arrive before the deadline
    OUTSIDE_CONTRACT = 20  # the independent checker refused what the grammar let through
    EXHAUSTED = 21
    OUTSIDE_MANDATE = 22  # the frame of a child flow, or of an instruction, leaves no room for it
    MODEL_CHANGED = 23  # the weights in memory are no longer those that were loaded


# Reports that go to a person; NO_PROPOSAL closes a flow, every other report aborts it.
ESCALATING_LANE_REASONS = frozenset({LaneReason.COMPLIANT_LIE_SUSPECTED, LaneReason.UNREADABLE_INSTRUCTION})


class ControlReason(IntEnum):
    """Why a signed command was not folded; 0 when it was."""

    FOLDED = 0
    MALFORMED = 1
    WRONG_LEDGER = 2
    KEY_NOT_VALID = 3
    BAD_SIGNATURE = 4
    SERIAL_NOT_GREATER = 5
    VERB_NOT_ALLOWED = 6
    UNKNOWN_ACCOUNT = 7
    ILLEGAL_TRANSITION = 8
    OUT_OF_BOUNDS = 9


class QuarantineReason(IntEnum):
    """Why a record went to quarantine instead of on."""

    NULL_VALUE = 1
    NOT_FRAMED = 2  # no Confluent prefix
    UNKNOWN_SCHEMA = 3
    UNREADABLE = 4
    WRONG_TYPE = 5
    FUTURE_EVENT = 6
    STALE_SIGNAL = 7
    SIGNAL_DUPLICATE = 8
    BAD_PRICE = 9  # zero, negative, crossed, or a size below zero
    UNKNOWN_INSTRUMENT = 10
    UNKNOWN_ACCOUNT = 11
    BAD_SIGNATURE = 12
    KEY_NOT_VALID = 13
    WRONG_LEDGER = 14
    WRONG_KEY = 15  # the record key or partition is not the account's
    BAD_COMMITMENT = 16  # the text beside does not open the signed commitment
    MALFORMED = 17
    UNROUTED = 18
    TOO_LARGE = 19
    SKIPPED = 20


def name_of(number: int) -> str:
    """The name of a reason as entries carry it: the kernel's begin at 101, those of a lane stay below 100.

    Raises ValueError on a number of neither table.
    """
    return Reason(number).name if number == 0 or number > 100 else LaneReason(number).name
