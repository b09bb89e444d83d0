"""What one entry names by hash alone: texts by commitment, headlines and model files by SHA-256."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ledger.entry import Leaf
from ledger.kind_body import body_of, opened_as
from ledger.shapes import Malformed, Shapes
from ledger.verify_sign import ENVELOPE, Body, open_envelope
from schemas.kind_table import EntryKind

TEXT, HEADLINE = "the text", "the headline"
_NOTHING = bytes(32)  # the commitment of who says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """digest: 32 bytes; seq: of the entry; what: TEXT, HEADLINE or a file's name.

    key: what an explanation lies under, `dfid:step:attempt:agent`; of a person's `dfid:human-serial`.
    """

    digest: bytes
    seq: int
    what: str
    key: str = ""


def known_as(key: str) -> str:
    """Return the key of a text as entries tell it: who of the operators wrote a person's is not in them."""
    parts = key.split(":")
    persons = len(parts) == 4 and parts[2].startswith("human-")
    return f"{parts[0]}:{parts[2]}" if persons else key


def named_by(entry: Leaf, shapes: Shapes, erase: Callable[[bytes], None]) -> Iterator[Named]:
    """Yield what an entry names; `erase` is told of a commitment whose text a signed act took away.

    Raises Malformed on an entry that cannot be read.
    """
    body = body_of(entry, shapes)[1]
    match entry.kind:
        case EntryKind.SCHEMA:
            shapes.learn(body["name"], body["schema"])
        case EntryKind.FLOW:
            yield from _flow(entry.seq, opened_as(body["flow"], shapes, "FlowOpened")[1], shapes)
        case EntryKind.DECISION | EntryKind.REPORT:
            yield from _said(entry.seq, body["body"], shapes)
        case EntryKind.HUMAN:
            act = opened_as(body["act"], shapes, "HumanDecision")[1]
            key = f"{act['dfid'].hex()}:human-{act['serial']}"
            yield from _text(entry.seq, act["explain_commitment"], key)
        case EntryKind.MODEL:
            document = opened_as(body["document"], shapes, "RegistryDocument")[1]
            yield from _files(entry.seq, document["body"])
        case EntryKind.CONTROL if body["accepted"]:
            command = open_envelope(body["command"], shapes)[1]
            if command["verb"] == "ERASE":
                erase(command["target"])


def _text(seq: int, commitment: bytes, key: str) -> Iterator[Named]:
    if commitment != _NOTHING:
        yield Named(digest=commitment, seq=seq, what=TEXT, key=key)


def _flow(seq: int, flow: Body, shapes: Shapes) -> Iterator[Named]:
    for each in flow["snapshot"]["headlines"]:
        yield Named(digest=each["digest"], seq=seq, what=HEADLINE)
    signed = flow["trigger"]["instruction"]
    if signed is not None:
        order = opened_as(ENVELOPE.read(signed), shapes, "Instruction")[1]
        yield from _text(seq, order["text_commitment"], "")


def _said(seq: int, envelope: Body, shapes: Shapes) -> Iterator[Named]:
    _, message = opened_as(envelope, shapes, "Intent", "Report", "WindowRecord")
    for answer in message.get("answers", (envelope,)):
        said = opened_as(answer, shapes, "Intent", "Report")[1]
        key = f"{said['dfid'].hex()}:{said['step_id']}:{said['attempt']}:{said['agent_id']}"
        yield from _text(seq, said["explain_commitment"], key)


def _files(seq: int, document: bytes) -> Iterator[Named]:
    try:
        files: dict[str, Any] = json.loads(document)["files"]
        found = [(str(name), bytes.fromhex(digest)) for name, digest in files.items()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Malformed(f"a model record that names no files: {error}") from None
    for name, digest in found:
        yield Named(digest=digest, seq=seq, what=name)
