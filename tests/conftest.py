"""Fixtures of more than one folder; and which examples the laws are tried on."""

import gc
import os

from hypothesis import settings

from tests.brokers import broker
from tests.services import services, undisturbed

__all__ = ["broker", "services", "undisturbed"]

# A check tries the same examples until a law's test changes: red means this change. New examples are what the
# campaigns are for (LAWS=n, `make laws`, `make fuzz`, `make simulate`), and what they find becomes a test.
settings.register_profile("check", derandomize=True)
settings.load_profile("default" if os.environ.get("LAWS") else "check")


def pytest_runtest_teardown() -> None:
    """A loop's start takes what is there out of the collector's sight for good; a test's process lives on."""
    gc.unfreeze()
