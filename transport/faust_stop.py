"""How a thinker ends: at once where it cannot go on, and within a bound where it is asked to stop.

Faust's own way out has no bound (seen in CI, on a busy machine: a prover alive 20 s after SIGTERM). Among
other things its main loop joins the consumer's thread, whose last tasks may want that loop's answer. A
thinker may end anywhere, since what it has not acknowledged is read again; so after `STOP_S_MAX` it does, and
says what was still there. A thread watches, as the main loop may stand by then; one that stood before it
could hear the signal is the supervisor's to kill.
"""

from __future__ import annotations

import asyncio
import faulthandler
import logging
import os
import sys
import threading
from typing import NoReturn

from aiokafka.errors import KafkaError
from faust.exceptions import ProducerSendError
from faust.worker import Worker

from transport.exits import AGAIN, BUG
from transport.log import LogError

logger = logging.getLogger(__name__)

STOP_S_MAX = 6.0  # a stop takes 1.3 s, twice that on a busy machine; the supervisor kills after 10
TELL_S_MAX = 1.0


def end(who: object, error: BaseException, code: int | None = None) -> NoReturn:
    """End this process at once: with `code`, else AGAIN where the log is to blame, else BUG.

    Faust's own way out waits for the broker, for as long as that is away.
    """
    logger.critical("%s stopped by %s: %s", who, type(error).__name__, error, exc_info=error)
    logging.shutdown()
    logs = isinstance(error, KafkaError | ProducerSendError | LogError)
    os._exit(code if code is not None else AGAIN if logs else BUG)


def cut(worker: Worker) -> NoReturn:
    """End the process now: 0 where a signal asked it to, AGAIN where it was failing."""
    code = 0 if worker._shutdown_immediately and worker.crash_reason is None else AGAIN
    last = threading.Timer(TELL_S_MAX, os._exit, (code,))  # who holds the log may never let go of it
    last.daemon = True
    last.start()
    try:
        left = "; ".join(repr(task) for task in asyncio.all_tasks(worker.loop))
        logger.error(
            "not ended %s s after it was told to stop; still there: %s", STOP_S_MAX, left or "nothing"
        )
        faulthandler.dump_traceback(sys.stderr)
        logging.shutdown()
    finally:
        os._exit(code)


class BoundedWorker(Worker):
    """Faust's worker, whose stop has an end."""

    async def stop(self) -> None:
        """Stop as Faust does, within `STOP_S_MAX` and the end of the process with it."""
        watch = threading.Timer(STOP_S_MAX, cut, (self,))
        watch.daemon = True
        watch.start()
        await super().stop()
