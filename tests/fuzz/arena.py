"""A batch: a fresh world, some thousand records, and after every step the count of what became of each.

The law of conservation: every record becomes an entry of its kind, or is quarantined with a reason and told
as a refusal (one by one, or in its BATCH's count); a signal is a quote the kernel keeps, or the selector's to
put aside. Nothing else, and nothing twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Any

from kernel.replay import replay
from ledger.entry import decode_entry
from ledger.envelope import seal
from ledger.findings import Findings
from ledger.trust import Trust
from ledger.verify import Common, Level, Partition
from schemas import models as m
from schemas.codec import decode
from schemas.kinds import BODY, EntryKind
from schemas.reasons import QuarantineReason, Reason, name_of
from schemas.wire import PREFIX
from tests.build import BTC, LEDGER, SECOND, World, granted, signer
from tests.fuzz.makers import Maker, Raw
from transport.log import Output, Produce, Record

STEPS = 8
RULED = {EntryKind.DECISION, EntryKind.REPORT}
ITS_KIND = {
    EntryKind.CONTROL: "control",
    EntryKind.MANIFEST: "agents.manifest",
    EntryKind.RECEIPT: "venue.receipts",
    EntryKind.HUMAN: "human.decisions",
}
OF_ITSELF = {EntryKind.BATCH, EntryKind.CHECKPOINT, EntryKind.EPOCH, EntryKind.FLOW, EntryKind.ESCALATION,
             EntryKind.REFUSAL, EntryKind.GENESIS}  # fmt: skip


class Lost(AssertionError):
    """A record without an outcome, or with two."""


@dataclass(slots=True)
class Arena:
    """One world and its counts."""

    seed: int
    bodies: bool = (
        False  # whether the verifier reads every body too (what a strange selector signed is its to say)
    )
    world: World = field(init=False)
    maker: Maker = field(init=False)
    draw: Random = field(init=False)
    clock: Random = field(init=False)  # apart from the records, so that fewer of them live the same times
    counts: Counter[str] = field(default_factory=Counter)
    ledger: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.draw, self.clock = Random(self.seed), Random(self.seed)
        self.world, waiting, orders = prepared()
        self.maker = Maker(world=self.world, draw=self.draw, waiting=waiting, orders=orders)
        self.ledger = self.world.ledger

    def made(self, count: int) -> list[list[Raw]]:
        """The batch's records, step by step; the same for the same seed."""
        each = max(1, count // STEPS)
        return [[self.maker.one() for _ in range(min(each, count - done))] for done in range(0, count, each)]

    def fed(self, steps: Sequence[Sequence[Raw]]) -> None:
        """Feed every step, then look at the whole ledger."""
        for raws in steps:
            self._step(raws)
            self.world.now += self.clock.choice((0, 1, SECOND // 3, SECOND, 2 * SECOND, 40 * SECOND))
        self._whole()

    def _step(self, raws: Sequence[Raw]) -> None:
        topics = self.world.topics
        records = [topics.append(raw.topic, 0, raw.key, raw.value) for raw in raws]
        records.sort(key=lambda record: RANK[record.topic])
        kernel, now = self.world.kernel, self.world.now
        outputs = list(kernel.step(records, now))
        for _ in range(4):  # a CHECKPOINT stands alone, and grants are folded before what may need them
            outputs += kernel.step((), now)
        entries = [
            each.value for each in outputs if isinstance(each, Produce) and each.topic == "kernel.ledger"
        ]
        self.ledger += [value for value in entries if value is not None]
        aside = [
            decode(m.Quarantined, (each.value or b"")[PREFIX.size :])
            for each in outputs
            if isinstance(each, Produce) and each.topic == "quarantine"
        ]
        self._conserved(records, entries, aside)

    def _conserved(
        self, records: Sequence[Record], entries: Sequence[bytes], aside: list[m.Quarantined]
    ) -> None:
        outcomes: Counter[tuple[str, int]] = Counter()
        by_kind: dict[str, list[Any]] = {}
        refused = uncounted = 0
        for value in entries:
            leaf = decode_entry(value)
            kind = EntryKind(leaf.kind)
            body = decode(BODY[kind], leaf.body)
            if kind in RULED and body.received.topic == "proposals":
                outcomes["proposals", body.received.first] += 1
                self._count_ruling(kind, body)
            elif kind in ITS_KIND:
                by_kind.setdefault(ITS_KIND[kind], []).append(_envelope(body))
                self.counts[f"{kind.name} {'accepted' if _accepted(body) else 'refused'}"] += 1
            elif kind is EntryKind.REFUSAL:
                refused += 1
            elif kind is EntryKind.BATCH:
                uncounted += body.refusals_uncounted
            elif kind not in OF_ITSELF and kind not in RULED:
                by_kind.setdefault("registry", []).append(body.document)
                self.counts["registry document folded"] += 1
        skipped = 0
        for each in aside:
            outcomes[each.topic, each.offset] += 1
            skipped += each.reason == QuarantineReason.SKIPPED.name
            self.counts[f"quarantined {each.reason}"] += 1
        if refused + uncounted != len(aside) - skipped:
            raise Lost(f"{refused} refusals and {uncounted} uncounted for {len(aside) - skipped} put aside")
        for record in records:
            self._one(record, outcomes, by_kind)
        if any(by_kind.values()):
            raise Lost(f"entries nobody sent: { {key: len(found) for key, found in by_kind.items()} }")

    def _one(self, record: Record, outcomes: Counter[tuple[str, int]], by_kind: dict[str, list[Any]]) -> None:
        """Exactly one outcome a record."""
        found = outcomes[record.topic, record.offset]
        if record.topic == "market.signals":
            self.counts["signal read"] += 1
            if found:
                raise Lost(f"{record.topic} {record.offset}: its quarantine is the selector's")
            return
        if found == 0 and record.topic != "proposals":
            entries = by_kind.get(record.topic, [])
            envelope = decode(m.Envelope, (record.value or b"")[PREFIX.size :])
            if not entries or entries.pop(0) != envelope:
                raise Lost(f"{record.topic} {record.offset} became nothing")
            found = 1
        if found != 1:
            raise Lost(f"{record.topic} {record.offset} has {found} outcomes")

    def _count_ruling(self, kind: EntryKind, body: Any) -> None:
        if kind is EntryKind.REPORT:
            self.counts["REPORTED"] += 1
            return
        gate = "" if not body.reason else f" gate {Reason(body.reason).gate:2} {name_of(body.reason)}"
        self.counts[f"{body.verdict.value}{gate}"] += 1

    def _whole(self) -> None:
        self.ledger += _entries(self.world.kernel.closing(self.world.now))
        found = replay(self.ledger)
        if not found.identical:
            raise Lost(f"{found}: {found.differences[:2]}")
        findings = Findings()
        trust = Trust(ledger=LEDGER, operator="interlock.test", roots=(signer("root").public,), witnesses=())
        level = Level.COMMIT if self.bodies else Level.STRUCTURE
        Partition(source="fuzz", common=Common(level=level, findings=findings, anchors=[], trust=trust)).read(
            self.ledger
        )
        wrong = {code: count for code, count in findings.counts.items() if code != "UNANCHORED"}
        if wrong:
            raise Lost(f"the ledger does not verify: {wrong} {findings.kept[:3]}")


RANK = {name: number for number, name in enumerate(
    ("registry", "control", "agents.manifest", "venue.receipts", "human.decisions", "market.signals",
     "proposals"))}  # fmt: skip


def _entries(outputs: Sequence[Output]) -> list[bytes]:
    produced = (each for each in outputs if isinstance(each, Produce) and each.topic == "kernel.ledger")
    return [each.value for each in produced if each.value is not None]


def _envelope(body: Any) -> m.Envelope:
    match body:
        case m.ControlEntry():
            return body.command
        case m.ManifestEntry():
            return body.manifest
        case m.ReceiptEntry():
            return body.receipt
        case m.HumanEntry():
            return body.act
        case _:
            raise AssertionError(body)


def _accepted(body: Any) -> bool:
    return bool(getattr(body, "accepted", getattr(body, "verdict", m.Verdict.ACCEPTED) is m.Verdict.ACCEPTED))


def prepared() -> tuple[World, list[tuple[m.FlowOpened, m.Envelope]], list[m.KernelIntent]]:
    """A world with something of everything: a holding, open orders on both sides, questions that wait."""
    sovereign = next(each for each in granted() if each.agent_id == "sovereign")
    wide = {
        "allowed_actions": tuple(m.Action), "forbidden_actions": (), "veto": True, "halt_ttl_s": 1,
        # An agent that may ask for ever is not soon PASSIVE, and a wide one comes as far as the last gates.
        "escalation": replace(sovereign.escalation, budget_per_hour=1_000, max_exposure_usd=Decimal(10**6)),
        "budget": replace(sovereign.budget, proposals_per_window=9_000, tokens_per_flow=10**6),
        "limits": replace(sovereign.limits, max_position_pct=Decimal(1), max_position_size=Decimal(1_000)),
    }  # fmt: skip
    world = World(accounts=("paper-1", "paper-2"), changed={"sovereign": wide})
    world.bought("0.5")
    orders = []
    for account, quantity in (("paper-1", "0.1"), ("paper-2", "0.2"), ("paper-2", "0.3")):
        flow = world.flow(account=account)
        world.propose(flow, world.intent(flow, quantity=Decimal(quantity), time_in_force=m.TimeInForce.GTT))
        world.run()
        orders.append(world.order)
    waiting = []
    for _ in range(4):
        flow = world.flow()
        body = seal(world.intent(flow, confidence=Decimal("0.1")), signer("sovereign"))
        world.propose(flow, body)
        waiting.append((flow, body))
    flow = world.flow(("prover",))
    body = seal(world.intent(flow), signer("prover"))
    world.propose(flow, body, attestations=(world.attest(flow, body),))
    flow = world.flow(("strategy", "risk"))
    world.propose(flow, world.window(flow, [world.intent(flow), world.report(flow, "risk")]))
    world.receipt(orders[0], m.ReceiptStatus.PARTIAL, Decimal("0.05"))
    world.decide(*waiting[0], m.HumanChoice.ABORT)
    world.quote(BTC, "4000", "4001")
    world.run()
    return world, waiting, orders
