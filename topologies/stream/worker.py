"""``faust -A topologies.stream.worker worker`` runs the stream agent: one flow, one inference, one atom.

The signer is started before torch is imported, so that the process that holds the key never shares memory
with the one that runs a model. A model whose files, vocabulary or golden answers differ ends the worker
before it says hello, and without an accepted hello the kernel takes nothing from it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from schemas.models import DocumentKind, WorkerState
from topologies.faust_worker import RELEASE_WAIT_S, Answering, Desk, worker_app
from topologies.grants import Grants
from topologies.hello import for_agent, manifest_of
from topologies.stream.thinker import StreamThinker
from topologies.stream.thinking import AGENT, language_of
from transport.edge import clock_of
from transport.log import Produce
from transport.settings import read


@dataclass(slots=True, kw_only=True)
class StreamDesk(Desk):
    """A desk whose hello names the model and the grammar as well."""

    model_hash: bytes = b""

    def hellos(self) -> tuple[Produce, ...]:
        """The manifest and state under the newest released version, once per version; else empty."""
        self.following.refresh_if_due()
        grants = self.following.grants
        granted = grants.registry.granted(DocumentKind.CONTRACT, AGENT)
        if granted is None or granted.digest == self.hello:
            return ()
        contract = grants.contract(granted.digest)
        grammar = None if contract is None else language_of(contract)
        manifest = manifest_of(
            self.card.ledger,
            granted,
            time.time_ns() // 1_000,
            model_hash=self.model_hash,
            grammar_hash=None if grammar is None else grammar.digest,
        )
        self.hello = granted.digest
        sealed = grants.ids.pack(self.signer.seal(manifest))
        return (for_agent("agents.manifest", AGENT, sealed), self.state(WorkerState.RUNNING))


def start() -> tuple[Desk, Answering]:
    """Signer, registry, model, and every released contract compiled before its first flow.

    Raises CardError, SignerGone, ModelChanged, LogError.
    """
    desk = StreamDesk.open(settings, AGENT)
    from agents.model.engine import Engine  # seconds of torch: only now, and only here

    engine = Engine.load()
    assert isinstance(desk, StreamDesk)
    desk.model_hash = engine.model_hash
    desk.following.wait_for(lambda grants: bool(_contract_hashes(grants)), RELEASE_WAIT_S)
    grants = desk.following.grants
    for digest in _contract_hashes(grants):
        contract = grants.contract(digest)
        grammar = None if contract is None else language_of(contract)
        if grammar is not None:
            engine.compile(grammar)
    thinker = StreamThinker(
        ledger=desk.card.ledger,
        grants=grants,
        pen=desk.signer,
        speaker=engine,
        wait=desk.following.wait_for,
        now=clock_of(settings, AGENT).now,
    )
    return desk, thinker.answer


def _contract_hashes(grants: Grants) -> list[bytes]:
    registry = grants.registry
    versions = registry.contract_versions(AGENT)
    found = [registry.granted(DocumentKind.CONTRACT, AGENT, version) for version in versions]
    return [each.digest for each in found if each is not None]


settings = read()
app = worker_app(AGENT, settings, "flows.sds", start)
