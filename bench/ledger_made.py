"""A ledger of any size: a real kernel's entries of eight decisions, again and again under new names.

The beginning (genesis, schemas, keys, contracts) and the eight decisions are a real kernel's. Each repetition
opens other flows (other signals, so other DFIDs) a second later, and all that follows from that is made anew
and true: hashes, digests, idempotency keys, every signature, the chain and a checkpoint each second.
Prices and quantities stay as they were, so no kernel would have ruled all of this on one account: `verify`
finds it whole, `replay` is measured on a ledger that a kernel wrote.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from multiprocessing import Pool
from pathlib import Path
from typing import Any

from bench.ledger_decided import CYCLE, again, real
from ledger.archive import MAGIC
from ledger.chain import Head
from ledger.cosign import cosign, log_signature
from ledger.entry import Leaf, decode_entry
from ledger.entry_writer import encode_entry
from ledger.merkle import leaf_hash
from ledger.note import COSIGNATURE, Checkpoint, Note, VerifierKey, origin_of
from ledger.trust import Trust
from ledger.trust_text import trust_text
from schemas import models as m
from schemas.codec import decode, encode, schema_hash
from schemas.kinds import EntryKind
from tests.build import LEDGER, NOW, SECOND, signer

OPERATOR, WITNESS = "interlock.test", "witness.test"
Body = tuple[EntryKind, bytes, bytes]  # kind, schema hash, body


def second(job: tuple[int, int]) -> list[Body]:
    """The entries of one second but its CHECKPOINT: (number of the second, seq of its first entry)."""
    number, seq = job
    now, made, receipts = NOW + (number + 1) * SECOND, real()[1], []
    span = m.InputRange(topic="proposals", partition=0, first=8 * number, next=8 * number + 8)
    found = [_body(EntryKind.BATCH, m.BatchEntry(now=now, inputs=(span,), marks=(), refusals_uncounted=0))]
    for at, kind in enumerate(CYCLE):
        name = f"s{8 * number + at:012}"
        flow, decision, receipt = again(made[kind], name, now, seq + len(found) + 1)
        found += [_body(EntryKind.FLOW, flow), _body(EntryKind.DECISION, decision)]
        receipts += [] if receipt is None else [_body(EntryKind.RECEIPT, receipt)]
    done = len(receipts) * number
    span = m.InputRange(topic="venue.receipts", partition=0, first=done, next=done + len(receipts))
    batch = m.BatchEntry(now=now, inputs=(span,), marks=(), refusals_uncounted=0)
    return [*found, _body(EntryKind.BATCH, batch), *receipts]


# One of flow and intent each, of order and receipt where it is filled, two answers more in a window,
# a proof's attestation, the checkpoint's.
SIGNED = sum(
    2 + 2 * buys + 2 * (lane is m.Lane.EOAM) + (lane is m.Lane.DLPCI) for lane, buys in CYCLE
) + 1  # fmt: skip
SECOND_ENTRIES = 2 * len(CYCLE) + sum(buys for _, buys in CYCLE) + 3  # two BATCHes, a CHECKPOINT
SIGNED_PER_ENTRY = SIGNED / SECOND_ENTRIES


def _body(kind: EntryKind, message: Any) -> Body:
    return kind, schema_hash(type(message)), encode(message)


def made(entries: int, processes: int) -> Iterator[bytes]:
    """Yield the values of a ledger of at least so many entries, ended by a CHECKPOINT."""
    head = Head(ledger=LEDGER, partition=0)
    for value in real()[0]:
        head = head.after(value)
        yield value
    first, seconds = head.seq, -(-(entries - head.seq) // SECOND_ENTRIES)
    jobs = ((number, first + number * SECOND_ENTRIES) for number in range(seconds))
    with Pool(processes) as pool:
        for number, bodies in enumerate(pool.imap(second, jobs, chunksize=8)):
            now = NOW + (number + 1) * SECOND
            for kind, schema, body in bodies:
                leaf = Leaf(
                    prev=head.prev, ledger=LEDGER, partition=0, seq=head.seq, ts=now, kind=kind,
                    schema=schema, body=body,
                )  # fmt: skip
                value = encode_entry(leaf)
                head = replace(
                    head, prev=leaf_hash(value), ts=now, frontier=head.frontier.append(leaf_hash(value))
                )
                yield value
            point = point_of(head)
            text = signer("kernel-log").sign(point.text().encode())
            own = m.CheckpointEntry(
                size=point.size, root=point.root, keyid=signer("kernel-log").keyid, signature=text
            )
            head, value = head.append(EntryKind.CHECKPOINT, own, now)
            yield value


def point_of(head: Head) -> Checkpoint:
    """What a checkpoint of the tree so far says."""
    origin = origin_of(OPERATOR, LEDGER, 0)
    return Checkpoint(origin=origin, size=head.seq, root=head.frontier.root())


def write(path: Path, entries: int, processes: int = 2) -> int:
    """Write the ledger, its note and its trust file beside it; return how many entries it has."""
    count, value = 0, b""
    with path.open("wb") as file:
        file.write(MAGIC)
        for value in made(entries, processes):
            file.write(len(value).to_bytes(4, "big") + value)
            count += 1
    write_beside(path, value)
    return count


def write_beside(path: Path, checkpoint: bytes) -> None:
    """Write the witness's note on a CHECKPOINT entry and the trust file beside an archive."""
    body = decode(m.CheckpointEntry, decode_entry(checkpoint).body)
    point = Checkpoint(origin=origin_of(OPERATOR, LEDGER, 0), size=body.size, root=body.root)
    own = log_signature(point, signer("kernel-log").public, body.signature)
    note = cosign(Note(text=point.text(), signatures=(own,)), WITNESS, signer("witness"), 1).render()
    path.with_suffix(".note").write_text(note, encoding="utf-8")
    path.with_suffix(".trust").write_text(trust_text(trust()), encoding="utf-8")


def trust() -> Trust:
    """What an auditor of it trusts."""
    witness = VerifierKey(name=WITNESS, algorithm=COSIGNATURE, public=signer("witness").public)
    return Trust(ledger=LEDGER, operator=OPERATOR, roots=(signer("root").public,), witnesses=(witness,))
