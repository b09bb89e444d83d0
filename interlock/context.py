"""Where a command acts: the state folder, what runs there, and which ledger is meant."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from interlock.services.faults import ServicesError
from interlock.services.running import Running, brokers
from ledger.registry import Registry, RegistryRefused
from schemas.models import Envelope
from schemas.wire import Refused, SchemaIds, unframed
from transport.card import Card, CardError, load_card
from transport.kafka_reader import KafkaTail
from transport.log import Record
from transport.names import LIVE, LedgerName, ledger_name, physical
from transport.settings import KafkaSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One ledger on running services."""

    running: Running
    card: Card

    @property
    def name(self) -> LedgerName:
        """The ledger's name as topics carry it."""
        return LedgerName(self.card.name)

    def settings(self, principal: str = "console") -> KafkaSettings:
        """How one principal reaches the broker."""
        path = self.running.password_file(principal)
        return KafkaSettings(
            bootstrap=self.running.bootstrap_workers,
            security="SASL_PLAINTEXT",
            principal=principal,
            password=path.read_text(encoding="ascii").strip(),
        )

    def read(self, topic: str, partition: int = 0, start: int = 0) -> Iterator[Record]:
        """Committed records of one partition to its present end."""
        group = physical(self.name, "interlock-console-read")
        tail = KafkaTail(self.settings(), self.name, group, topic, partition, start)
        try:
            yield from tail.read()
        finally:
            tail.close()

    def last(self, topic: str, count: int, partition: int = 0) -> list[Record]:
        """The committed records among the last ``count`` offsets of one partition."""
        group = physical(self.name, "interlock-console-last")
        tail = KafkaTail(self.settings(), self.name, group, topic, partition)
        try:
            tail.skip(back=count)
            return tail.fresh()
        finally:
            tail.close()

    def ledger(self, partition: int = 0) -> Iterator[bytes]:
        """The ledger's entry values in order."""
        return (record.value for record in self.read("kernel.ledger", partition) if record.value is not None)

    def registry(self) -> Registry:
        """The agent registry as it stands now; documents nobody may believe are left out, as everywhere."""
        registry = Registry(self.card.root)
        for record in self.read("registry"):
            try:
                registry.fold(record.offset, unframed(Envelope, record.value))
            except (Refused, RegistryRefused):
                continue
        return registry

    def schema_ids(self) -> SchemaIds:
        """Registry ids as the signed registry topic teaches them."""
        return self.registry().schema_ids


def state_folder() -> Path:
    """``INTERLOCK_STATE`` or ``.interlock`` here."""
    return Path(os.environ.get("INTERLOCK_STATE", ".interlock")).absolute()


def current_ledger(state: Path) -> LedgerName:
    """The ledger the state folder names, LIVE when it names none."""
    path = state / "current"
    return ledger_name(path.read_text(encoding="ascii").strip()) if path.exists() else LIVE


def make_current(state: Path, name: str) -> None:
    """Let commands mean this ledger unless they say otherwise."""
    (state / "current").write_text(name + "\n", encoding="ascii")


def context(name: str | None = None) -> Context:
    """The named (or current) ledger. Raises ServicesError saying what to run when it is not there."""
    state = state_folder()
    running = brokers(state)
    if running is None:
        raise ServicesError("no broker runs here", fix="interlock up")
    try:
        ledger = current_ledger(state) if name is None else ledger_name(name)
        return Context(running=running, card=load_card(state, ledger))
    except (CardError, ValueError) as error:
        raise ServicesError(str(error), fix="interlock start, or make demo") from None
