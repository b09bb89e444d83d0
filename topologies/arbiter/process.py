"""``python -m topologies.arbiter.process``: the arbiter of one shard on Kafka, until it is told to stop."""

from __future__ import annotations

import logging
import sys

from ledger.signing import Signer
from ledger.skips import judge
from topologies.arbiter.processor import Arbiter
from transport.card import load_card, seed
from transport.edge import serve
from transport.processor import Processor
from transport.settings import ProcessSettings, read
from transport.skipping import Skipping


def build(settings: ProcessSettings) -> Processor:
    """The processor with its card and key; skips are passed by. Raises CardError when either is missing."""
    card = load_card(settings.state, settings.ledger)
    signer = Signer(seed(settings.state, settings.ledger, "arbiter"))
    arbiter = Arbiter(ledger=card.ledger, root_public=card.root, signer=signer, shard=settings.shard)
    return Skipping(arbiter, judge(card.root, card.ledger))


def main() -> int:
    """Run; the exit code is one of ``transport.exits``."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    return serve(read(), build)


if __name__ == "__main__":
    sys.exit(main())
