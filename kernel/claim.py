"""What arrived, decoded and not yet believed: a flow, a signed body, and what the body holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kernel import opening
from ledger.hashes import flow_hash
from rules.arbitration import AnswerKind, kind_of
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

    def asker(self, woken: Sequence[str]) -> str:
        """Which of the woken agents asked for a person: the author, else the first of a window to ask."""
        if self.agent_id in woken:
            return self.agent_id
        answers = () if self.window is None else self.window.answers
        reports = [report for each in answers if (report := opening.read(each, Report)) is not None]
        asked = (each.agent_id for each in reports if kind_of(each) is AnswerKind.ESCALATE)
        return min(asked, default=woken[0])


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
