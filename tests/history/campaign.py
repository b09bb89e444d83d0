"""Many histories from numbered seeds; a failing one is made short and plain before it is shown."""

import gc
import random
import time
from collections import Counter

from tests.history import profiles
from tests.history.compare import Disagreement
from tests.history.player import Player

STEPS, ROW = 52, 40  # steps a history, bytes a step
FAILURES_MAX = 5


def played(profile, rows):
    """The player of a whole history. Raises Disagreement, or whatever broke."""
    player = Player(profile)
    for row in rows:
        player.play(row)
    player.settle()
    return player


def drawn(seed):
    """The profile and rows of a seed; the same in every process."""
    dice = random.Random(seed)
    return dice.randrange(profiles.COUNT), [dice.randbytes(ROW) for _ in range(STEPS)]


def failure(profile, rows, tally=None):
    """What a history ends in: nothing, or its kind and the error; what it reached is added to tally."""
    try:
        player = played(profile, rows)
    except Exception as error:  # a crash of either side is a finding like a disagreement
        what = str(error).partition("\n")[0] if isinstance(error, Disagreement) else str(error)[:40]
        return f"{type(error).__name__}: {what}", error
    if tally is not None:
        tally.update(player.tally)
        tally.update({"history": 1, "step": len(rows)})
    return None


def shrunk(profile, rows, kind):
    """A shorter, plainer history that ends in the same kind of failure."""

    def same(other_profile, other_rows):
        found = failure(other_profile, other_rows)
        return found is not None and found[0] == kind

    size = len(rows) // 2
    while size:
        at = 0
        while at < len(rows):
            shorter = rows[:at] + rows[at + size :]
            rows, at = (shorter, at) if same(profile, shorter) else (rows, at + size)
        size //= 2
    profile = next((x for x in range(profile) if same(x, rows)), profile)
    for at, row in enumerate(rows):
        for place in range(1, ROW):
            plainer = [*rows[:at], rows[at][:place] + b"\0" + rows[at][place + 1 :], *rows[at + 1 :]]
            if row[place] and same(profile, plainer):
                rows = plainer
    return profile, rows


def campaign(first, histories):
    """Play seeds first, first + 1, …: (seconds, what was reached, failures as seed and text)."""
    began, tally, failures = time.monotonic(), Counter(), []
    gc.collect()  # once a batch, so that freezing keeps no rubbish
    gc.freeze()  # what every history shares need not be looked through again and again
    for seed in range(first, first + histories):
        profile, rows = drawn(seed)
        found = failure(profile, rows, tally)
        if found is None:
            continue
        profile, rows = shrunk(profile, rows, found[0])
        kind, error = failure(profile, rows) or found
        failures.append((seed, f"{kind}: profile {profile}, {len(rows)} steps\n{error}"))
        if len(failures) >= FAILURES_MAX:
            break
    return time.monotonic() - began, tally, failures
