"""Adapters of the ledger's units: published hashes, signatures, trees, notes and spellings."""

import json
import re
import struct
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

from ledger.cosign import log_key, log_signature
from ledger.dsse import pae
from ledger.hashes import article_key, evidence_hash, idempotency_key, tagged
from ledger.merkle import EMPTY_ROOT, Frontier, leaf_hash
from ledger.merkle_proof import consistent, included
from ledger.merkle_tree import Tree
from ledger.note import (
    BadNote,
    Checkpoint,
    Note,
    parse_checkpoint,
    parse_note,
    parse_vkey,
)
from ledger.signing import Signer, verify
from schemas import money
from schemas.canonical import jcs
from tests.vectors.runner import Vector, unit


@unit("sha256")
def hashed(vector: Vector) -> str:
    text = vector["input"]
    repeated = re.fullmatch(r"1e(\d+) x '(.)'", text)
    data = (repeated[2] * 10 ** int(repeated[1])) if repeated else text
    return sha256(data.encode()).hexdigest()


@unit("ed25519 sign and verify")
def signed(vector: Vector) -> str:
    given = vector["input"]
    signer, message = Signer(bytes.fromhex(given["seed"])), bytes.fromhex(given["msg"])
    assert signer.public.hex() == given["pub"]
    signature = signer.sign(message)
    assert verify(signer.public, message, signature)
    assert not verify(signer.public, message + b"x", signature)
    return signature.hex()


@unit("ed25519 must refuse")
def refused(vector: Vector) -> str:
    given = vector["input"]
    messages = (b"", b"abc", bytes(1000)) if given.get("any_message") else (bytes.fromhex(given["msg"]),)
    public, signature = bytes.fromhex(given["pub"]), bytes.fromhex(given["sig"])
    return "accepted" if any(verify(public, message, signature) for message in messages) else "refused"


@unit("canonical json number (ieee754 hex)")
def number(vector: Vector) -> str:
    (value,) = struct.unpack(">d", bytes.fromhex(vector["input"]))
    return jcs(value).decode()


@unit("canonical json (sha256 of the output)")
def canonical(vector: Vector) -> str:
    return sha256(jcs(json.loads(vector["input"]))).hexdigest()


def leaves(vector: Vector) -> list[bytes]:
    """The leaf hashes of a described list: hex words, or the decimal numbers from 0."""
    described, given = vector["input"]["leaves"], vector["input"]
    size = given.get("size", given.get("to"))
    if described.startswith("hex:"):
        words = ["" if word == "(empty)" else word for word in described.removeprefix("hex:").split()]
        return [leaf_hash(bytes.fromhex(word)) for word in words[:size]]
    assert described.startswith("ascii decimal")
    return [leaf_hash(str(number).encode()) for number in range(size)]


@unit("merkle root")
def root(vector: Vector) -> str:
    frontier = Frontier()
    for leaf in leaves(vector):
        frontier = frontier.append(leaf)
    assert frontier.root() == Tree(leaves(vector)).root()
    assert vector["input"]["size"] or frontier.root() == EMPTY_ROOT
    return frontier.root().hex()


@unit("merkle inclusion proof")
def inclusion(vector: Vector) -> list[str]:
    all_leaves, index = leaves(vector), vector["input"]["index"]
    tree = Tree(all_leaves)
    proof = tree.inclusion(index)
    assert included(all_leaves[index], index, len(tree), proof, tree.root())
    return [each.hex() for each in proof]


@unit("merkle consistency proof")
def consistency(vector: Vector) -> list[str]:
    tree, old = Tree(leaves(vector)), vector["input"]["from"]
    proof = tree.consistency(old)
    assert consistent(old, tree.root(old), len(tree), tree.root(), proof)
    return [each.hex() for each in proof]


@unit("dsse pae")
def framed(vector: Vector) -> str:
    return pae(vector["input"]["type"], vector["input"]["body"].encode()).decode()


@unit("signed note verifies")
def note_verifies(vector: Vector) -> bool:
    try:
        return parse_vkey(vector["input"]["vkey"]).signed(parse_note(vector["input"]["note"]))
    except BadNote:
        return False


@unit("checkpoint note")
def checkpoint(vector: Vector) -> dict[str, str]:
    given = vector["input"]
    signer = Signer(bytes.fromhex(given["signer_seed"]))
    point = Checkpoint(origin=given["origin"], size=given["size"], root=bytes.fromhex(given["root"]))
    signature = log_signature(point, signer.public, signer.sign(point.text().encode()))
    note = Note(text=point.text(), signatures=(signature,))
    key = log_key(given["origin"], signer.public)
    again = parse_note(note.render())
    assert parse_checkpoint(again.text) == point
    assert parse_vkey(key.text()).signed(again)
    return {"note": note.render(), "vkey": key.text()}


@unit("evidence hash")
def evidence(vector: Vector) -> str:
    given = vector["input"]
    parts = (bytes.fromhex(given[name]) for name in ("h_state", "h_contract", "h_rules"))
    return evidence_hash(UUID(given["dfid"]).bytes, *parts).hex()


@unit("tagged hash")
def tag(vector: Vector) -> str:
    given = vector["input"]
    return tagged(given["tag"], *(bytes.fromhex(part) for part in given["parts_hex"])).hex()


@unit("idempotency key")
def idempotency(vector: Vector) -> str:
    given = dict(vector["input"])
    amounts = ("quantity", "limit", "stop", "target", "target_price")
    fields = {name: Decimal(value) if name in amounts else value for name, value in given.items()}
    if "target_price" in fields:
        fields["target"] = fields.pop("target_price")
    return idempotency_key(**{**fields, "dfid": UUID(given["dfid"]).bytes}).hex()


@unit("the article's idempotency key", "idempotency, the article's form")
def articles(vector: Vector) -> str:
    given = vector["input"]
    # One published vector leaves the flow's name out; the article's example has this one throughout.
    flow = given.get("dfid", "550e8400-e29b-41d4-a716-446655440000")
    return article_key(flow, given.get("step_id", given.get("step")), given["params"])


@unit("avro decimal(38,18) body")
def decimal_body(vector: Vector) -> str:
    try:
        body = money.to_bytes(Decimal(vector["input"]))
    except money.NotExact:
        return "refused"
    return (bytes((len(body) * 2,)) + body).hex()


@unit("evidence")
def splits(vector: Vector) -> str:
    """The input is prose: every way to cut the same bytes in two is tried."""
    assert "same concatenation" in vector["input"]
    whole = b"evidence"
    hashes = {tagged("interlock/1/test", whole[:at], whole[at:]) for at in range(len(whole) + 1)}
    return "different hashes" if len(hashes) == len(whole) + 1 else "same hash"
