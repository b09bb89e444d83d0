"""One flow's window: who was asked, who has answered, and since when it is closed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from ledger.envelope import opened
from ledger.hashes import flow_hash
from schemas.canonical import jcs
from schemas.codec import decode, encode
from schemas.models import Envelope, FlowOpened, FlowRecord
from topologies.genuine import Flow

Key = tuple[bytes, int]  # (dfid, attempt)


@dataclass(slots=True, kw_only=True)
class Window:
    """State of one (dfid, attempt). Once closed only what names the answers is kept, to know late ones by."""

    flow: Flow
    answers: dict[str, Envelope] = field(default_factory=dict)  # by agent id, first in log order
    answered: dict[str, bytes] = field(default_factory=dict)  # by agent id: the digest of that answer
    attestations: dict[bytes, Envelope] = field(default_factory=dict)  # by the digest of their envelope
    forwarded: int = 0
    closed: bool = False

    @property
    def key(self) -> Key:
        """What answers name their flow by."""
        return self.flow.opened.dfid, self.flow.opened.attempt

    @property
    def complete(self) -> bool:
        """Whether every woken agent has answered."""
        return all(each.agent_id in self.answered for each in self.flow.opened.woken)

    def close(self) -> None:
        """Forget what has been said, but not who said it."""
        self.closed = True
        self.answers.clear()
        self.attestations.clear()


def name_of(key: Key) -> bytes:
    """The state record of a window."""
    return f"window/{key[0].hex()}/{key[1]}".encode()


def written(window: Window) -> bytes:
    """Canonical JSON. The texts beside the flow are not kept: nothing here reads them."""
    flow = window.flow.record.flow
    return jcs(
        {
            "flow": encode(flow).hex(),
            "answers": {agent: encode(each).hex() for agent, each in window.answers.items()},
            "answered": {agent: digest.hex() for agent, digest in window.answered.items()},
            "attestations": {digest.hex(): encode(each).hex() for digest, each in _sorted(window)},
            "forwarded": window.forwarded,
            "closed": window.closed,
        }
    )


def restored(value: bytes) -> Window:
    """The inverse of ``written``. Raises ValueError or Unreadable: we wrote it, anything else is damage."""
    found = json.loads(value)
    envelope = decode(Envelope, bytes.fromhex(found["flow"]))
    record = FlowRecord(flow=envelope, headlines=())
    flow = Flow(opened=opened(envelope, FlowOpened), h_flow=flow_hash(envelope.payload), record=record)
    return Window(
        flow=flow,
        answers={agent: _envelope(text) for agent, text in found["answers"].items()},
        answered={agent: bytes.fromhex(text) for agent, text in found["answered"].items()},
        attestations={bytes.fromhex(name): _envelope(text) for name, text in found["attestations"].items()},
        forwarded=found["forwarded"],
        closed=found["closed"],
    )


def bare(flow: Flow) -> Flow:
    """The flow without the texts beside it, as a restart gives it back."""
    record = FlowRecord(flow=flow.record.flow, headlines=())
    return Flow(opened=flow.opened, h_flow=flow.h_flow, record=record)


def _envelope(text: str) -> Envelope:
    return decode(Envelope, bytes.fromhex(text))


def _sorted(window: Window) -> list[tuple[bytes, Envelope]]:
    attestations: Mapping[bytes, Envelope] = window.attestations
    return sorted(attestations.items())
