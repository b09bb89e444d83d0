"""Why a signal did or did not become a flow: one answer from what the selector wrote down.

Reads its state records, the quarantine and the flow topics; touches none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from schemas.models import FlowOpened, MarketSignal, Quarantined
from topologies.selector.notebook import COUNTERS, Notebook, Suppressed
from topologies.selector.notebook import PREFIX as SUPPRESSED
from topologies.selector.seen import PREFIX as SEEN
from topologies.selector.seen import Fate, Seen, seen_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Everything known of one (source, signal id), in the order in which it is told."""

    source: str
    signal_id: str
    flows: tuple[FlowOpened, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    fate: Fate | None = None
    offset: int | None = None

    def lines(self) -> list[str]:
        """The answer for people: never empty."""
        told = [_flow(flow) for flow in self.flows]
        told += [_suppressed(one) for one in self.suppressed]
        told += [_quarantined(one) for one in self.quarantined]
        if not told and self.fate is not None:
            told.append(f"{_fates()[self.fate]} (offset {self.offset} of its topic)")
        return told or [f"{self.source} {self.signal_id}: not seen here, or forgotten (older than an hour)"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the answer is found in.

    state: the records of ``selector.state``. flows: every FlowOpened read from ``flows.*``.
    quarantine: each quarantined record with the signal its bytes hold, where they hold one.
    """

    state: Mapping[bytes, bytes]
    flows: Iterable[FlowOpened] = ()
    quarantine: Iterable[tuple[Quarantined, MarketSignal | None]] = field(default=())


def why(source: str, signal_id: str, evidence: Evidence) -> Why:
    """What became of the signal; for an instruction the source is its signer's key id in hex."""
    named = {key.decode(): value for key, value in evidence.state.items()}
    seen, notebook = Seen(), Notebook()
    seen.load({name: value for name, value in named.items() if name.startswith(SEEN)})
    pages = (COUNTERS, SUPPRESSED)
    notebook.load({name: value for name, value in named.items() if name.startswith(pages)})
    sighting = seen.sighting(seen_key(source, signal_id))
    wanted = (source, signal_id)
    return Why(
        source=source,
        signal_id=signal_id,
        flows=tuple(
            flow for flow in evidence.flows if (flow.trigger.source, flow.trigger.signal_id) == wanted
        ),
        suppressed=tuple(one for one in notebook.suppressed() if (one.source, one.signal_id) == wanted),
        quarantined=tuple(
            record
            for record, signal in evidence.quarantine
            if signal is not None and (signal.source, signal.signal_id) == wanted
        ),
        fate=None if sighting is None else sighting.fate,
        offset=None if sighting is None else sighting.offset,
    )


def _fates() -> Mapping[Fate, str]:
    return {
        Fate.UPDATED: "moved the features; no route names it, and none has to",
        Fate.SUPPRESSED: "woke nobody; the predicates are no longer among the last remembered",
        Fate.OPENED: "opened a flow, which is no longer on the flow topics: look into the ledger",
    }


def _flow(flow: FlowOpened) -> str:
    agents = ", ".join(each.agent_id for each in flow.woken)
    under = "" if flow.parent is None else f", child {flow.child_number} of {flow.parent.hex()}"
    return (
        f"opened flow {flow.dfid.hex()} attempt {flow.attempt} on {flow.lane.value} for {flow.account}"
        f" as {flow.decision_class}{under}; woke {agents}"
    )


def _suppressed(one: Suppressed) -> str:
    figures = f": measured {one.measured}, threshold {one.threshold}" if one.threshold else ""
    return f"suppressed for {one.account}, {one.agent_id}, by {one.predicate}{figures}"


def _quarantined(one: Quarantined) -> str:
    word = "duplicate" if one.reason == "SIGNAL_DUPLICATE" else "quarantined"
    return f"{word} ({one.reason}) at {one.topic}[{one.partition}]@{one.offset}: {one.detail}"
