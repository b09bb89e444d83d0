"""One transaction of the kernel: BATCH first, then every record of the batch as an entry of its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kernel.acts.control import UNSIGNED, closing_word, concerns, judge_control
from kernel.acts.erasing import tombstones
from kernel.acts.manifests import judge_manifest
from kernel.acts.receipts import judge_receipt
from kernel.announce import Announcer
from kernel.arrivals import REFUSALS_MAX, WORKER, message_of, quarantine_reason, refusal
from kernel.documents import entry_for
from kernel.journal import Journal
from kernel.opening import digest
from kernel.quotes import Quotes
from kernel.received import receive
from kernel.ruled import Bench
from kernel.state.whole import Place, State
from ledger.registry import RegistryFault, RegistryRefused
from ledger.signing import Signer
from schemas.kinds import EntryKind
from schemas.models import (
    BatchEntry,
    CloseEntry,
    ControlEntry,
    Envelope,
    InputRange,
    ManifestEntry,
    Mark,
)
from schemas.reasons import ControlReason, QuarantineReason, Reason
from schemas.wire import Refused
from transport.log import Output, Record
from transport.quarantine import quarantined
from transport.skipping import tells

NOT_SIGNED = frozenset(
    {Reason.MALFORMED, Reason.KEY_NOT_VALID, Reason.BAD_SIGNATURE}
)  # of a hello: nobody is bound by it, so no entry of its kind is written


@dataclass(slots=True, kw_only=True)
class Step:
    """What one transaction collects. closes: an operator's word that ends the ledger with it."""

    state: State
    journal: Journal
    quotes: Quotes
    signer: Signer
    outputs: list[Output] = field(default_factory=list)
    refusals: int = 0
    closes: str | None = None

    def begin(self, now: int, reads: Mapping[Place, int], marks: Sequence[Mark]) -> int:
        """Write BATCH: the time, how far every input is read, and the marks that fold; its index."""
        positions = self.state.core.positions
        ranges = tuple(
            InputRange(topic=place[0], partition=place[1], first=positions.get(place, 0), next=reads[place])
            for place in sorted(reads)
        )
        body = BatchEntry(now=now, inputs=ranges, marks=tuple(marks), refusals_uncounted=0)
        self.journal.add(EntryKind.BATCH, body)
        return len(self.journal) - 1

    def take(self, record: Record, *, skips: bool = False) -> None:
        """Make a record an entry, or a refusal with its bytes in quarantine; skips: it was signed away."""
        if skips:
            self._quarantine(record, QuarantineReason.SKIPPED, "skipped by an operator's signature")
            return
        try:
            message = message_of(self.state, record)
        except Refused as refused:
            self._refuse(record, None, Reason.MALFORMED)
            self._quarantine(record, refused.reason, refused.detail)
            return
        match record.topic:
            case "proposals":
                self._proposal(record, message)
            case "human.decisions":
                refused_as = self._bench().act(message)
                if refused_as is not None:
                    self._no(record, digest(message), refused_as)
            case _:
                self._envelope(record, message)

    def end_overdue(self) -> None:
        """End the flows whose time ran out before this batch."""
        self._bench().end_overdue()

    def close(self, index: int) -> None:
        """Write the count of refusals beyond the bound into BATCH, and the views of all that changed."""
        beyond = max(0, self.refusals - REFUSALS_MAX)
        if beyond:
            batch = self.journal.body(index)
            self.journal.amend(index, replace(batch, refusals_uncounted=beyond))
        if self.closes is not None:
            # Last: what its BATCH says was read has been ruled on, so nothing falls between two ledgers.
            self.journal.add(EntryKind.CLOSE, CloseEntry(reason=self.closes))
        self.outputs += Announcer(self.state).views()

    def _bench(self) -> Bench:
        return Bench(
            state=self.state,
            journal=self.journal,
            quotes=self.quotes,
            signer=self.signer,
            outputs=self.outputs,
        )

    def _proposal(self, record: Record, message: Any) -> None:
        refused = self._bench().proposal(record, message)
        if refused is not None:
            self._no(record, digest(message.body), refused)

    def _envelope(self, record: Record, envelope: Envelope) -> None:
        seq = self.journal.seq
        match record.topic:
            case "registry":
                self._document(record, envelope)
            case "control":
                self._control(record, envelope)
            case "agents.manifest":
                reason = judge_manifest(self.state, envelope, seq)
                if reason in NOT_SIGNED:
                    self._no(record, digest(envelope), reason)
                else:
                    body = ManifestEntry(manifest=envelope, accepted=reason == 0, reason=int(reason))
                    self.journal.add(EntryKind.MANIFEST, body)
            case "venue.receipts":
                reason = judge_receipt(self.state, envelope, seq)
                if reason is not Reason.NONE:
                    self._no(record, digest(envelope), reason)
                else:
                    receive(self._bench(), envelope)

    def _document(self, record: Record, envelope: Envelope) -> None:
        entry = entry_for(envelope)
        if entry is None:
            self._no(record, digest(envelope), Reason.MALFORMED)
            return
        try:
            self.journal.add(*entry)
        except RegistryRefused as refused:
            forged = refused.fault in (RegistryFault.NOT_SIGNED, RegistryFault.KEY_REFUSED)
            reason = Reason.KEY_NOT_VALID if forged else Reason.MALFORMED
            self._refuse(record, digest(envelope), reason)
            self._quarantine(record, quarantine_reason(reason), str(refused))

    def _control(self, record: Record, envelope: Envelope) -> None:
        reason = judge_control(self.state, envelope, self.journal.seq)
        if reason in UNSIGNED:
            self._no(record, digest(envelope), Reason[reason.name])
            return
        if not concerns(self.state, envelope):
            return
        accepted = reason is ControlReason.FOLDED
        entry = ControlEntry(command=envelope, accepted=accepted, reason=int(reason))
        self.journal.add(EntryKind.CONTROL, entry)
        self.outputs += tombstones(entry, self.state.identity.shard)
        self.closes = closing_word(entry) or self.closes

    def _no(self, record: Record, named: bytes, reason: Reason) -> None:
        self._refuse(record, named, reason)
        self._quarantine(record, quarantine_reason(reason), reason.name)

    def _refuse(self, record: Record, named: bytes | None, reason: Reason) -> None:
        self.refusals += 1
        if self.refusals <= REFUSALS_MAX:
            self.journal.add(EntryKind.REFUSAL, refusal(record, named, reason))

    def _quarantine(self, record: Record, reason: QuarantineReason, detail: str) -> None:
        state = self.state
        if not tells(record.topic, state.identity.shard):
            return  # each shard has its REFUSAL; the bytes are put aside once
        self.outputs.append(
            quarantined(
                record,
                reason,
                detail,
                ids=state.registry.schema_ids,
                worker=WORKER,
                shard=state.identity.shard,
                now=state.now,
            )
        )
