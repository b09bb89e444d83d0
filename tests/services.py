"""Our own services for tests that need all of them: one state folder a session, ended by its process ids."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from interlock import demo
from interlock.demo_plan import Wanted
from interlock.demo_show import PlainShow
from interlock.services import local
from interlock.services.running import Running

# 07:45 to 08:45, the hour of the fall: every lane, a HALT over a BUY, orders and faults lie in it.
HOUR = Wanted(first_minute=105, minutes=60)


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Kafka and registry, as `interlock up` starts them."""
    root = tmp_path_factory.mktemp("services") / "state"
    running = local.ensure(root)
    yield running
    local.down(root)


@pytest.fixture(scope="session")
def undisturbed(services: Running) -> demo.Ran:
    """One hour of tape in lock-step, nothing killed: what other runs are compared with."""
    return demo.run(services.root, demo.Options(wanted=HOUR), PlainShow())
