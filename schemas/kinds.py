"""What a ledger entry is: one append-only table of kinds and the message each holds."""

from __future__ import annotations

from typing import Any

from schemas import models
from schemas.kind_table import EntryKind, Role

__all__ = ["BODY", "EntryKind", "Role"]

BODY: dict[EntryKind, type[Any]] = {
    EntryKind.GENESIS: models.Genesis,
    EntryKind.SCHEMA: models.SchemaEntry,
    EntryKind.CONTRACT: models.DocumentEntry,
    EntryKind.RULES: models.DocumentEntry,
    EntryKind.ROUTING: models.DocumentEntry,
    EntryKind.INSTRUMENT: models.DocumentEntry,
    EntryKind.MODEL: models.DocumentEntry,
    EntryKind.KEY: models.DocumentEntry,
    EntryKind.MANIFEST: models.ManifestEntry,
    EntryKind.BATCH: models.BatchEntry,
    EntryKind.FLOW: models.FlowEntry,
    EntryKind.DECISION: models.DecisionEntry,
    EntryKind.REPORT: models.ReportEntry,
    EntryKind.REFUSAL: models.RefusalEntry,
    EntryKind.RECEIPT: models.ReceiptEntry,
    EntryKind.ESCALATION: models.EscalationEntry,
    EntryKind.HUMAN: models.HumanEntry,
    EntryKind.CONTROL: models.ControlEntry,
    EntryKind.CHECKPOINT: models.CheckpointEntry,
    EntryKind.EPOCH: models.EpochEntry,
    EntryKind.CLOSE: models.CloseEntry,
}
