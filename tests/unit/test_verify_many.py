"""However many processes read a ledger, and wherever an audit begins, what is found is the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pytest

import ledger.verify_chunks as many
from interlock.tamper.forge import Copy
from interlock.tamper.ruled_attacks import RULED
from interlock.tamper.run import ATTACKS
from ledger import chunks
from ledger.archive import write_archive
from ledger.facts import Facts
from ledger.findings import Findings
from ledger.resumed import Start
from ledger.spill import Spilled
from ledger.trust import Anchor
from ledger.verify import Common, Level, Partition
from ledger.verify_chunks import verify_chunks
from ledger.verify_cli import verify_files
from tests.build import signer
from tests.tamper_world import anchors, trust, values

COPY = Copy.of(values(), signer)


def report(read: Sequence[Partition], findings: Findings) -> str:
    """All that a report is made of."""
    told = [
        (each.source, each.bodies.origin, each.frontier, each.signed, each.anchored, sorted(each.witnesses))
        for each in read
    ]
    return repr((told, [asdict(each) for each in findings.kept], sorted(findings.counts.items())))


def one_by_one(paths: Sequence[Path], level: Level, kept: Sequence[Anchor]) -> str:
    findings = Findings()
    return report(verify_files(paths, level, kept, trust(), findings), findings)


def in_chunks(paths: Sequence[Path], level: Level, kept: Sequence[Anchor], jobs: int = 1) -> str:
    findings = Findings()
    common = Common(level=level, findings=findings, anchors=kept, trust=trust())
    read, _ = verify_chunks(paths, common, jobs, [Start()] * len(paths), lambda size: None)
    return report(read, findings)


def written(path: Path, found: Sequence[bytes]) -> Path:
    with path.open("wb") as file:
        write_archive(file, found)
    return path


@pytest.fixture(params=[1, 4, 7, 64])
def cut(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Chunks so short that a small ledger has many; a length that is no power of two is as good as one."""
    monkeypatch.setattr(many, "FEW_ENTRIES", request.param)
    return int(request.param)


def test_a_whole_ledger_is_told_alike(tmp_path: Path, cut: int) -> None:
    paths = [written(tmp_path / "0.ilk", values())]
    for level in Level:
        assert in_chunks(paths, level, anchors()) == one_by_one(paths, level, anchors())


def test_every_attack_is_told_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "FEW_ENTRIES", 16)
    for name, done in [*((each.name, each.done) for each in ATTACKS), *RULED.items()]:
        paths = [written(tmp_path / "0.ilk", done(COPY))]
        assert in_chunks(paths, Level.EVIDENCE, anchors()) == one_by_one(paths, Level.EVIDENCE, anchors()), (
            name
        )


def test_two_partitions_with_the_same_steps_are_told_alike(tmp_path: Path, cut: int) -> None:
    paths = [written(tmp_path / f"{number}.ilk", values()) for number in range(2)]
    told = one_by_one(paths, Level.EVIDENCE, ())
    assert "STEP_TWICE" in told
    assert in_chunks(paths, Level.EVIDENCE, ()) == told


def test_real_processes_tell_what_one_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many, "FEW_ENTRIES", 16)
    bad = list(values())
    bad[100] = bad[100][:-1] + bytes([bad[100][-1] ^ 1])
    paths = [written(tmp_path / "0.ilk", bad), written(tmp_path / "1.ilk", values())]
    assert in_chunks(paths, Level.EVIDENCE, anchors(), 2) == one_by_one(paths, Level.EVIDENCE, anchors())


@pytest.mark.parametrize("at", [0, 5, 19, 20, 25, 3000, -1, -10, -300])
def test_frames_that_end_or_lie_are_told_alike(tmp_path: Path, cut: int, at: int) -> None:
    path = written(tmp_path / "0.ilk", values())
    whole = path.read_bytes()
    for bad in (whole[:at], whole[:at] + b"\xff" + whole[at:], whole[:at] + bytes(4) + whole[at:]):
        path.write_bytes(bad)
        assert in_chunks([path], Level.STRUCTURE, ()) == one_by_one([path], Level.STRUCTURE, ())


def test_what_one_entry_proves_twice_is_told_in_one_order_wherever_it_lay(tmp_path: Path) -> None:
    """Keys lie in files by their first byte, which is no order of the ledger's."""
    told = []
    for facts in (Facts(), Facts(Spilled(tmp_path))):
        findings = Findings()
        for seq in (1, 2):
            for key, step in ((b"\xff", "a"), (b"\x01", "b"), (b"\x80", "c")):
                facts.tell(key * 16, (0, seq), seq, "STEP", step)
        facts.settle([("0.ilk", 0, 3, False)], findings)
        told.append([each.found for each in findings.kept])
    assert told == [["a again", "b again", "c again"]] * 2


def test_keys_and_schemas_beyond_a_bound_of_bytes_are_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "GROUND_MAX", 50_000)
    with pytest.raises(many.TooMuch, match="50000 bytes"):
        in_chunks([written(tmp_path / "0.ilk", values())], Level.COMMIT, anchors())


def test_a_chunk_ends_at_a_bound_of_bytes_and_all_is_told_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks so small that lengths and entries lie across them."""
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 5_000)
    for block in (4, 5, 1_000):
        monkeypatch.setattr(chunks, "BLOCK", block)
        paths = [written(tmp_path / "0.ilk", values())]
        assert len(list(chunks.cut(paths[0], 0, (0, 0), 1 << 14))) > 10
        assert in_chunks(paths, Level.EVIDENCE, anchors()) == one_by_one(paths, Level.EVIDENCE, anchors())
        whole = paths[0].read_bytes()
        for end in range(len(whole) - 40, len(whole)):
            paths[0].write_bytes(whole[:end])
            assert in_chunks(paths, Level.COMMIT, ()) == one_by_one(paths, Level.COMMIT, ())
