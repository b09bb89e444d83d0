"""The one way the state changes: entry by entry, alike for the live kernel, its restart and replay."""

from __future__ import annotations

from typing import Any, Literal, assert_never

from kernel import opening
from kernel.folds.batches import Diverged, fold_batch, revalue, watch_zone
from kernel.folds.commands import fold_control
from kernel.folds.decisions import fold_decision, fold_report
from kernel.folds.failures import fold_receipt_whole
from kernel.folds.flows import fold_escalation, fold_flow, fold_human
from kernel.gates.breakers import zone_of
from kernel.law import LAW
from kernel.state.whole import MANIFESTS_MAX, State
from kernel.views import renew
from rules.semver import Version, version
from schemas.kinds import EntryKind
from schemas.models import DocumentEntry, DocumentKind, Envelope, Genesis, Manifest, ManifestEntry

__all__ = ["Diverged", "fold"]

DocumentKinds = Literal[
    EntryKind.SCHEMA,
    EntryKind.CONTRACT,
    EntryKind.RULES,
    EntryKind.ROUTING,
    EntryKind.INSTRUMENT,
    EntryKind.MODEL,
    EntryKind.KEY,
]


def fold(state: State, kind: EntryKind, body: Any, seq: int) -> None:
    """Fold one entry into ``state``, which is changed in place.

    Raises Diverged on an entry that does not continue the state, RegistryRefused on a document the registry
    does not take; the state is then as it was. Accounts that changed stand in ``state.touched`` afterwards.
    """
    if seq != state.core.seq:
        raise Diverged(f"entry {seq} where {state.core.seq} follows")
    _fold(state, kind, body, seq)
    state.core.seq = seq + 1
    for name in state.dirty:
        account = state.accounts.get(name)
        if account is not None:
            revalue(state, account)
            renew(state, account)
            state.touched[name] = None
    state.dirty.clear()


def _fold(state: State, kind: EntryKind, body: Any, seq: int) -> None:
    match kind:
        case EntryKind.BATCH:
            fold_batch(state, body)
        case EntryKind.FLOW:
            fold_flow(state, body)
        case EntryKind.DECISION:
            fold_decision(state, body, seq)
        case EntryKind.REPORT:
            fold_report(state, body, seq)
        case EntryKind.RECEIPT:
            fold_receipt_whole(state, body)
        case EntryKind.ESCALATION:
            fold_escalation(state, body)
        case EntryKind.HUMAN:
            fold_human(state, body)
        case EntryKind.CONTROL:
            fold_control(state, body)
        case EntryKind.MANIFEST:
            _manifest(state, body)
        case EntryKind.GENESIS:
            _genesis(state, body)
        case EntryKind.EPOCH:
            state.core.epoch = body.epoch
        case EntryKind.CHECKPOINT:
            state.core.checked_at, state.core.checked_seq = state.core.now, seq + 1
        case EntryKind.REFUSAL:
            pass  # refused before a valid signature: nobody is bound by it
        case EntryKind.CLOSE:
            state.core.closed = True
        case _:
            _granted(state, kind, body, seq)


def _granted(state: State, kind: DocumentKinds, body: Any, seq: int) -> None:
    match kind:
        case EntryKind.SCHEMA:
            if body.document is not None:
                state.registry.fold(seq, body.document)
        case (
            EntryKind.CONTRACT
            | EntryKind.RULES
            | EntryKind.ROUTING
            | EntryKind.INSTRUMENT
            | EntryKind.MODEL
            | EntryKind.KEY
        ):
            _document(state, body, seq)
        case never:
            assert_never(never)


def _genesis(state: State, body: Genesis) -> None:
    if body.law != LAW:
        raise Diverged(f"a ledger of law {body.law}: this code judges by law {LAW}, its own release by that")
    told = state.identity
    said = (body.name, body.operator, body.clock, body.shards, body.root_key, body.continues)
    if said != (told.name, told.operator, told.clock, told.shards, told.root, told.continues):
        raise Diverged("the ledger's GENESIS is not of this card")
    for read in body.positions:
        state.core.positions[(read.topic, read.partition)] = read.next


def _document(state: State, body: DocumentEntry, seq: int) -> None:
    document = state.registry.fold(seq, body.document)
    if document.kind is DocumentKind.CONTRACT:
        grant = state.grants.contract(document.id, document.version)
        assert grant is not None
        watch_zone(state, zone_of(grant.contract))
        for name in state.accounts:
            state.touch(name)  # a loss that the new grant does not allow is latched now, not at the next mark


def _manifest(state: State, body: ManifestEntry) -> None:
    if not body.accepted:
        return
    manifest = _hello(body.manifest)
    if state.grants.contract(manifest.agent_id, manifest.contract_version) is None:
        return  # an attestor's: it proposes nothing, so nothing of its hello is ever asked for
    versions = state.core.manifests.setdefault(manifest.agent_id, {})
    versions.pop(manifest.contract_version, None)
    versions[manifest.contract_version] = manifest.contract_hash
    while len(versions) > MANIFESTS_MAX:
        del versions[min(versions, key=_number)]


def _number(text: str) -> Version:
    """A granted version's number: 10.0.0 is newer than 9.0.0."""
    found = version(text)
    assert found is not None, "a contract of an unreadable version was refused when it came"
    return found


def _hello(envelope: Envelope) -> Manifest:
    return opening.surely(envelope, Manifest)
