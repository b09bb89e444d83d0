"""The kernel's process: `python -m kernel.process`; it alone holds the keys of log and orders."""

from __future__ import annotations

import logging
import sys

from kernel.consumer import Kernel
from kernel.state.whole import Identity
from ledger.signing import Signer
from transport.card import Card, load_card, seed
from transport.edge import serve
from transport.settings import ProcessSettings, read


def identity_of(card: Card, shard: int) -> Identity:
    """What GENESIS will say, or has said."""
    return Identity(
        name=card.name,
        ledger=card.ledger,
        operator=card.operator,
        clock=card.clock,
        shards=card.shards,
        root=card.root,
        shard=shard,
        continues=tuple(note.encode() for note in card.continues),
    )


def build(settings: ProcessSettings) -> Kernel:
    """The kernel of one shard of one ledger. Raises CardError when card or key is missing."""
    card = load_card(settings.state, settings.ledger)
    return Kernel(
        identity=identity_of(card, settings.shard),
        log_signer=Signer(seed(settings.state, settings.ledger, "kernel-log")),
        intent_signer=Signer(seed(settings.state, settings.ledger, "kernel-intent")),
    )


def main() -> int:
    """Run until SIGTERM; the exit code is the loop's."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    return serve(read(), build)


if __name__ == "__main__":
    sys.exit(main())
