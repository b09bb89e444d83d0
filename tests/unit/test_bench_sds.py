"""The bench of the engines runs: its short form, whose figures nobody reads here."""

import pytest

pytestmark = pytest.mark.model


def test_gates_are_measured_beside_drift(capsys):
    from bench.sds_gates import gates_beside_drift

    gates_beside_drift(2)
    assert "drift alone" in capsys.readouterr().out


def test_atoms_a_second_are_counted(capsys):
    from bench.sds_atoms import atoms_a_second

    assert atoms_a_second(2) > 0
    assert "signature" in capsys.readouterr().out
