"""The Faust app of a rule-based agent: its desk, and the pure thinker that answers at it."""

from __future__ import annotations

from typing import Any

from schemas.models import DocumentKind
from topologies.batch_worker import Answering
from topologies.faust_worker import RELEASE_WAIT_S, Desk, worker_app
from topologies.thinker import FLOWS, Thinker
from topologies.thinking import ROLES
from transport.settings import read


def thinker_app(name: str) -> Any:
    """The Faust app of a rule-based agent, with the settings that the environment gives."""
    if name not in ROLES:
        raise SystemExit(f"INTERLOCK_AGENT={name!r}: one of {', '.join(sorted(ROLES))}")
    settings = read()

    def start() -> tuple[Desk, Answering]:
        desk = Desk.open(settings, name)
        desk.following.wait_for(
            lambda grants: grants.registry.granted(DocumentKind.CONTRACT, name) is not None, RELEASE_WAIT_S
        )
        thinker = Thinker(
            agent_id=name,
            ledger=desk.card.ledger,
            grants=desk.following.grants,
            pen=desk.signer,
            wait=desk.following.wait_for,
        )
        return desk, thinker.answer

    return worker_app(name, settings, FLOWS[ROLES[name].lane], start)
