"""``faust -A topologies.stream.worker worker`` runs the stream agent: one flow, one inference, one atom.

The signer is started before torch is imported, so that the process that holds the key never shares memory
with the one that runs a model. A model whose files, vocabulary or golden answers differ, or that is not the
one in force, ends the worker before its hello; without an accepted one the kernel takes nothing from it.

Settings: INTERLOCK_MODEL__PATH (where the model in force lies, if not in the state folder),
INTERLOCK_MODEL__MODE (how the engine reads it, if not as its record says).
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agents.model.manifest import ModelChanged
from schemas.models import DocumentKind, WorkerState
from topologies.batch_worker import AnsweringAll
from topologies.faust_worker import RELEASE_WAIT_S, Desk, batch_app
from topologies.grants import Grants
from topologies.hello import for_agent, manifest_of
from topologies.stream.released import Released, in_force, must_lie_here
from topologies.stream.thinker import StreamThinker
from topologies.stream.thinking import AGENT, language_of
from topologies.stream.voice import BATCH_MAX, Voice
from transport.edge import clock_of
from transport.exits import AGAIN, REFUSED
from transport.faust_stop import end
from transport.log import Produce
from transport.settings import read


@dataclass(slots=True, kw_only=True)
class StreamDesk(Desk):
    """A desk whose hello names the model and the grammar, and comes after that grammar is compiled."""

    voice: Voice | None = None
    model_hash: bytes = b""

    def hellos(self) -> tuple[Produce, ...]:
        """The manifest and state under the newest released version, once per version; else empty.

        Ends this process when another model has come into force, when a contract has that this one cannot
        speak, or when the weights in memory have changed: starting again reads them anew.
        """
        if self.voice is not None and self.voice.changed:
            end(AGENT, ModelChanged("the weights in memory are not those that were loaded"), AGAIN)
        grants = self.following.grants
        released = in_force(grants.registry, AGENT)
        if released is not None and released.model_hash != self.model_hash:
            end(AGENT, ModelChanged(f"record {released.version} names another model: starting again"), AGAIN)
        granted = grants.registry.granted(DocumentKind.CONTRACT, AGENT)
        if granted is None or granted.digest == self.hello:
            return ()
        manifest = manifest_of(
            self.card.ledger,
            granted,
            time.time_ns() // 1_000,
            model_hash=self.model_hash,
            grammar_hash=self.compiled(granted.digest),
        )
        self.hello = granted.digest
        sealed = grants.ids.pack(self.signer.seal(manifest))
        return (for_agent("agents.manifest", AGENT, sealed), self.state(WorkerState.RUNNING))

    def compiled(self, digest: bytes) -> bytes | None:
        """The hash of a contract's grammar, compiled from now on; None where nothing may be said under it.

        Ends this process where the model lacks a word of it: starting again would find the same model.
        """
        contract = self.following.grants.contract(digest)
        grammar = None if contract is None else language_of(contract)
        if grammar is None:
            return None
        assert self.voice is not None, "a hello comes after the model"
        try:
            self.voice.compile(grammar)
        except ModelChanged as error:
            end(AGENT, error, REFUSED)
        return grammar.digest


def start() -> tuple[Desk, AnsweringAll]:
    """Signer, registry, model, and every released contract compiled before its first flow.

    Raises CardError, SignerGone, LogError. Ends the process where the model in force is not the one here.
    """
    desk = StreamDesk.open(settings, AGENT)
    assert isinstance(desk, StreamDesk)
    desk.following.wait_for(_released_here, RELEASE_WAIT_S)
    grants = desk.following.grants
    try:
        desk.voice, desk.model_hash = _load(in_force(grants.registry, AGENT), os.environ)
    except ModelChanged as error:
        end(AGENT, error, REFUSED)
    for digest in _contract_hashes(grants):
        desk.compiled(digest)
    thinker = StreamThinker(
        ledger=desk.card.ledger,
        grants=grants,
        pen=desk.signer,
        speaker=desk.voice,
        wait=desk.following.wait_for,
        now=clock_of(settings, AGENT).now,
    )
    return desk, thinker.answer_all


def _load(released: Released | None, env: Mapping[str, str]) -> tuple[Voice, bytes]:
    """The model in force, its files and golden answers checked. Raises ModelChanged."""
    named = env.get("INTERLOCK_MODEL__PATH", "")
    record, folder = must_lie_here(released, settings.state, Path(named) if named else None)
    from topologies.stream.engine_edge import load  # seconds of torch: only now, and only here

    engine = load(folder, env.get("INTERLOCK_MODEL__MODE") or record.mode)
    if engine.model_hash != record.model_hash:
        raise ModelChanged(f"loaded {engine.model_hash.hex()[:16]}, in force {record.model_hash.hex()[:16]}")
    return Voice(engine), engine.model_hash


def _released_here(grants: Grants) -> bool:
    return bool(_contract_hashes(grants)) and in_force(grants.registry, AGENT) is not None


def _contract_hashes(grants: Grants) -> list[bytes]:
    registry = grants.registry
    versions = registry.contract_versions(AGENT)
    found = [registry.granted(DocumentKind.CONTRACT, AGENT, version) for version in versions]
    return [each.digest for each in found if each is not None]


settings = read()
app = batch_app(AGENT, settings, "flows.sds", start, most=BATCH_MAX)
