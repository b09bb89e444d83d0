"""The table of what a stolen key can do is what the kernel and the verifier answer, cell by cell."""

from pathlib import Path

import pytest

from tests.forgers import DEEDS, HOLDERS

PAGE = Path(__file__).parents[2] / "docs" / "forgers.md"


def written():
    """The page's cells by (deed, holder)."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    holders = [cell.strip() for cell in lines[0].strip("|").split("|")][1:]
    cells = {}
    for line in lines[2:]:
        deed, *answers = [cell.strip() for cell in line.strip("|").split("|")]
        cells |= {(deed, holder): answer for holder, answer in zip(holders, answers, strict=True)}
    return cells


CELLS = written()


def test_the_page_holds_every_deed_of_every_holder():
    assert set(CELLS) == {(deed, holder) for deed in DEEDS for holder in HOLDERS}


@pytest.mark.parametrize(("deed", "holder"), sorted(CELLS))
def test_each_cell_is_what_happens(deed, holder):
    assert DEEDS[deed](HOLDERS[holder]) == CELLS[(deed, holder)]


def test_no_single_key_moves_money_but_an_agents_within_its_contract():
    moved = {cell for cell, answer in CELLS.items() if answer == "ACCEPTED"}
    assert moved == {("an order within the agent's contract", "an agent's")}
