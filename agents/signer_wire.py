"""How a worker asks its signer: length-prefixed frames over a socket pair, one question, one answer."""

import socket
import struct
from typing import Final

FRAME_MAX: Final = 256 * 1024
"""Bytes of one frame: the largest record on `proposals`, so nothing that could travel is refused here."""

LENGTH: Final = struct.Struct(">I")
SIGN: Final = b"S"
SALT: Final = b"T"
YES: Final = b"Y"
NO: Final = b"N"


class SignerGone(Exception):
    """The other end closed or stopped answering: the worker must stop too, it cannot speak any more."""


def send(end: socket.socket, *bodies: bytes) -> None:
    """Send frames, all or none. Raises ValueError above FRAME_MAX, SignerGone when the other end closed."""
    large = max(map(len, bodies), default=0)
    if large > FRAME_MAX:
        raise ValueError(f"a frame of {large} bytes, at most {FRAME_MAX} are allowed")
    try:
        end.sendall(b"".join(LENGTH.pack(len(body)) + body for body in bodies))
    except OSError as error:
        raise SignerGone(f"cannot reach the other end: {error}") from error


def receive(end: socket.socket) -> bytes:
    """Receive one frame. Raises SignerGone at end of stream, on time-out and on a frame too large."""
    (length,) = LENGTH.unpack(_exactly(end, LENGTH.size))
    if length > FRAME_MAX:
        raise SignerGone(f"a frame of {length} bytes was announced, at most {FRAME_MAX} are allowed")
    return _exactly(end, length)


def _exactly(end: socket.socket, count: int) -> bytes:
    parts: list[bytes] = []
    while count:
        try:
            part = end.recv(count)
        except OSError as error:
            raise SignerGone(f"no answer: {error}") from error
        if not part:
            raise SignerGone("the other end closed")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def sign_question(payload_type: str, payload: bytes) -> bytes:
    name = payload_type.encode("utf-8")
    return SIGN + len(name).to_bytes(2, "big") + name + payload


def salt_question(dfid: bytes, step_id: str, attempt: int) -> bytes:
    return SALT + dfid + attempt.to_bytes(4, "big") + step_id.encode("utf-8")
