"""What arrived, decoded and not yet believed: a flow, a signed body, and what the body holds."""

from __future__ import annotations

from dataclasses import dataclass

from kernel import opening
from ledger.hashes import flow_hash
from schemas.models import Envelope, FlowOpened, Intent, Report, WindowRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What a signed body holds. answer: the envelope judged (of a window the winner's, else the body)."""

    window: WindowRecord | None
    answer: Envelope | None
    intent: Intent | None
    report: Report | None

    @property
    def agent_id(self) -> str:
        """Who answers for it: the author of what is judged, or the arbiter for a window nobody won."""
        said = self.intent or self.report
        return "arbiter" if said is None else said.agent_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What arrived, decoded: the flow, the signed body, and inside it what is to be judged."""

    flow_envelope: Envelope
    flow: FlowOpened
    flow_hash: bytes
    body: Envelope
    digest: bytes
    attestations: tuple[Envelope, ...]
    inside: Inside

    @property
    def window(self) -> WindowRecord | None:
        """The arbiter's window, when the body is one."""
        return self.inside.window

    @property
    def intent(self) -> Intent | None:
        """What is proposed: the body itself, or a window's winner."""
        return self.inside.intent

    @property
    def report(self) -> Report | None:
        """The answer without an intent."""
        return self.inside.report


def read_claim(flow: Envelope, body: Envelope, attestations: tuple[Envelope, ...]) -> Claim | None:
    """The claim that envelopes hold, signatures unchecked; None when they cannot be decoded."""
    opened = opening.read(flow, FlowOpened)
    if opened is None:
        return None
    inside = judged(body)
    if inside is None:
        return None
    return Claim(
        flow_envelope=flow,
        flow=opened,
        flow_hash=flow_hash(flow.payload),
        body=body,
        digest=opening.digest(body),
        attestations=attestations,
        inside=inside,
    )


def judged(body: Envelope) -> Inside | None:
    """What a body holds; None when it can be read as nothing that is ever judged."""
    window = opening.read(body, WindowRecord)
    answer: Envelope | None = body
    if window is not None:
        answer = next((each for each in window.answers if opening.digest(each) == window.winner), None)
    intent = None if answer is None else opening.read(answer, Intent)
    report = None if answer is None or intent is not None else opening.read(answer, Report)
    if window is None and intent is None and report is None:
        return None
    return Inside(window=window, answer=answer, intent=intent, report=report)
