"""Entries shown as people read them, and the first place in which two ledgers part."""

import json
from dataclasses import replace

import pytest

from ledger import diff_cli, inspect_cli
from ledger.archive import write_archive
from ledger.differing import parting
from ledger.entry import decode_entry
from ledger.entry_writer import encode_entry
from ledger.plain_body import plain_entry
from ledger.shapes import Shapes
from schemas.kinds import EntryKind
from tests.build import World
from tests.ledger_sample import sample


def ledger(quantity="0.5"):
    """A kernel's own ledger: every shape it writes, and one order filled."""
    world = World()
    world.bought(quantity)
    return world.ledger


@pytest.fixture
def written(tmp_path):
    def write(name, values):
        (tmp_path / name).mkdir()
        with (tmp_path / name / "0.ilk").open("wb") as file:
            write_archive(file, values)
        return str(tmp_path / name)

    return write


def test_an_amount_is_shown_as_one_and_a_count_as_a_count_wherever_they_stand():
    shapes = Shapes()
    shown = [plain_entry(decode_entry(value), shapes) for value in ledger()]
    flow = next(each["body"]["flow"]["message"] for each in shown if each["kind"] == "FLOW")
    decision = next(each["body"] for each in shown if each["kind"] == "DECISION")
    assert flow["snapshot"]["account"]["cash"] == "100000"
    assert flow["attempt"] == 1
    assert (decision["mark"]["bid"], decision["snapshot_quote"]["ask"]) == ("4000", "4001")
    assert decision["intent"]["message"]["quantity"] == "0.5"
    assert decision["intent"]["message"]["at"] == flow["snapshot"]["taken_at"]


def test_two_ledgers_that_are_the_same_do_not_part():
    assert parting(ledger(), ledger()) is None


def test_the_first_difference_is_named_field_by_field_through_the_signatures():
    found = parting(ledger("0.5"), ledger("0.4"))
    assert (found.first, found.second) == ("DECISION", "DECISION")
    assert next(
        (each.first, each.second) for each in found.fields if each.path == "body.body.message.quantity"
    ) == ("0.5", "0.4")


def test_a_ledger_that_ends_earlier_parts_where_it_ends():
    found = parting(sample(2).values, sample(1).values)
    assert found.second == "(absent)"
    assert found.seq == len(sample(1).values)


def test_a_head_that_differs_is_shown_though_the_body_is_the_same():
    values = sample(1).values

    other = [*values[:-1], encode_entry(replace(decode_entry(values[-1]), prev=bytes(32)))]
    assert [each.path for each in parting(values, other).fields] == ["prev"]


def test_the_commands_say_same_different_and_unreadable(written, capsys):
    one, two = written("a", ledger()), written("b", ledger("0.4"))
    assert diff_cli.main([one, one]) == 0
    assert diff_cli.main([one, two, "--json"]) == 1
    assert inspect_cli.main([one, "--kind", "DECISION"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["kind"] == EntryKind.DECISION.name
    (broken := written("c", [b"x"]))
    assert inspect_cli.main([broken]) == 3
    assert diff_cli.main([one, broken]) == 3
    assert diff_cli.main([one, one + "/none"]) == 64
