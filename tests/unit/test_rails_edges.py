"""Names, settings, clocks, saved positions, progress files and quarantine."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import decode, encode
from schemas.models import ClockTick, Quarantined
from schemas.reasons import QuarantineReason
from schemas.topics import BY_NAME
from schemas.wire import PREFIX, SchemaIds
from transport import beating, edge, exits, kafka_log, names, probes, saved, settings
from transport.clock import LiveClock, TapeClock
from transport.log import Record
from transport.quarantine import quarantined

DEMO = names.ledger_name("demo-1")


def record(value: bytes | None, offset: int = 0) -> Record:
    return Record(topic="clock", partition=0, offset=offset, key=b"k", value=value, headers=(("h", b"x"),))


def test_live_has_the_bare_names_and_every_other_ledger_its_prefix():
    assert names.physical(names.LIVE, "proposals") == "proposals"
    assert names.physical(DEMO, "proposals") == "demo-1.proposals"
    assert names.group_id(DEMO, "kernel", 2) == "demo-1.interlock-kernel-2"
    assert names.group_id(names.LIVE, "kernel", 2) == "interlock-kernel-2"
    assert names.transactional_id(DEMO, "kernel", 2) == "interlock-kernel-demo-1-2"
    assert names.base(DEMO, "demo-1.proposals") == "proposals"
    with pytest.raises(ValueError, match="not of ledger"):
        names.base(DEMO, "proposals")


@pytest.mark.parametrize("wrong", ["", "a.b", "Live", "-a", "a" * 33, "a/b", "ä"])
def test_a_ledger_name_that_could_leave_its_prefix_is_refused(wrong):
    with pytest.raises(ValueError, match="at most 32"):
        names.ledger_name(wrong)


def test_settings_come_from_the_environment_and_a_one_line_password_file(tmp_path):
    file = tmp_path / "kernel.password"
    file.write_text("secret\n")
    env = {
        "INTERLOCK_BOOTSTRAP": "127.0.0.1:1", "INTERLOCK_SECURITY": "SASL_PLAINTEXT",
        "INTERLOCK_PRINCIPAL": "kernel", "INTERLOCK_PASSWORD_FILE": str(file), "INTERLOCK_LEDGER": "demo",
        "INTERLOCK_STATE": str(tmp_path), "INTERLOCK_SHARD": "3", "INTERLOCK_CLOCK": "tape",
    }  # fmt: skip
    read = settings.read(env)
    assert (read.kafka.password, read.ledger, read.shard, read.clock) == ("secret", "demo", 3, "tape")
    assert "secret" not in repr(read)


@pytest.mark.parametrize(
    "env",
    [
        {"INTERLOCK_CLOCK": "sun"},
        {"INTERLOCK_SHARD": "-1"},
        {"INTERLOCK_LEDGER": "a.b"},
        {"INTERLOCK_SECURITY": "none"},
        {"INTERLOCK_SECURITY": "SASL_PLAINTEXT"},
    ],
)
def test_a_wrong_setting_is_named(env):
    with pytest.raises(settings.SettingsError, match=next(iter(env)) + "|INTERLOCK_PRINCIPAL"):
        settings.read(env)


def test_the_tape_clock_is_the_greatest_tick_so_far():
    batches = [[], [record(b"7"), record(b"9"), record(b"8")], [], [record(b"12")]]

    class Tail:
        def fresh(self) -> list[Record]:
            return batches.pop(0)

    clock = TapeClock(Tail(), int)
    assert [clock.now() for _ in range(4)] == [0, 9, 9, 12]


def test_the_live_clock_is_the_walls_in_micros():
    clock = LiveClock()
    first, second = clock.now(), clock.now()
    assert first <= second
    assert abs(second - time.time_ns() // 1_000) < 5_000_000


def test_a_tick_is_read_behind_its_schema_id():
    message = ClockTick(ledger=bytes(16), now=1_504_504_800_000_000)
    assert edge.tick(PREFIX.pack(0, 42) + encode(message)) == 1_504_504_800_000_000


@given(
    st.dictionaries(st.tuples(st.text(max_size=20), st.integers(0, 99)), st.integers(0, 2**62), max_size=9)
)
def test_saved_positions_come_back_and_have_one_form(positions):
    assert saved.decoded(saved.encoded(positions)) == positions
    assert saved.encoded(dict(reversed(positions.items()))) == saved.encoded(positions)


def test_damaged_positions_are_not_believed():
    with pytest.raises(ValueError, match="re-encode"):
        saved.decoded(b'[["a", 0, 1]]')


def test_progress_is_written_and_judged(tmp_path):
    probe = probes.Probe(tmp_path, "demo", "kernel-0")
    at = ("proposals", 0)
    file = probes.progress_file(tmp_path, "demo", "kernel-0")
    assert not probes.ready(file).ready
    assert probe.due(0)
    probe.note({at: 5}, {}, frozenset(), 0)
    assert not probe.due(999)
    assert probes.ready(file).ready
    assert json.loads(file.read_text())["positions"] == {"proposals/0": 5}


def test_behind_and_not_moving_is_not_ready_and_is_logged_once_with_its_command(tmp_path, caplog):
    probe = probes.Probe(tmp_path, "demo", "kernel-0")
    at = ("proposals", 0)
    for now_ms in range(0, 40_000, 1_000):
        probe.note({at: 5}, {}, frozenset({at}), now_ms)
    state = probes.ready(probes.progress_file(tmp_path, "demo", "kernel-0"))
    assert not state.ready
    assert "proposals/0" in state.why
    assert "python -m transport.probes" in state.why
    assert len(caplog.records) == 1
    probe.note({at: 6}, {}, frozenset({at}), 41_000)
    assert probes.ready(probes.progress_file(tmp_path, "demo", "kernel-0")).ready


def test_standing_at_the_end_is_ready_however_long(tmp_path):
    probe = probes.Probe(tmp_path, "demo", "kernel-0")
    for now_ms in range(0, 40_000, 1_000):
        probe.note({("proposals", 0): 5}, {}, frozenset(), now_ms)
    assert probes.ready(probes.progress_file(tmp_path, "demo", "kernel-0")).ready


def test_a_process_that_no_longer_turns_is_not_ready(tmp_path):
    probes.Probe(tmp_path, "demo", "kernel-0").note({}, {}, frozenset(), 0)
    file = probes.progress_file(tmp_path, "demo", "kernel-0")
    later = time.time_ns() // 1_000_000 + probes.STALLED_AFTER_MS + 1_000
    assert "has not turned" in probes.ready(file, now_ms=later).why
    assert probes.main([str(tmp_path)]) == 0


def test_quarantine_keeps_the_original_bytes_and_says_why():
    produce = quarantined(
        record(b"\x00garbage", 7), QuarantineReason.UNREADABLE, "x" * 1_000,
        ids=SchemaIds(ids={}), worker="kernel", shard=1, now=9,
    )  # fmt: skip
    assert (produce.topic, produce.partition, produce.key) == ("quarantine", 1, b"clock:0")
    assert produce.value is not None
    message = decode(Quarantined, produce.value[PREFIX.size :])
    assert (message.reason, message.offset, message.value, message.key) == (
        "UNREADABLE",
        7,
        b"\x00garbage",
        b"k",
    )
    assert len(message.detail) == 300


def test_exit_codes_are_different_and_none_is_success():
    codes = [exits.BUG, exits.AGAIN, exits.FENCED, exits.REFUSED]
    assert len({0, *codes}) == 5


DIES = """
import sys, time
from transport.edge import die_at
from transport.kill_points import KillPoint, reached
from transport.settings import read
die_at(read({"INTERLOCK_KILL_AT": sys.argv[1]}).kill_at)
for number in range(5):
    print(number, flush=True)
    reached(KillPoint.BEFORE_COMMIT)
    reached(KillPoint.AFTER_COMMIT)
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("told", "seen"),
    [("after-commit:3", ["0", "1", "2"]), ("before-commit:5+1000", ["0", "1", "2", "3", "4"])],
)
def test_a_process_kills_itself_at_the_point_and_time_it_is_told(told, seen):
    root = Path(__file__).parents[2]
    died = subprocess.run(
        [sys.executable, "-c", DIES, told], capture_output=True, text=True, check=False, cwd=root
    )
    assert (died.returncode, died.stdout.split()) == (-signal.SIGKILL, seen)


@pytest.mark.parametrize("wrong", ["nowhere", "after-commit:often"])
def test_a_kill_point_that_is_none_is_refused_with_the_list(wrong):
    with pytest.raises(settings.SettingsError, match="of before-init, after-init"):
        settings.read({"INTERLOCK_KILL_AT": wrong})


def test_a_loop_that_does_not_return_says_where_it_is_and_for_how_long(tmp_path, caplog):
    probe = probes.Probe(tmp_path, "demo", "kernel-0")
    file = probes.progress_file(tmp_path, "demo", "kernel-0")
    probe.note({("proposals", 0): 5}, {}, frozenset(), 0)
    for now_ms in range(1_000, 20_000, 1_000):
        probe.beat(now_ms, "kernel/step.py:66 (take)")
    judged = probes.ready(file)
    assert not judged.ready
    assert "it does not return, in kernel/step.py:66 (take), for 1" in judged.why
    (logged,) = [record.getMessage() for record in caplog.records]
    assert logged.split(", for ")[0] == judged.why.split(", for ")[0]
    probe.note({("proposals", 0): 6}, {}, frozenset(), 20_000)
    assert probes.ready(file).ready


def test_a_loop_without_a_broker_says_that_it_waits_for_it(tmp_path):
    probe = probes.Probe(tmp_path, "demo", "kernel-0")
    file = probes.progress_file(tmp_path, "demo", "kernel-0")
    for now_ms in range(0, 20_000, 1_000):
        probe.heard(False, now_ms)
        probe.note({("proposals", 0): 5}, {}, frozenset(), now_ms)
    assert "waits for the broker: no connection, for 19 s" in probes.ready(file).why
    probe.heard(True, 20_000)
    probe.note({("proposals", 0): 5}, {}, frozenset(), 20_000)
    assert probes.ready(file).ready
    for now_ms in range(21_000, 40_000, 1_000):  # it was stopped, and its restart cannot reach the broker
        probe.beat(now_ms, "transport/kafka_producer.py:46 (init)")
    assert "waits for the broker, in transport/kafka_producer.py:46" in probes.ready(file).why


def test_a_record_held_for_its_cause_is_told_apart_from_one_not_read(tmp_path):
    probe = probes.Probe(tmp_path, "demo", "kernel-0")
    for now_ms in range(0, 20_000, 1_000):
        probe.note({("proposals", 0): 5}, {("proposals", 0): 2}, frozenset(), now_ms)
    why = probes.ready(probes.progress_file(tmp_path, "demo", "kernel-0")).why
    assert "proposals/0, held for a record of market.signals, not moving, for 19 s" in why


def test_the_beat_names_the_innermost_frame_of_ours():
    assert beating.doing(threading.get_ident()).startswith("transport/beating.py:")
    assert beating.doing(-1) == "code of others"


def test_a_block_is_told_of_while_it_waits(tmp_path):
    probe = probes.Probe(tmp_path, "demo", "kernel-0")
    with beating.beating(probe):
        time.sleep(1.3)
    told = json.loads(probes.progress_file(tmp_path, "demo", "kernel-0").read_text())
    assert "test_rails_edges.py" in told["doing"]


def test_the_clients_statistics_say_whether_a_broker_is_there():
    def stats(*brokers):
        return json.dumps({"brokers": {str(n): {"nodeid": n, "state": state} for n, state in brokers}})

    assert kafka_log.connected(stats((-1, "UP"), (0, "UP"), (1, "DOWN")))
    assert not kafka_log.connected(stats((-1, "UP"), (0, "TRY_CONNECT"), (1, "INIT")))


def test_what_is_too_large_to_be_kept_is_cut_and_says_so():
    huge = Record(topic="clock", partition=0, offset=7, key=b"k" * 99_999, value=b"v" * 3_000_000,
                  headers=(("h", b"x" * 99_999),))  # fmt: skip
    produce = quarantined(
        huge, QuarantineReason.UNREADABLE, "noise", ids=SchemaIds(ids={}), worker="kernel", shard=0, now=9
    )
    assert produce.value is not None
    assert len(produce.value) < BY_NAME["quarantine"].bytes_max
    message = decode(Quarantined, produce.value[PREFIX.size :])
    assert (message.reason, message.headers) == ("TOO_LARGE", ())
    assert (len(message.value or b""), len(message.key or b"")) == (512 * 1024, 64 * 1024)
    assert "only a part is kept of 3000000 bytes" in message.detail
    assert "UNREADABLE: noise" in message.detail
