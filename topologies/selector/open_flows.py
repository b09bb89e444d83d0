"""Flows that await an answer: when each is due, and which are to be opened again."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from ledger.envelope import opened
from schemas.codec import decode, encode
from schemas.models import FlowOpened, FlowRecord
from topologies.selector.bounds import ANSWER_GRACE_US, OPEN_FLOWS_MAX
from transport.log import StateChange

PREFIX = "open/"
REOPENS, REPORTED = 1, 2
CLOCK_SLACK = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFlow:
    """An attempt without a verdict. reopens: a curable refusal came; reported: NO_ANSWER was submitted."""

    flow: FlowOpened
    record: FlowRecord
    reopens: bool = False
    reported: bool = False

    @property
    def due(self) -> int:
        """When something has to happen by the clock alone (micros UTC)."""
        last = self.flow.flow_expires_at if self.reported or self.reopens else self.flow.deadline
        return last + ANSWER_GRACE_US


class OpenFlows:
    """By DFID; one attempt each."""

    def __init__(self) -> None:
        self._flows: dict[bytes, OpenFlow] = {}
        self._clock: list[tuple[int, bytes]] = []  # (due, dfid), some of them out of date
        self._dirty: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._flows)

    @property
    def full(self) -> bool:
        """Whether no further flow may be opened for now."""
        return len(self._flows) >= OPEN_FLOWS_MAX

    def get(self, dfid: bytes) -> OpenFlow | None:
        """The open attempt of a flow."""
        return self._flows.get(dfid)

    def put(self, flow: FlowOpened, record: FlowRecord) -> None:
        """A new attempt; it takes the place of the one before."""
        self._set(OpenFlow(flow=flow, record=record))

    def mark(self, dfid: bytes, *, reopens: bool = False, reported: bool = False) -> None:
        """Remember what happened to the open attempt."""
        one = self._flows[dfid]
        self._set(replace(one, reopens=one.reopens or reopens, reported=one.reported or reported))

    def drop(self, dfid: bytes) -> None:
        """The flow has its answer."""
        del self._flows[dfid]
        self._dirty.add(dfid)

    def reopening(self) -> list[OpenFlow]:
        """Those to be opened again, in an order that no arrival decides."""
        return [one for _, one in sorted(self._flows.items()) if one.reopens]

    def overdue(self, now: int) -> Iterator[OpenFlow]:
        """Those whose time has passed, in order of time. The caller MUST mark or drop each."""
        while self._clock and self._clock[0][0] < now:
            due, dfid = heapq.heappop(self._clock)
            one = self._flows.get(dfid)
            if one is not None and one.due == due:
                yield one

    def changes(self) -> Iterator[StateChange]:
        """The state records of what changed since the last call."""
        for dfid in sorted(self._dirty):
            one = self._flows.get(dfid)
            yield StateChange(
                key=f"{PREFIX}{dfid.hex()}".encode(), value=None if one is None else _written(one)
            )
        self._dirty = set()

    def load(self, records: Mapping[str, bytes]) -> None:
        """Rebuild from the records ``open/…``."""
        for value in records.values():
            record = decode(FlowRecord, value[1:])
            flow = opened(record.flow, FlowOpened)
            reopens, reported = bool(value[0] & REOPENS), bool(value[0] & REPORTED)
            one = OpenFlow(flow=flow, record=record, reopens=reopens, reported=reported)
            self._flows[flow.dfid] = one
            heapq.heappush(self._clock, (one.due, flow.dfid))

    def state(self) -> object:
        """Everything a restart must give back, for comparison."""
        return sorted(self._flows.items())

    def _set(self, one: OpenFlow) -> None:
        self._flows[one.flow.dfid] = one
        self._dirty.add(one.flow.dfid)
        heapq.heappush(self._clock, (one.due, one.flow.dfid))
        if len(self._clock) > CLOCK_SLACK + 4 * len(
            self._flows
        ):  # answered flows leave their due times behind
            self._clock = sorted((each.due, dfid) for dfid, each in self._flows.items())


def _written(one: OpenFlow) -> bytes:
    flags = (REOPENS if one.reopens else 0) | (REPORTED if one.reported else 0)
    return bytes((flags,)) + encode(one.record)
