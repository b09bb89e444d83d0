"""``faust -A topologies.proof.attestor worker`` runs the heuristic attestor under its own key."""

from __future__ import annotations

from typing import Any

from agents.heuristic import ATTESTOR
from ledger.envelope import PAYLOAD_TYPES
from schemas.models import Attestation
from topologies.batch_worker import Answering
from topologies.faust_worker import Desk, worker_app
from topologies.proof.attesting import Attestor
from transport.settings import read


def attestor_app() -> Any:
    """The Faust app of the attestor. It has no contract, so it says no hello."""
    settings = read()

    def start() -> tuple[Desk, Answering]:
        desk = Desk.open(settings, ATTESTOR, (PAYLOAD_TYPES[Attestation],))
        grants = desk.following.grants
        return desk, Attestor(ledger=desk.card.ledger, grants=grants, pen=desk.signer).answer

    return worker_app(ATTESTOR, settings, "evidence.requests", start)


app = attestor_app()
