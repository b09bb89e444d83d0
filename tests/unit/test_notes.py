"""Notes, trust files and the witness: one spelling, nothing signed that forgets."""

from dataclasses import replace
from pathlib import Path

import pytest

from interlock import witness as edge
from ledger.chain import Chain, Head
from ledger.cosign import cosign
from ledger.note import BadNote, parse_checkpoint, parse_note, parse_vkey
from ledger.trust import BadTrust, parse_anchor, parse_trust
from ledger.trust_text import trust_text
from ledger.witness import Refusal, Witness
from schemas.kinds import Role
from tests.ledger_sample import LEDGER, OPERATOR, Sample, note, sample, signer, trust
from transport.card import Card
from transport.log import Record

WHOLE = sample().values
CARD = Card(name="demo", ledger=LEDGER, operator=OPERATOR, clock="TAPE", shards=1, root=signer("root").public)
NOTE = note(WHOLE).render()


def test_a_cosigned_note_reads_back_and_names_its_witness():
    anchor = parse_anchor(NOTE, trust())
    assert anchor.point.origin == f"{OPERATOR}/{LEDGER.hex()}/0"
    assert (anchor.point.size, anchor.partition, anchor.witnesses) == (len(WHOLE) - 1, 0, ("witness.test",))
    assert parse_anchor(NOTE, None).witnesses == ()


def test_a_cosignature_of_another_time_or_key_is_none():
    other = cosign(
        replace(note(WHOLE), signatures=note(WHOLE).signatures[:1]), "witness.test", signer("x"), 1
    )
    assert parse_anchor(other.render(), trust()).witnesses == ()
    lines = NOTE.split("\n")
    changed = parse_note(NOTE)
    last = changed.signatures[-1]
    moved = replace(changed, signatures=(replace(last, blob=bytes(8) + last.blob[8:]),))
    assert lines[1] == str(len(WHOLE) - 1)
    assert parse_anchor(moved.render(), trust()).witnesses == ()


@pytest.mark.parametrize(
    "spoiled",
    [
        "", "\n\n", NOTE[:-1], NOTE + "\n", NOTE.replace("\n\n", "\n"), NOTE.replace("\n", "\r\n"),
        NOTE.replace("=\n\n", "\n\n"), "x" + NOTE * 40, NOTE.replace("\N{EM DASH} ", "- "),
        NOTE + "\N{EM DASH} a b\n",
    ],
)  # fmt: skip
def test_any_other_spelling_of_a_note_is_refused(spoiled):
    with pytest.raises(BadNote):
        parse_checkpoint(parse_note(spoiled).text)


@pytest.mark.parametrize("size", ["-1", "01", "+1", "1e3", "٣", "", "9" * 30])
def test_a_checkpoints_size_has_one_spelling(size):
    text = note(WHOLE).text.split("\n")
    with pytest.raises(BadNote):
        parse_checkpoint("\n".join([text[0], size, *text[2:]]))


def test_a_vkey_reads_back_and_any_change_is_refused():
    key = trust().witnesses[0]
    assert parse_vkey(key.text()) == key
    for wrong in (key.text()[:-1], key.text().replace("witness", "wetness"), "a+b", "", key.text() + "="):
        with pytest.raises(BadNote):
            parse_vkey(wrong)


def test_a_trust_file_reads_back_and_anything_else_is_refused():
    text = trust_text(trust())
    assert parse_trust(text) == trust()
    for wrong in ("", "[]", "{}", text.replace(LEDGER.hex(), "00"), text.replace('"roots"', '"root"')):
        with pytest.raises(BadTrust):
            parse_trust(wrong)
    with pytest.raises(BadTrust):
        parse_trust(text.replace("{", '{"more": 1,', 1))


def seen(values, witness: Witness | None = None):
    """Fold all values; return the witness and the notes it would cosign, or the refusal."""
    state, notes = witness or Witness(), []
    for value in values:
        result = state.see(value)
        if isinstance(result, Refusal):
            return result, notes
        state, offered = result
        notes += [offered] if offered else []
    return state, notes


def test_a_witness_offers_a_note_for_every_checkpoint_of_a_whole_ledger():
    state, notes = seen(WHOLE)
    assert [parse_checkpoint(each.text).size for each in notes] == [21, 28, 33]
    assert state.frontier.size == len(WHOLE)
    assert state.origin == f"{OPERATOR}/{LEDGER.hex()}/0"


def test_a_witness_that_remembers_signs_only_what_is_longer():
    known = parse_checkpoint(seen(WHOLE)[1][1].text)
    _, notes = seen(WHOLE, Witness(known=known))
    assert [parse_checkpoint(each.text).size for each in notes] == [33]


def test_a_rewritten_history_is_a_fork_even_with_the_kernels_own_key():
    known = parse_checkpoint(seen(WHOLE)[1][1].text)
    other = Sample().genesis()
    other.now += 7
    for number in range(3):
        other.round(number)
    assert seen(other.values, Witness(known=known))[0] is Refusal.FORK


def test_a_shorter_ledger_than_was_signed_is_a_rollback():
    known = parse_checkpoint(seen(WHOLE)[1][-1].text)
    state, _ = seen(WHOLE[:25], Witness(known=known))
    assert state.at_end() is Refusal.ROLLBACK
    assert seen(WHOLE, Witness(known=known))[0].at_end() is None


def test_another_ledger_under_the_same_witness_is_foreign():
    known = parse_checkpoint(seen(WHOLE)[1][0].text)
    other = Sample(chain=Chain(Head(ledger=bytes(16), partition=0), OPERATOR)).genesis()
    assert seen(other.values, Witness(known=known))[0] is Refusal.FOREIGN


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        (WHOLE[1:], Refusal.NOT_NEXT),
        (WHOLE[:20] + WHOLE[21:], Refusal.NOT_NEXT),
        ([*WHOLE[:20], WHOLE[20][:-1], *WHOLE[21:]], Refusal.ENTRY_UNREADABLE),
        ([b"", *WHOLE], Refusal.ENTRY_UNREADABLE),
        ([*WHOLE[:20], bytes((WHOLE[20][0] ^ 1,)) + WHOLE[20][1:]], Refusal.PREV_BROKEN),
    ],
)
def test_a_damaged_ledger_is_refused_by_name(values, refusal):
    assert seen(values)[0] is refusal


def test_a_checkpoint_by_another_key_is_refused():
    made = Sample().genesis()
    made.checkpoint(by="selector")
    assert seen(made.values)[0] is Refusal.CHECKPOINT_SIGNER


def test_a_key_that_enrols_itself_is_refused():
    made = Sample().genesis()
    made.key("mallory", Role.AGENT, ("x",), "mallory", 9)
    assert seen(made.values)[0] is Refusal.KEY_REFUSED


class Tail:
    """A partition in memory: what `KafkaTail.read` gives, once."""

    def __init__(self, values: list[bytes]) -> None:
        self._values = values

    def read(self):
        values, self._values = self._values, []
        return (
            Record(topic="kernel.ledger", partition=0, offset=n, key=None, value=v)
            for n, v in enumerate(values)
        )


def test_the_note_on_disk_is_the_witnesss_memory(tmp_path: Path):
    path = edge.note_path(tmp_path, "demo")
    watching = edge.Watching(path, signer("witness"), CARD)
    assert watching.take(Tail(WHOLE[:30]), 1_504_504_800.5) == 30
    first = parse_anchor(path.read_text(encoding="utf-8"), edge_trust())
    assert (first.point.size, first.witnesses) == (28, (edge.NAME,))
    again = edge.Watching(path, signer("witness"), CARD)
    assert again.witness.known == first.point
    again.take(Tail(WHOLE), 1_504_504_801.0)
    assert parse_anchor(path.read_text(encoding="utf-8"), edge_trust()).point.size == 33


def edge_trust():
    return replace(trust(), witnesses=(edge.witness_key(signer("witness").public),))


def test_a_ledger_that_came_back_shorter_is_refused_after_a_while_and_not_at_once(tmp_path: Path):
    path = edge.note_path(tmp_path, "demo", 3)
    assert path.name == "demo-3.note"
    edge.Watching(path, signer("witness"), CARD).take(Tail(WHOLE), 0.0)
    again = edge.Watching(path, signer("witness"), CARD)
    again.take(Tail(WHOLE[:25]), 100.0)
    again.take(Tail([]), 100.0 + edge.SHORT_S)
    with pytest.raises(edge.WitnessRefused) as refused:
        again.take(Tail([]), 101.0 + edge.SHORT_S)
    assert refused.value.reason is Refusal.ROLLBACK
