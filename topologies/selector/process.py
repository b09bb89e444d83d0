"""The edge of the selector: settings, card and key in, the loop until it is told to stop."""

from __future__ import annotations

import logging
import sys

from ledger.signing import Signer
from ledger.skips import judge
from topologies.selector.processor import Selector
from topologies.selector.state import NAME
from transport.card import load_card, seed
from transport.edge import serve
from transport.processor import Processor
from transport.settings import ProcessSettings, read
from transport.skipping import Skipping


def selector(settings: ProcessSettings) -> Processor:
    """The processor of one shard; skips are passed by. Raises CardError when card or key is missing."""
    card = load_card(settings.state, settings.ledger)
    made = Selector(
        ledger=card.ledger,
        root_public=card.root,
        shards=card.shards,
        shard=settings.shard,
        signer=Signer(seed(settings.state, settings.ledger, NAME)),
    )
    return Skipping(made, judge(card.root, card.ledger))


def main() -> int:
    """Run until SIGTERM; the exit code is the loop's."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    return serve(read(), selector)


if __name__ == "__main__":
    sys.exit(main())
