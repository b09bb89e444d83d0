"""How a process ends, in exit codes that the supervisor understands; 0 is a clean stop."""

from __future__ import annotations

BUG = 70  # the log names the place; restarting at the same place again and again is given up
AGAIN = 75  # the log cannot go on here; a restart reads the committed truth
FENCED = 76  # a newer process of this name runs, and a restart would only fence it in turn
REFUSED = 77  # refused by right or by size, or a position lost: a person must look
