"""What the selector may keep, wait and carry; every bound with its reason beside it."""

from __future__ import annotations

SECOND_US = 1_000_000

SKEW_US = 5 * SECOND_US  # a producer's clock may run ahead by this much; beyond it FUTURE_EVENT
HORIZON_US = 3_600 * SECOND_US  # seen signals are remembered this long; older ones are STALE_SIGNAL
ANSWER_GRACE_US = 5 * SECOND_US  # beyond the deadline, for the arbiter's and the kernel's own work

SEGMENT_KEYS = 4_096  # 48 bytes each: a sealed segment is 192 KiB, under the 256 KiB of a state record
SEEN_MAX = 64 * SEGMENT_KEYS  # about 70 MB in memory; beyond it the horizon moves forward

EARLY_MAX = 1_000  # signals ahead of the clock that may wait; the next one is a FUTURE_EVENT
OPEN_FLOWS_MAX = 4_096  # a selector whose lanes answer nothing must not grow without end
REOPEN_STEPS = 3  # steps a re-opening waits at most for the views committed together with its verdict

TRAJECTORY = 5  # past decisions handed to an agent
TIMES_MAX = 1_000  # proposals per window that can be counted; contracts name fewer
WOKEN_MAX = 8  # agents a flow may wake: what a flow record has room for
HEADLINES_KEPT = 64  # of the last hour, for all instruments
HEADLINES_SHOWN = 10  # in one snapshot
HEADLINE_BYTES = 1_024  # ten of them leave a flow record (64 KiB) its room
VIEWS_MAX = 32  # instruments in one snapshot: the one named, then those held
NAMES_MAX = 1_000  # names a counter table may hold; what comes later is counted as `other`
SUPPRESSED_PAGE = 50  # suppressed signals a state record holds
SUPPRESSED_PAGES = 20  # a ring: the last 1,000 are remembered for `why signal`
