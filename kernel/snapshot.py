"""The state as records under one manifest, so that a restart need not fold it all.

What is small is canonical JSON, cut into pieces of at most 192 KiB. Flows and prior answers are as many as an
hour brings, and stand in segments of which only those are written that were looked into. The manifest names
each piece's hash and one over the segments, the sequence it stands at and the chain's head. What does not
hash to its manifest is not believed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kernel.fold import Diverged
from kernel.kept import KINDS, expiries_of, kept, pack_expiries, segmented, segments
from kernel.law import LAW
from kernel.state.accounts import Account
from kernel.state.grants import Grants
from kernel.state.plain import dumped, loaded
from kernel.state.standing import AgentRecord
from kernel.state.whole import Core, Identity, State
from ledger.chain import Head
from ledger.hashes import sha256
from ledger.merkle import Frontier
from ledger.registry import refold
from schemas.canonical import jcs
from schemas.models import Envelope
from transport.log import StateChange

FORM = (
    3  # of these records; of another form or law they are not read: the ledger is folded from its beginning
)
PIECE_BYTES = 192 * 1024
MANIFEST = b"manifest"
SECTIONS: tuple[tuple[str, Any], ...] = (
    ("core", Core),
    ("accounts", dict[str, Account]),
    ("agents", dict[tuple[str, str], AgentRecord]),
)
DOCUMENTS = list[tuple[int, Envelope]]
Hashes = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A state and where its ledger stood. ledger_from: a ledger offset at or before the next entry's.

    written: key -> hash of every piece on the topic.
    """

    state: State
    head: Head
    ledger_from: int
    written: dict[bytes, bytes]


def texts(state: State) -> dict[str, bytes]:
    """The canonical JSON of every part, all of it: equal texts are equal states. For comparison only.

    Heaps are told sorted: how one lies depends on what it has held.
    """
    found = _sections(state)
    found["leaving"] = jcs(dumped([sorted(state.leaving), sorted(state.memory.leaving)]))
    found["expiries"] = jcs(dumped(sorted(state.core.expiries)))
    found["flows"], found["priors"] = jcs(dumped(state.flows)), jcs(dumped(state.memory.priors))
    return found


def changes(state: State, head: Head, ledger_from: int, before: Hashes) -> list[StateChange]:
    """The records that change ``before`` (key -> hash of value) into this state's snapshot."""
    sections = {**_sections(state), "expiries": pack_expiries(state.core.expiries)}
    pieces = {key: piece for name, text in sections.items() for key, piece in _pieces(name, text)}
    named = {key.decode(): sha256(piece).hex() for key, piece in pieces.items()}
    gone = {key for key in before if not _is_of_segment(key)}
    for name, text in segments(state):
        pieces |= _pieces(name, text)
        gone |= {key for key in before if key.startswith(f"{name}/".encode())}
    hashes = {key: sha256(piece) for key, piece in pieces.items()}
    after = {key: each for key, each in before.items() if key not in gone} | hashes
    manifest: dict[str, Any] = {
        "form": FORM,
        "law": LAW,
        "seq": head.seq,
        "prev": head.prev.hex(),
        "ts": head.ts,
        "frontier": [each.hex() for each in head.frontier.hashes],
        "from": ledger_from,
        "pieces": named,
        "segments": _over_segments(after).hex(),
    }
    out = [
        StateChange(key=key, value=value) for key, value in pieces.items() if before.get(key) != hashes[key]
    ]
    out += [StateChange(key=key, value=None) for key in sorted(gone - pieces.keys())]
    out.append(StateChange(key=MANIFEST, value=jcs(manifest)))
    return out


def hashes_of(records: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Key -> hash of every piece on the topic."""
    return {key: sha256(value) for key, value in records.items() if key != MANIFEST}


def restored(identity: Identity, records: Mapping[bytes, bytes]) -> Snapshot | None:
    """The state that the records of `kernel.state` hold; None when none of this form was ever written.

    Raises Diverged when a piece is missing or is not what the manifest names.
    """
    manifest = json.loads(records.get(MANIFEST, b"{}"))
    if (manifest.get("form"), manifest.get("law")) != (FORM, LAW):
        return None
    written = hashes_of(records)
    joined = _joined(manifest, records, written)
    state = segmented(State(identity))
    for name, hint in SECTIONS:
        setattr(state, name, loaded(hint, json.loads(joined.pop(name))))
    state.memory.horizon = json.loads(joined.pop("memory"))
    state.core.expiries = expiries_of(joined.pop("expiries", b""))  # nothing has no piece
    documents = loaded(DOCUMENTS, json.loads(joined.pop("registry")))
    kept(state, joined)
    _derive(state, documents)
    head = Head(
        ledger=identity.ledger,
        partition=identity.shard,
        prev=bytes.fromhex(manifest["prev"]),
        ts=manifest["ts"],
        frontier=Frontier(
            size=manifest["seq"], hashes=tuple(bytes.fromhex(each) for each in manifest["frontier"])
        ),
    )
    if not head.frontier.whole() or state.core.seq != head.seq:
        raise Diverged("kernel.state: the manifest contradicts itself; remove the topic's records")
    return Snapshot(state=state, head=head, ledger_from=manifest["from"], written=written)


def _sections(state: State) -> dict[str, bytes]:
    """What is small; of the core all but the heap."""
    core = replace(state.core, expiries=[])
    return {
        "core": jcs(dumped(core)),
        "accounts": jcs(dumped(state.accounts)),
        "agents": jcs(dumped(state.agents)),
        "memory": jcs(dumped(state.memory.horizon)),
        "registry": jcs(dumped([(each.seq, each.envelope) for each in state.registry.all()])),
    }


def _pieces(name: str, text: bytes) -> Iterator[tuple[bytes, bytes]]:
    for number, start in enumerate(range(0, len(text), PIECE_BYTES)):
        yield f"{name}/{number}".encode(), text[start : start + PIECE_BYTES]


def _is_of_segment(key: bytes) -> bool:
    return key.decode().partition("/")[0] in KINDS


def _over_segments(hashes: Hashes) -> bytes:
    """One hash for all segments: their names alone would outgrow a record."""
    return sha256(b"".join(key + b"\n" + hashes[key] for key in sorted(hashes) if _is_of_segment(key)))


def _joined(manifest: Mapping[str, Any], records: Mapping[bytes, bytes], written: Hashes) -> dict[str, bytes]:
    """Every section and segment, whole, by name. Raises Diverged on what the manifest does not name."""
    for key, named in manifest["pieces"].items():
        if written.get(key.encode(), b"").hex() != named:
            raise Diverged(f"kernel.state: {key} is not what its manifest names; remove the topic's records")
    if _over_segments(written).hex() != manifest["segments"]:
        raise Diverged("kernel.state: a segment is not what its manifest names; remove the topic's records")
    parts: dict[str, list[bytes]] = {}
    named = [key for key in written if _is_of_segment(key) or key.decode() in manifest["pieces"]]
    for key in sorted(named, key=_order):
        parts.setdefault(key.decode().rpartition("/")[0], []).append(records[key])
    return {name: part[0] if len(part) == 1 else b"".join(part) for name, part in parts.items()}


def _derive(state: State, documents: DOCUMENTS) -> None:
    """What is no part of a snapshot, because it follows from one."""
    state.registry = refold(state.identity.root, documents)
    state.grants = Grants(registry=state.registry)
    for account in state.accounts.values():
        state.index(account, frozenset())
        if account.curbed:
            state.halted.add(account.account)
        if account.mandates:
            state.framed.add(account.account)


def _order(key: bytes) -> tuple[str, int]:
    name, _, number = key.decode().rpartition("/")
    return name, int(number)
