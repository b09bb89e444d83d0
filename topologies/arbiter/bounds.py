"""What the arbiter may keep, wait for and pass on; every bound with its reason beside it."""

from __future__ import annotations

WINDOWS_MAX = 4_096  # open and remembered: each at most one flow record, so at most 256 MiB
HELD_MAX = 1_000  # answers whose flow has not been read: other partitions are behind by batches, not hours
HELD_US = 600_000_000  # as long as a flow lives at most; later its answer is of no use to anybody
FORWARDED_MAX = 4  # claims of one flow that cannot pass: the kernel writes each down, a flood is quarantined
ATTESTATIONS_MAX = 8  # of one flow; the kernel's proof checker reads no more of one claim
