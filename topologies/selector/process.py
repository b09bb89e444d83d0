"""The edge of the selector: settings, card and key in, the loop until it is told to stop."""

from __future__ import annotations

import logging
import sys

from ledger.signing import Signer
from topologies.selector.processor import Selector
from topologies.selector.state import NAME
from transport.card import load_card, seed
from transport.edge import serve
from transport.settings import ProcessSettings, read


def selector(settings: ProcessSettings) -> Selector:
    """The processor of one shard of one ledger. Raises CardError when card or key is missing."""
    card = load_card(settings.state, settings.ledger)
    return Selector(
        ledger=card.ledger,
        root_public=card.root,
        shards=card.shards,
        shard=settings.shard,
        signer=Signer(seed(settings.state, settings.ledger, NAME)),
    )


def main() -> int:
    """Run until SIGTERM; the exit code is the loop's."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    return serve(read(), selector)


if __name__ == "__main__":
    sys.exit(main())
