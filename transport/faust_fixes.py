"""Four corrections of Faust 0.15.3; without the first three workers act on aborted records or read old again.

1. Its worker consumer reads uncommitted records unless the whole app is exactly-once: ask for
   read_committed, and for a short fetch wait, since its 1,500 ms keep a newly assigned partition out of the
   fetch in flight.
2. `_add_gap(tp, a, b)` also marks b itself, which is a record yet to be handled, so on a topic written by
   transactions each commit interval advances over one gap only (41 of 120 offsets after 60 transactions).
3. A gap right after offset 0 is not seen (`gap > 1 and r_offset` takes 0 for "nothing read"), so that a
   partition whose second transaction was aborted never commits beyond 1.
4. Its terminal spinner turns at every log record, so at level WARN it sets the root logger to DEBUG, even
   without a terminal: a tenth of a busy worker's event loop went into records that nobody wrote anywhere.

They go when upstream mends them; `tests/integration/test_faust_rails.py` shows each.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import faust
from faust.app.base import BootStrategy
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.utils.terminal.spinners import SpinnerHandler

FETCH_WAIT_MS = 100  # nothing waits for it but a new assignment; 20 cost the broker 300 requests a second


class CommittedThread(driver.AIOKafkaConsumerThread):
    """Correction 1. The client reads both settings when it starts, which is after this."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        for name, value in (("_isolation_level", "read_committed"), ("_fetch_max_wait_ms", FETCH_WAIT_MS)):
            assert hasattr(consumer, name), f"aiokafka no longer has {name}: the correction would do nothing"
            setattr(consumer, name, value)
        return consumer


class CommittedConsumer(driver.Consumer):
    """Corrections 2 and 3."""

    def __init__(
        self, transport: Any, callback: Callable[..., Awaitable[None]], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(transport, callback, *args, **kwargs)
        self._inner = callback
        self.callback = self._noting_the_first_gap

    def _new_consumer_thread(self) -> CommittedThread:
        return CommittedThread(self, loop=self.loop, beacon=self.beacon)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        await super()._add_gap(tp, offset_from, offset_to - 1)

    async def _noting_the_first_gap(self, message: Any) -> None:
        if self._read_offset[message.tp] == 0 and message.offset > 1:
            await self._add_gap(message.tp, 1, message.offset)
        await self._inner(message)


class CommittedTransport(driver.Transport):
    """Faust's Kafka transport with the corrected consumer."""

    Consumer = CommittedConsumer


def without_spinner(root: logging.Logger) -> None:
    """Correction 4. Where nobody watches a terminal, no record is made that no handler would write."""
    spinning = [each for each in root.handlers if isinstance(each, SpinnerHandler)]
    if any(each.spinner.file.isatty() for each in spinning):
        return
    for each in spinning:
        root.removeHandler(each)
        root.setLevel(min((other.level for other in root.handlers), default=logging.WARNING))


class NoWeb(BootStrategy):
    """`faust worker` turns its web server on unless told otherwise, and two workers would want one port."""

    enable_web = False


class CommittedApp(faust.App):
    """A Faust app on the corrected transport, without a web server."""

    BootStrategy = NoWeb

    async def on_first_start(self) -> None:
        """The worker has set up its logging by now."""
        without_spinner(logging.getLogger())
        await super().on_first_start()

    def _new_transport(self) -> CommittedTransport:
        return CommittedTransport(self.conf.broker_consumer, self)
