"""A worker's signer: a process of its own holds the key, and the worker, models and all, never sees it.

`SignerProcess.start(key_file, …)` gives a `SignerClient`; import nothing heavy before it, so that the child
starts in a fraction of a second. An edge: it starts a process.
"""

import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agents.signer_wire import YES, SignerGone, receive, salt_question, send, sign_question
from ledger.envelope import PAYLOAD_TYPES, payload_of
from ledger.signing import keyid
from schemas.models import Envelope, Intent, Manifest, Report, Signature

AGENT_TYPES: Final = tuple(PAYLOAD_TYPES[cls] for cls in (Intent, Report, Manifest))
"""What an agent may have signed. An attestor's signer is started with its own type instead."""

ANSWER_S: Final = 5.0
"""A signature takes microseconds; a signer silent this long is dead, and so is its worker."""

START_S: Final = 20.0
STOP_S: Final = 2.0

TURN_MAX: Final = 16
"""Questions that are under way at once."""


class SignerRefused(Exception):
    """The signer would not sign: `reason` is a word of agents.signer_process. No retry."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the signer refused: {reason}")
        self.reason = reason


class SignerClient:
    """The worker's end. Thread-safe: one question at a time. `public` is the key's 32 public bytes."""

    def __init__(self, end: socket.socket, child: "subprocess.Popen[bytes]", public: bytes) -> None:
        self.public = public
        self.keyid = keyid(public)
        self._end = end
        self._child = child
        self._lock = threading.Lock()

    def sign(self, payload_type: str, payload: bytes) -> Envelope:
        """Sign `payload` (schema hash ‖ Avro body). Raises SignerRefused, SignerGone."""
        return self._signed([(payload_type, payload)])[0]

    def seal(self, message: object) -> Envelope:
        """Encode a message and have it signed. Raises SignerRefused, SignerGone, KeyError (never signed)."""
        return self.seals([message])[0]

    def seals(self, messages: Sequence[object]) -> list[Envelope]:
        """Have several sealed in one turn, in their order. Raises as `seal` does; then none is."""
        return self._signed([(PAYLOAD_TYPES[type(each)], payload_of(each)) for each in messages])

    def salt(self, dfid: bytes, step_id: str, attempt: int) -> bytes:
        """The 32-byte salt of this agent's explanation of one step: the same whenever it is asked."""
        return self.salts([(dfid, step_id, attempt)])[0]

    def salts(self, steps: Sequence[tuple[bytes, str, int]]) -> list[bytes]:
        """The salts of several steps (DFID, step, attempt) in one turn."""
        return self._ask([salt_question(*each) for each in steps])

    def close(self) -> None:
        """End the signer: it stops when its end of the pair closes."""
        self._end.close()
        _end(self._child)

    def _signed(self, asked: Sequence[tuple[str, bytes]]) -> list[Envelope]:
        signed = self._ask([sign_question(*each) for each in asked])
        return [
            Envelope(payload_type=name, payload=payload, signatures=(Signature(keyid=self.keyid, sig=sig),))
            for (name, payload), sig in zip(asked, signed, strict=True)
        ]

    def _ask(self, questions: Sequence[bytes]) -> list[bytes]:
        """Questions in turns of TURN_MAX, so that the two processes change places once for many.

        The answers to one turn (65 bytes each) fit any socket's buffer: neither end waits for the other.
        """
        answers = []
        with self._lock:
            for start in range(0, len(questions), TURN_MAX):
                turn = questions[start : start + TURN_MAX]
                send(self._end, *turn)
                answers += [receive(self._end) for _ in turn]
        for answer in answers:
            if answer[:1] != YES:
                raise SignerRefused(answer[1:].decode("ascii", "replace"))
        return [answer[1:] for answer in answers]


class SignerProcess:
    """Starts signers."""

    @staticmethod
    def start(
        key_file: Path, *, ledger: bytes, name: str, payload_types: tuple[str, ...] = AGENT_TYPES
    ) -> SignerClient:
        """Start a signer for `name` on the ledger of 16-byte id `ledger`.

        key_file: one line, the 32-byte Ed25519 seed in hex, readable by its owner alone; the child reads it.
        Raises SignerGone when the child does not come up (its own words are on standard error).
        """
        ours, theirs = socket.socketpair()
        words = ["--key", str(key_file), "--ledger", ledger.hex(), "--name", name, "--types", *payload_types]
        command = [sys.executable, "-m", "agents.signer_process", "--fd", str(theirs.fileno()), *words]
        child = subprocess.Popen(command, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL)
        theirs.close()
        ours.settimeout(START_S)
        try:
            public = receive(ours)
        except SignerGone as error:
            ours.close()
            _end(child)
            raise SignerGone(f"the signer of {name} did not start with {key_file.name}: {error}") from error
        ours.settimeout(ANSWER_S)
        return SignerClient(ours, child, public)


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Let the child end by itself, so that it can say why, and no longer than STOP_S."""
    try:
        child.wait(STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(STOP_S)
