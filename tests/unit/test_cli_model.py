"""A model that fits nothing is never let speak: checking it leaves no golden file, and `use` asks for one."""

import shutil

import pytest
from typer.testing import CliRunner

from agents.model.golden import GOLDEN
from interlock.cli import app

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def silent(tmp_path_factory):
    """Random weights like many words alike: each answer lacks mass, and none is given."""
    from agents.model.make_random import Size, make

    folder = tmp_path_factory.mktemp("silent")
    make(folder, kind="llama", size=Size(), seed=3)
    return folder


def test_a_model_that_answers_nothing_does_not_fit_and_may_not_speak(silent, tmp_path):
    own = tmp_path / "own"
    shutil.copytree(silent, own)
    (own / GOLDEN).write_text("{}", encoding="utf-8")
    checked = CliRunner().invoke(app, ["model", "check", str(own), "--rows", "16", "--renew"])
    assert checked.exit_code == 1, checked.output
    assert "it dares to answer nothing" in checked.output
    assert not (own / GOLDEN).exists()
    used = CliRunner().invoke(app, ["model", "use", str(own)])
    assert used.exit_code == 1
    assert "was never found to fit" in used.output
