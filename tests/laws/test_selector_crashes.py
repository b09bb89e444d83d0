"""Killed between any two calls of the log, the selector opens each flow once and leaves the same state."""

import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rails_tally import committed
from tests.selector_world import (
    ACCOUNTS,
    LEDGER,
    NOON,
    ROOT,
    SELECTOR,
    TIMER,
    framed,
    order,
    quote,
    registry_records,
    signal,
    view,
)
from topologies.selector.processor import Selector
from transport.loop import LoopSettings, run
from transport.saved import KEY
from transport.simulated_broker import SimulatedBroker
from transport.simulated_log import SimulatedLog

WRITTEN = ("flows.eoam", "flows.sds", "flows.dlpci", "proposals", "quarantine")
READ = ("registry", "control", "accounts.view", "kernel.verdicts", "market.signals", "instructions")


class KilledError(BaseException):
    """The process died here."""


class Noon:
    def now(self):
        return NOON


class Kills:
    """Dies at the calls whose running numbers it was given."""

    def __init__(self, numbers):
        self.numbers, self.reached = set(numbers), 0

    def __call__(self, _):
        self.reached += 1
        if self.reached in self.numbers:
            raise KilledError


def stages():
    """What is appended, and read to the end, before the next is appended."""
    yield [("registry", None, each.value) for each in registry_records()]
    yield [("accounts.view", name.encode(), view(name)) for name in ACCOUNTS]
    for number in range(3):
        yield [
            ("market.signals", None, framed(signal(quote(f"32{number}", "330"), f"q{number}"))),
            ("market.signals", None, framed(signal(TIMER, f"t{number}"))),
            ("market.signals", None, framed(signal(TIMER, "t0"))),
            ("market.signals", None, b"garbage"),
            ("instructions", b"paper-1", order(f"o{number}")),
        ]


def live(broker, kills):
    """One life: until all is read and nothing is left to say."""
    stop, idle = threading.Event(), [0]

    def idled(_):
        idle[0] += 1
        if idle[0] > 5:
            stop.set()

    log = SimulatedLog(broker, "selector", 0, fault=kills, idle=idled)
    selector = Selector(ledger=LEDGER, root_public=ROOT.public, shards=1, shard=0, signer=SELECTOR)
    run(selector, log, Noon(), stop=stop, settings=LoopSettings(monotonic_ms=lambda: broker.now_ms))


def history(numbers):
    broker, kills = SimulatedBroker(dict.fromkeys((*READ, *WRITTEN, "selector.state"), 1)), Kills(numbers)
    for stage in stages():
        for topic, key, value in stage:
            broker.append(topic, 0, key, value)
        while True:
            try:
                live(broker, kills)
                break
            except KilledError:
                continue
    kept = SimulatedLog(broker, "reader", 0).compacted("selector.state", 0)
    kept.pop(KEY)  # the loop's own positions, which name offsets of inputs alone
    return {topic: committed(broker, topic) for topic in WRITTEN}, kept


UNDISTURBED = history(())


def test_the_undisturbed_selector_opens_what_it_should():
    written, _ = UNDISTURBED
    counts = {topic: len(values) for topic, values in written.items()}
    # A second t0 and garbage in each stage; the first stage's t0 stands twice in it.
    assert counts == {"flows.eoam": 6, "flows.sds": 0, "flows.dlpci": 3, "proposals": 0, "quarantine": 6}


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(1, 400), min_size=1, max_size=6))
def test_a_selector_killed_anywhere_leaves_what_it_would_have_left(numbers):
    assert history(numbers) == UNDISTURBED
