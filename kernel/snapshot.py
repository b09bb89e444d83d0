"""The state as records: buckets of canonical JSON under one manifest, so that a restart need not fold it all.

A section of the state is one JSON text cut into pieces of at most 192 KiB; the manifest names each piece's
hash, the sequence it stands at and the chain's head. What does not hash to its manifest is not believed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kernel.fold import Diverged
from kernel.state.accounts import Account
from kernel.state.flows import Flow
from kernel.state.grants import Grants
from kernel.state.memory import Memory
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

PIECE_BYTES = 192 * 1024
MANIFEST = b"manifest"
SECTIONS: tuple[tuple[str, Any], ...] = (
    ("core", Core),
    ("accounts", dict[str, Account]),
    ("flows", dict[bytes, Flow]),
    ("memory", Memory),
    ("agents", dict[tuple[str, str], AgentRecord]),
)
DOCUMENTS = list[tuple[int, Envelope]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A state and where its ledger stood. ledger_from: a ledger offset at or before the next entry's."""

    state: State
    head: Head
    ledger_from: int


def texts(state: State) -> dict[str, bytes]:
    """The canonical JSON of every section: equal texts are equal states."""
    found = {name: jcs(dumped(getattr(state, name))) for name, _ in SECTIONS}
    found["registry"] = jcs(dumped([(each.seq, each.envelope) for each in state.registry.all()]))
    return found


def changes(state: State, head: Head, ledger_from: int, before: Mapping[bytes, bytes]) -> list[StateChange]:
    """The records that change ``before`` (key -> hash of value) into this state's snapshot."""
    pieces: dict[bytes, bytes] = {}
    manifest: dict[str, Any] = {
        "seq": head.seq,
        "prev": head.prev.hex(),
        "ts": head.ts,
        "frontier": [each.hex() for each in head.frontier.hashes],
        "from": ledger_from,
        "pieces": {},
    }
    for name, text in texts(state).items():
        for number, start in enumerate(range(0, len(text), PIECE_BYTES)):
            key = f"{name}/{number}".encode()
            pieces[key] = text[start : start + PIECE_BYTES]
            manifest["pieces"][key.decode()] = sha256(pieces[key]).hex()
    out = [
        StateChange(key=key, value=value) for key, value in pieces.items() if before.get(key) != sha256(value)
    ]
    out += [StateChange(key=key, value=None) for key in sorted(before) if key not in pieces]
    out.append(StateChange(key=MANIFEST, value=jcs(manifest)))
    return out


def hashes_of(records: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """Key -> hash of every piece on the topic."""
    return {key: sha256(value) for key, value in records.items() if key != MANIFEST}


def restored(identity: Identity, records: Mapping[bytes, bytes]) -> Snapshot | None:
    """The state that the records of `kernel.state` hold; None when none was ever written.

    Raises Diverged when a piece is missing or is not what the manifest names.
    """
    if MANIFEST not in records:
        return None
    manifest = json.loads(records[MANIFEST])
    joined: dict[str, bytes] = {}
    for key in sorted(manifest["pieces"], key=_order):
        piece = records.get(key.encode())
        if piece is None or sha256(piece).hex() != manifest["pieces"][key]:
            raise Diverged(f"kernel.state: {key} is not what its manifest names; remove the topic's records")
        name = key.partition("/")[0]
        joined[name] = joined.get(name, b"") + piece
    state = State(identity)
    for name, hint in SECTIONS:
        setattr(state, name, loaded(hint, json.loads(joined[name])))
    _derive(state, loaded(DOCUMENTS, json.loads(joined["registry"])))
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
    return Snapshot(state=state, head=head, ledger_from=manifest["from"])


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


def _order(key: str) -> tuple[str, int]:
    name, _, number = key.partition("/")
    return name, int(number)
