"""Only an operator's signed skip passes a record by; whoever is stopped reads it when it starts again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kernel.replay import replay
from ledger.envelope import seal
from ledger.skips import judge, skipped
from schemas import models as m
from schemas.kinds import EntryKind
from schemas.reasons import QuarantineReason
from schemas.wire import unframed
from tests.build import LEDGER, NOW, World, signer
from tests.rails_tally import TOPICS, Outside, Tally
from tests.unit.test_loop import Quiet, alone
from transport.blame import StepFailed
from transport.bounds import LoopSettings
from transport.edge import _told, stopped_before
from transport.log import Produce, Record
from transport.simulated_broker import SimulatedBroker
from transport.skipping import Skipping

PLACE = ("market.signals", 0, 7)


def skip(place: tuple[str, int, int] = PLACE, **changed: Any) -> m.Control:
    topic, partition, offset = place
    made = m.Control(
        ledger=LEDGER, serial=99, verb=m.Verb.SKIP, topic=topic, partition=partition, offset=offset,
        reason="operator", at=NOW,
    )  # fmt: skip
    return replace(made, **changed)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def commands(world: World, *envelopes: m.Envelope) -> list[bytes | None]:
    return [world.kernel.state.registry.schema_ids.pack(each) for each in envelopes]


@pytest.mark.parametrize(
    ("who", "changed"),
    [
        ("watch", {}),
        ("selector", {}),
        ("stranger", {}),
        ("operator", {"ledger": bytes(16)}),
        ("operator", {"verb": m.Verb.ERASE}),
        ("operator", {"topic": None}),
        ("operator", {"offset": None}),
    ],
)
def test_what_is_not_an_operators_skip_of_this_ledger_passes_nothing_by(world, who, changed):
    registry = world.kernel.state.registry
    wrong = commands(world, seal(skip(**changed), signer(who)))
    assert skipped(wrong, registry, LEDGER) == frozenset()


def test_an_operators_skip_is_found_among_anything(world):
    registry = world.kernel.state.registry
    sealed = seal(skip(), signer("operator"))
    forged = replace(sealed, signatures=(replace(sealed.signatures[0], sig=bytes(64)),))
    twice = commands(world, forged, sealed, sealed)
    assert skipped([None, b"", b"\x00garbage", *twice], registry, LEDGER) == {PLACE}


class Reads:
    """What a restart may read: topics as lists."""

    def __init__(self, world: World, control: Sequence[bytes | None]) -> None:
        self.registry = world.topics.logs[("registry", 0)]
        self.control = [record("control", offset, value) for offset, value in enumerate(control)]

    def compacted(self, topic: str, partition: int) -> dict[bytes, bytes]:
        return {}

    def records(self, topic: str, partition: int, start: int) -> Iterator[Record]:
        found = {"registry": self.registry, "control": self.control}.get(topic, [])
        return (each for each in found if each.offset >= start)


def record(topic: str, offset: int, value: bytes | None) -> Record:
    return Record(topic=topic, partition=0, offset=offset, key=b"k", value=value)


def test_a_skipped_record_is_put_aside_whole_and_the_rest_goes_on(world):
    tally = Tally(Outside())
    passing = Skipping(tally, judge(signer("root").public, LEDGER))
    passing.restore(Reads(world, commands(world, seal(skip(), signer("operator")))))
    outputs = passing.step([record("market.signals", offset, b"v%d" % offset) for offset in (6, 7, 8)], NOW)
    told = [each for each in outputs if isinstance(each, Produce) and each.topic == "quarantine"]
    (found,) = [unframed(m.Quarantined, each.value) for each in told]
    assert (found.topic, found.partition, found.offset, found.value) == (*PLACE, b"v7")
    assert (found.reason, found.worker) == (QuarantineReason.SKIPPED.name, "tally-0")
    assert tally.batches == [["market.signals"] * 2]
    assert passing.cause(record("market.signals", 7, b"")) is None


def test_a_skipped_registry_record_is_not_folded_by_a_restart_either(world):
    first = world.topics.logs[("registry", 0)][3]

    class Folding(Tally):
        def restore(self, reader: Any) -> None:
            self.batches.append([str(each.offset) for each in reader.records("registry", 0, 0)])

    tally = Folding(Outside())
    sealed = seal(skip(("registry", 0, first.offset)), signer("operator"))
    Skipping(tally, judge(signer("root").public, LEDGER)).restore(Reads(world, commands(world, sealed)))
    assert tally.batches == [
        [str(each.offset) for each in world.topics.logs[("registry", 0)] if each != first]
    ]


@pytest.mark.parametrize("topic", ["proposals", "market.signals", "registry", "control", "agents.manifest"])
def test_a_stopped_kernel_passes_by_what_is_signed_away_behind_it_and_writes_the_skip_down(topic):
    world = World()
    bad = world.topics.append(topic, 0, b"k", b"boom")
    behind = world.control(m.Verb.SKIP, topic=topic, partition=0, offset=bad.offset)
    world.restart()
    seen: list[Record] = []
    world.kernel.quotes.read = lambda one, *_: seen.append(one)  # type: ignore[method-assign]  # watches
    world.queue = [bad]
    world.run()
    assert [each.reason for each in world.told(m.Quarantined)] == [QuarantineReason.SKIPPED.name]
    assert [each.value for each in world.told(m.Quarantined)] == [b"boom"]
    assert (seen, world.entries(EntryKind.REFUSAL)) == ([], [])
    assert world.kernel.state.core.positions[topic, 0] == bad.offset + 1
    world.queue = [behind]
    world.run()
    assert [each.accepted for each in world.entries(EntryKind.CONTROL)] == [True]
    told = replay(world.ledger)
    assert (told.differences, told.stopped) == ([], "")


def test_after_a_bug_one_record_at_a_time_is_taken_until_the_place_is_passed():
    class Picky(Quiet):
        fails_at = b"boom"

    broker, tally = SimulatedBroker(TOPICS), Picky(Outside())
    for value in (b"a", b"b", b"boom", b"c", b"d"):
        broker.append("market.signals", 0, None, value)
    with pytest.raises(StepFailed) as failed:
        alone(broker, tally, 50)
    assert failed.value.until == {("market.signals", 0): 5}
    with pytest.raises(StepFailed, match=r"step failed: market.signals\[0\]@2$"):
        alone(broker, Picky(Outside()), 50, careful=failed.value.until)  # type: ignore[arg-type]  # of LoopSettings
    mended = Quiet(Outside())
    broker.append("market.signals", 0, None, b"e")
    alone(broker, mended, 50, careful=failed.value.until)  # type: ignore[arg-type]  # of LoopSettings
    assert [len(batch) for batch in mended.batches if batch] == [1, 1, 1, 1, 1, 1]


def test_the_place_of_a_stop_comes_back_from_its_file(tmp_path: Path):
    file = tmp_path / "x.stopped.json"
    assert stopped_before(file) == {}
    failed = StepFailed("step failed", [record("proposals", 4, b""), record("control", 2, b"")])
    file.write_text(_told(failed), encoding="utf-8")
    assert stopped_before(file) == {("proposals", 0): 5, ("control", 0): 3}
    file.write_text(json.dumps({"place": "proposals[0]@4"}), encoding="utf-8")
    assert stopped_before(file) == {}
    settings = LoopSettings(careful={("proposals", 0): 5})
    assert [settings.limit({("proposals", 0): at}) for at in (4, 5)] == [1, settings.batch_max]
