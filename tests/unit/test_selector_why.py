"""`why signal`: one honest answer for whatever became of a signal."""

from schemas.models import Quarantined
from tests.selector_world import MINUTE, TIMER, World, bar, flows, quote, read, signal
from topologies.selector.why import Evidence, why


def lines(world, name, **evidence):
    return why("tape", name, Evidence(state=world.kept, **evidence)).lines()


def test_an_opened_flow_is_named():
    world = World()
    opened = flows(world.signal(TIMER, "t1"))
    first, second, *_ = lines(world, "t1", flows=opened)
    assert first.startswith(f"opened flow {opened[0].dfid.hex()} attempt 1 on EOAM for paper-1 as rebalance")
    assert "paper-2" in second


def test_a_suppressed_signal_tells_predicate_and_figures():
    world = World()
    for minute in range(7):
        world.now += MINUTE
        world.signal(bar(), f"b{minute}")
    (line,) = lines(world, "b6")
    assert line.startswith("suppressed for paper-2, sovereign, by abs(return_5m)")
    assert "measured 0, threshold 0.01" in line


def test_a_quote_moved_the_features():
    world = World()
    world.signal(quote(), "q1")
    assert lines(world, "q1") == [
        "moved the features; no route names it, and none has to (offset 0 of its topic)"
    ]


def test_a_duplicate_and_a_quarantined_signal_are_told_apart():
    world = World()
    world.signal(TIMER, "t1")
    twice = read(Quarantined, world.signal(TIMER, "t1")[0])
    bad = read(Quarantined, world.signal(quote("0", "1"), "q1")[0])
    found = [(twice, signal(TIMER, "t1")), (bad, signal(quote("0", "1"), "q1"))]
    assert lines(world, "t1", quarantine=found)[-1].startswith(
        "duplicate (SIGNAL_DUPLICATE) at market.signals"
    )
    assert lines(world, "q1", quarantine=found)[0].startswith("quarantined (BAD_PRICE)")


def test_a_signal_nobody_saw_is_not_invented():
    assert lines(World(), "never")[0].startswith("tape never: not seen here")
