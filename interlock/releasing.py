"""Registry documents signed here, sent as the release pipeline, and waited for until the kernel has them."""

from __future__ import annotations

import time
from contextlib import ExitStack

from interlock.context import Context
from interlock.following import Following, refused_unsigned
from interlock.genesis import Message, send
from interlock.grants import Release
from interlock.operators import REGISTRY, signer_of
from interlock.say import Exit, Stop
from ledger.envelope import digest, opened
from schemas.codec import decode
from schemas.kinds import BODY, EntryKind
from schemas.models import DocumentEntry, DocumentKind, Envelope, RegistryDocument


def signed(there: Context, kind: DocumentKind, id_: str, version: str, body: bytes) -> tuple[bytes, Envelope]:
    """Record key and document, under the registry key. Raises Stop when that key does not lie here."""
    serial = time.time_ns() // 1000  # grows, and needs no file to remember it
    return Release(signer_of(there, REGISTRY), serial=serial).sign(kind, id_, version, body)


def release(there: Context, key: bytes, envelope: Envelope) -> int:
    """Send a document and wait for every shard's entry; the first one's sequence, from which it is in force.

    Raises Stop: REFUSED when a kernel does not believe it, TIMED_OUT when one does not take it.
    """
    document, name = opened(envelope, RegistryDocument), digest(envelope)
    where = f"{document.kind.value} {document.id} {document.version} on topic registry, ledger {there.name}"
    record = Message(topic="registry", partition=0, key=key, value=there.schema_ids().pack(envelope))
    with ExitStack() as open_:
        # Who signs with a new key next must not be ahead of any shard.
        followed = [open_.enter_context(Following(there, shard)) for shard in range(there.card.shards)]
        send(there.running, "release", there.name, [record])
        first, *_ = [_entry(ledger, name, where) for ledger in followed]  # every one is waited for
        return first


def _entry(ledger: Following, name: bytes, where: str) -> int:
    for leaf in ledger.entries():
        if refused_unsigned(leaf, name) is not None:
            raise Stop(Exit.REFUSED, "the kernel did not take the document", where=where,
                       why="it is not signed by a registry key in force, or its version is taken",
                       fix="interlock keys ls, interlock contract ls")  # fmt: skip
        if _holds(leaf.kind, leaf.body, name):
            return leaf.seq
    raise Stop(Exit.TIMED_OUT, "released, but no kernel has taken it",
               where=f"{where}, shard {ledger.partition}",
               why="nothing is lost: it stands signed on its topic and holds once a kernel reads it",
               fix="interlock ps, interlock start")  # fmt: skip


def _holds(kind: int, body: bytes, name: bytes) -> bool:
    if BODY.get(EntryKind(kind)) is not DocumentEntry:
        return False
    return digest(decode(DocumentEntry, body).document) == name
