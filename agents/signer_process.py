"""The process that holds one key and signs only what its owner may say, on its own ledger.

It reads every payload strictly before signing: a worker that is led astray can have its own words signed on
its own ledger and nothing else. It ends when its worker does (end of stream), so no key outlives its use.
"""

import argparse
import signal
import socket
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from agents.signer_wire import NO, SALT, SIGN, YES, SignerGone, receive, send
from ledger.dsse import pae
from ledger.envelope import PAYLOAD_TYPES
from ledger.hashes import explain_salt, tagged
from ledger.signing import Signer
from schemas.codec import Unreadable, decode, schema_hash

Refused: TypeAlias = Literal[
    "MALFORMED", "WRONG_TYPE", "WRONG_SCHEMA", "UNREADABLE", "WRONG_LEDGER", "WRONG_NAME"
]

OWNER_FIELDS = ("agent_id", "attestor_id")
"""Where a message names who says it, in order; the first one it has must be this signer's own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What one signer may sign: ledger id (16 bytes), the name it signs for, payload types."""

    ledger: bytes
    name: str
    payload_types: frozenset[str]


def refusal(office: Office, payload_type: str, payload: bytes) -> Refused | None:
    """Why this payload is not signed, or None. Bytes that are not one strict message are never signed."""
    if payload_type not in office.payload_types:
        return "WRONG_TYPE"
    cls: type[Any] | None = next((c for c, name in PAYLOAD_TYPES.items() if name == payload_type), None)
    if cls is None:
        return "WRONG_TYPE"
    if payload[:32] != schema_hash(cls):
        return "WRONG_SCHEMA"
    try:
        message = decode(cls, payload[32:])
    except Unreadable:
        return "UNREADABLE"
    if getattr(message, "ledger", None) != office.ledger:
        return "WRONG_LEDGER"
    owner = next((getattr(message, field) for field in OWNER_FIELDS if hasattr(message, field)), None)
    return None if owner == office.name else "WRONG_NAME"


def answer(office: Office, signer: Signer, salt_key: bytes, question: bytes) -> bytes:
    """The answer frame to one question frame."""
    operation, rest = question[:1], question[1:]
    if operation == SALT and len(rest) > 20:
        step = rest[20:].decode("utf-8", "replace")
        return YES + explain_salt(salt_key, rest[:16], step, int.from_bytes(rest[16:20], "big"))
    end = 2 + int.from_bytes(rest[:2], "big")
    if operation != SIGN or len(rest) < end:
        return NO + b"MALFORMED"
    payload_type, payload = rest[2:end].decode("utf-8", "replace"), rest[end:]
    refused = refusal(office, payload_type, payload)
    if refused is not None:
        return NO + refused.encode("ascii")
    return YES + signer.sign(pae(payload_type, payload))


def serve(end: socket.socket, office: Office, seed: bytes) -> None:
    """Say the public key, then answer until the worker's end closes."""
    signer = Signer(seed)
    # Salts hide explanations; a key derived from the seed makes them the agent's own and always the same.
    salt_key = tagged("interlock/1/salt-key", seed)
    send(end, signer.public)
    while True:
        try:
            question = receive(end)
            send(end, answer(office, signer, salt_key, question))
        except SignerGone:
            return


def read_seed(path: Path) -> bytes:
    """The 32-byte seed in a key file. Raises ValueError if others may read it or it is no seed."""
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ValueError(f"{path.name} may be read by others: chmod 600 it")
    seed = bytes.fromhex(path.read_text(encoding="ascii").strip())
    if len(seed) != 32:
        raise ValueError(f"{path.name} holds {len(seed)} bytes, an Ed25519 seed has 32")
    return seed


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="sign for one name over an inherited socket")
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--ledger", type=bytes.fromhex, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--types", nargs="+", required=True)
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the worker's; the signer ends with its socket
    office = Office(ledger=chosen.ledger, name=chosen.name, payload_types=frozenset(chosen.types))
    try:
        seed = read_seed(chosen.key)
    except (ValueError, OSError) as error:
        print(f"signer of {chosen.name}: {error}", file=sys.stderr)
        return 2
    with socket.socket(fileno=chosen.fd) as end:
        serve(end, office, seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
