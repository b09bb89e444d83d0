"""A worker makes no log record that nobody would write, and one at a terminal keeps its spinner."""

import io
import logging

import pytest
from faust.utils.terminal.spinners import Spinner, SpinnerHandler

from transport.faust_fixes import without_spinner


class Terminal(io.StringIO):
    def isatty(self):
        return True


def as_faust_leaves_it(file):
    """A logger as faust.worker sets the root up at level WARN."""
    logger = logging.Logger("root of a test", logging.DEBUG)
    written = logging.StreamHandler(io.StringIO())
    written.setLevel(logging.WARNING)
    logger.addHandler(written)
    logger.addHandler(SpinnerHandler(Spinner(file=file), level=logging.DEBUG))
    return logger


def test_without_a_terminal_only_what_a_handler_writes_is_made():
    logger = as_faust_leaves_it(io.StringIO())
    assert logger.isEnabledFor(logging.DEBUG)
    without_spinner(logger)
    assert (logger.isEnabledFor(logging.INFO), logger.isEnabledFor(logging.WARNING)) == (False, True)
    assert len(logger.handlers) == 1


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING])
def test_at_a_terminal_or_without_a_spinner_all_stays(level):
    logger = as_faust_leaves_it(Terminal())
    without_spinner(logger)
    assert (logger.level, len(logger.handlers)) == (logging.DEBUG, 2)
    plain = logging.Logger("plain", level)
    without_spinner(plain)
    assert plain.level == level
