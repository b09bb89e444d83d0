"""What the offline verifier catches: every kind of tampering with a small ledger, each by its own code."""

import ast
import importlib.util
import io
import json
import subprocess
import sys
import tokenize
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.archive import write_archive
from ledger.entry import decode_entry
from ledger.entry_writer import encode_entry
from ledger.findings import Code, Findings, Outcome
from ledger.merkle import leaf_hash
from ledger.trust import parse_anchor
from ledger.trust_text import trust_text
from ledger.verify import Common, Level, Partition
from schemas.kinds import EntryKind
from tests.ledger_sample import LEDGER, OPERATOR, Sample, flow, m, note, sample, trust

WHOLE = sample().values
LARGE_LINES_MAX = 1_044  # with facts in temporary files
FULL_LINES_MAX = 1_530  # with --jobs, --since and --receipt as well
ARTIFACT_LINES_MAX = 1_725  # with --artifacts too
NOTE = note(WHOLE).render()


def verify(values, *, level=Level.EVIDENCE, anchors=(NOTE,), trusted=True):
    """The outcome and the codes of one verification."""
    found = Findings()
    known = trust() if trusted else None
    notes = [parse_anchor(each, known) for each in anchors]
    partition = Partition(source="x", common=Common(level=level, findings=found, anchors=notes, trust=known))
    partition.read(values)
    return found.outcome(), {Code[name] for name in found.counts}, partition


def rechained(values):
    """The same entries with prev and seq made to fit, as somebody without the kernel's key could."""
    out, prev = [], bytes(32)
    for seq, value in enumerate(values):
        out.append(encode_entry(replace(decode_entry(value), prev=prev, seq=seq)))
        prev = leaf_hash(out[-1])
    return out


def place_of(kind):
    return next(n for n, value in enumerate(WHOLE) if decode_entry(value).kind == kind)


def edited(place, **changed):
    values = list(WHOLE)
    values[place] = encode_entry(replace(decode_entry(values[place]), **changed))
    return values


def test_a_whole_ledger_with_a_witnesses_note_and_a_trust_file_is_intact():
    outcome, codes, read = verify(WHOLE)
    assert (outcome, codes) == (Outcome.INTACT, set())
    assert read.bodies.origin == f"{OPERATOR}/{LEDGER.hex()}/0"
    assert (read.frontier.size, read.signed, read.anchored) == (len(WHOLE), len(WHOLE) - 1, len(WHOLE) - 1)


@pytest.mark.parametrize("level", list(Level))
def test_every_level_finds_a_whole_ledger_intact(level):
    assert verify(WHOLE, level=level)[:2] == (Outcome.INTACT, set())


def test_without_an_anchor_it_is_never_intact():
    assert verify(WHOLE, anchors=())[:2] == (Outcome.INCOMPLETE, {Code.UNANCHORED})


def test_without_a_trust_file_the_signer_is_unknown():
    assert verify(WHOLE, trusted=False)[:2] == (Outcome.INCOMPLETE, {Code.UNANCHORED, Code.SIGNER_UNKNOWN})


def test_an_edited_body_breaks_the_link_after_it_and_the_root():
    place = place_of(EntryKind.CLOSE - 3)  # a CONTROL entry
    outcome, codes, _ = verify(edited(place, body=decode_entry(WHOLE[place]).body[:-1] + b"\x02"))
    assert outcome is Outcome.TAMPERED
    assert {Code.PREV_BROKEN, Code.ROOT_MISMATCH, Code.ANCHOR_MISMATCH} <= codes


def test_a_deleted_entry_breaks_link_and_sequence():
    outcome, codes, _ = verify(WHOLE[:20] + WHOLE[21:])
    assert outcome is Outcome.TAMPERED
    assert {Code.PREV_BROKEN, Code.SEQ_BROKEN} <= codes


def test_a_deleted_entry_with_the_rest_rechained_breaks_the_signed_sizes():
    outcome, codes, _ = verify(rechained(WHOLE[:23] + WHOLE[24:]))
    assert outcome is Outcome.TAMPERED
    assert Code.PREV_BROKEN not in codes
    assert {Code.CHECKPOINT_SIZE, Code.TRUNCATED} & codes


def test_an_inserted_entry_breaks_link_and_sequence():
    outcome, codes, _ = verify([*WHOLE[:23], WHOLE[22], *WHOLE[23:]])
    assert outcome is Outcome.TAMPERED
    assert {Code.PREV_BROKEN, Code.SEQ_BROKEN} <= codes


def test_two_entries_swapped_break_link_and_sequence():
    values = list(WHOLE)
    values[22], values[23] = values[23], values[22]
    outcome, codes, _ = verify(values)
    assert outcome is Outcome.TAMPERED
    assert {Code.PREV_BROKEN, Code.SEQ_BROKEN} <= codes


def test_two_entries_swapped_and_rechained_break_the_root():
    values = list(WHOLE)
    values[13], values[14] = values[14], values[13]
    outcome, codes, _ = verify(rechained(values))
    assert outcome is Outcome.TAMPERED
    assert Code.PREV_BROKEN not in codes
    assert {Code.ROOT_MISMATCH, Code.ANCHOR_MISMATCH} <= codes


def test_a_cut_in_the_middle_of_a_batch_leaves_a_tail_that_nobody_signed():
    outcome, codes, _ = verify(WHOLE[:-2], anchors=())
    assert (outcome, codes) == (Outcome.INCOMPLETE, {Code.TAIL_UNSIGNED, Code.UNANCHORED})


def test_a_cut_at_a_checkpoint_shows_only_against_an_anchor():
    ends = [n for n, value in enumerate(WHOLE) if decode_entry(value).kind == EntryKind.CHECKPOINT]
    short = WHOLE[: ends[-2] + 1]
    assert verify(short, anchors=())[1] == {Code.UNANCHORED}
    outcome, codes, _ = verify(short)
    assert outcome is Outcome.INCOMPLETE
    assert Code.TRUNCATED in codes


def test_a_dropped_head_is_seen():
    outcome, codes, _ = verify(WHOLE[3:])
    assert outcome is Outcome.TAMPERED
    assert Code.HEAD_MISSING in codes


def test_a_rewrite_by_the_holder_of_the_kernel_key_shows_only_against_an_anchor():
    rewritten = sample(rounds=3).values
    assert verify(rewritten, anchors=())[1] == {Code.UNANCHORED}
    outcome, codes, _ = verify(rewritten, anchors=(note(sample(rounds=1).values).render(), NOTE))
    assert (outcome, codes) == (Outcome.INTACT, set()), "the same history, longer, is no rewrite"
    assert verify(_another_history(), anchors=())[1] == {Code.UNANCHORED}
    outcome, codes, _ = verify(_another_history())
    assert outcome is Outcome.TAMPERED
    assert Code.ANCHOR_MISMATCH in codes


def _another_history():
    """The same number of entries, signed by the same kernel, with other times."""
    made = Sample().genesis()
    made.now += 7
    made.batch()
    made.control(m.Verb.OPEN)
    for number in range(2):
        made.round(number)
    return made.values


def test_all_entries_unread_is_incomplete_and_not_intact():
    assert verify([])[1] >= {Code.TAIL_UNSIGNED, Code.UNANCHORED}


def test_every_flipped_byte_is_reported_and_none_crashes():
    """The anchor alone would see each; without one chain, tree and signatures must see it too."""
    for place, value in enumerate(WHOLE):
        # All of the head; of the body a stride that no field's length divides. The last has no tree after it.
        last = place == len(WHOLE) - 1
        for at in [*range(0, 90, 5), *range(90, len(value), 1 if last else 97)]:
            flipped = bytearray(value)
            flipped[at] ^= 1 << (at % 8)
            values = [*WHOLE[:place], bytes(flipped), *WHOLE[place + 1 :]]
            outcome, _, _ = verify(values, level=Level.SIGN if last else Level.COMMIT, anchors=())
            assert outcome in (Outcome.TAMPERED, Outcome.UNREADABLE), (place, at)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    with (tmp_path / "0.ilk").open("wb") as file:
        write_archive(file, WHOLE)
    (tmp_path / "note").write_text(NOTE, encoding="utf-8")
    (tmp_path / "trust.json").write_text(trust_text(trust()), encoding="utf-8")
    return tmp_path


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "ledger", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_the_command_says_intact_with_how_far_and_by_whom(files):
    done = command("verify", files / "0.ilk", "--anchor", files / "note", "--trust", files / "trust.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("intact: level evidence, anchored to 33, keys of the trust file\n")
    assert "witness.test" in done.stdout


def test_the_command_reports_as_json_and_the_same_bytes_each_time(files):
    line = ("verify", files, "--anchor", files / "note", "--trust", files / "trust.json", "--json")
    first, second = command(*line), command(*line)
    assert first.stdout == second.stdout
    assert json.loads(first.stdout)["result"] == "intact"


def test_the_exit_code_is_1_for_tampering_2_for_incomplete_3_for_unreadable_64_for_usage(files):
    whole = (files / "0.ilk").read_bytes()
    trusted = ("--anchor", files / "note", "--trust", files / "trust.json")
    (files / "1.ilk").write_bytes(whole.replace(b"interlock.test", b"interlock.tess", 1))
    assert command("verify", files / "1.ilk", *trusted).returncode == 1
    assert command("verify", files / "0.ilk").returncode == 2
    (files / "2.ilk").write_bytes(b"not a ledger")
    assert command("verify", files / "2.ilk").returncode == 3
    assert command("verify", files / "0.ilk", "--level", "deep").returncode == 64
    assert command("verify", files / "missing.ilk").returncode == 64
    assert command("look").returncode == 64


def test_show_answers_the_six_questions_of_a_flow(files):
    done = command("show", flow(0).dfid.hex(), files / "0.ilk", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert told["woke"][0]["trigger"]["signal_id"] == "s0"
    assert told["seen"][0]["attempt"] == 1
    assert told["why"][0]["who"] == "prover"
    assert told["proposed"][0]["quantity"] == "0.05"
    assert (told["ruled"][0]["verdict"], told["ruled"][0]["reason"]) == ("ACCEPTED", "NONE")
    assert told["happened"][0]["status"] == "FILLED"
    assert command("show", "00" * 16, files / "0.ilk").returncode == 1


LOADED = "import sys, ledger.{}; print('\\n'.join(sorted(sys.modules)))"


def loaded(module: str) -> list[str]:
    """Every module that is there once this one of ours is imported."""
    line = [sys.executable, "-c", LOADED.format(module)]
    return subprocess.run(line, capture_output=True, text=True, check=True).stdout.split()


def ours(modules: list[str]) -> list[str]:
    return [name for name in modules if name.split(".")[0] in ("ledger", "schemas")]


def test_what_the_verifier_loads_is_small_and_needs_no_broker_or_model():
    modules = loaded("verify_cli")
    heavy = {"pydantic", "confluent_kafka", "torch", "faust", "aiokafka", "yaml", "typer", "rich"}
    assert heavy & {name.split(".")[0] for name in modules} == set()
    assert sum(code_lines(name) for name in [*ours(modules), "ledger.__main__"]) <= 1000


def test_what_more_processes_a_large_ledger_or_an_earlier_audit_add_is_small_too():
    """Each form is counted, so that none grows unseen: auditing.md says when each of them is loaded."""
    base = {*ours(loaded("verify_cli")), "ledger.__main__"}
    large = {*base, *ours(loaded("spill"))}
    all_of_it = {*large, *ours(loaded("verify_more"))}
    heavy = {"pydantic", "confluent_kafka", "schemas.models", "schemas.codec"}
    assert heavy & {*all_of_it, *loaded("verify_more")} == set()
    assert sum(map(code_lines, large)) <= LARGE_LINES_MAX
    assert sum(map(code_lines, all_of_it)) <= FULL_LINES_MAX
    with_artifacts = {*all_of_it, *ours(loaded("artifacts"))}
    assert heavy & {*with_artifacts, *loaded("artifacts")} == set()
    assert sum(map(code_lines, with_artifacts)) <= ARTIFACT_LINES_MAX


def code_lines(module: str) -> int:
    """Lines that hold code: no blank, comment or docstring line."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    text = Path(spec.origin).read_text(encoding="utf-8")
    skipped = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in (*skipped, tokenize.ENDMARKER):
            lines |= set(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                lines -= set(range(node.lineno, (node.end_lineno or 0) + 1))
    return len(lines)
