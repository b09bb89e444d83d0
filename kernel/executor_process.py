"""The executor's process: `python -m kernel.executor_process`; it alone holds the venue."""

from __future__ import annotations

import logging
import sys

from kernel.executor import Executor
from kernel.venues.paper import PaperVenue
from ledger.signing import Signer
from ledger.skips import judge
from transport.card import load_card, seed
from transport.edge import serve
from transport.processor import Processor
from transport.settings import ProcessSettings, read
from transport.skipping import Skipping


def build(settings: ProcessSettings) -> Processor:
    """The executor of one shard and its paper venue; its seed is fixed, so that a tape repeats."""
    card = load_card(settings.state, settings.ledger)
    name = f"{settings.ledger}.db" if settings.shard == 0 else f"{settings.ledger}-{settings.shard}.db"
    venue = PaperVenue(settings.state / "venue" / name, seed="paper", ledger=card.ledger)
    executor = Executor(
        ledger=card.ledger, root=card.root, shards=card.shards, shard=settings.shard,
        signer=Signer(seed(settings.state, settings.ledger, "executor")), venue=venue,
    )  # fmt: skip
    return Skipping(executor, judge(card.root, card.ledger))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    sys.exit(serve(read(), build))
