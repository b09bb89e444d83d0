"""A new ledger: its card, keys, topics, shapes and grants, so that workers find everything signed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from confluent_kafka import Producer

from interlock.grants import Released, documents, signers_of
from interlock.services.access import member
from interlock.services.faults import ServicesError
from interlock.services.principals import PRINCIPALS, add_user
from interlock.services.running import Running
from interlock.services.topics import allow, ensure_ledger
from ledger.envelope import seal
from ledger.signing import Signer
from schemas import avsc
from schemas.models import Control, Lane, Verb
from schemas.publish import Published, publish
from schemas.wire import SchemaIds
from transport.card import Card, seed, write_card, write_seed
from transport.names import LIVE, LedgerName, physical

OPERATOR = "interlock.local"
FLUSH_S = 30.0
PROVER_TOPICS = ("evidence.requests", "explanations", "agents.manifest", "agents.state", "quarantine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A paper account to open; deposit in USD."""

    name: str
    deposit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One record to send: base topic, partition, key and value."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


def create(
    running: Running, name: LedgerName, *, clock: str, accounts: Sequence[str], shards: int = 1,
    lanes: Sequence[Lane] = tuple(Lane), released: Released | None = None,
    say: Callable[[str], None] = lambda _: None, continues: tuple[str, ...] = (),
) -> Card:  # fmt: skip
    """Make a ledger: topics, ACLs, subjects, keys and grants. ServicesError when a service refuses.

    released: its contracts and routes, the shipped ones unless told otherwise.
    continues: the last notes of the closed ledger that this one goes on from.
    """
    state = running.root
    released = Released.shipped() if released is None else released
    granted = released.contracts
    signers = signers_of([contract.agent_id for contract in granted], accounts)
    card, keys = draw(state, name, clock, shards, [*signers, "root", "registry", "witness"], continues)
    say(f"ledger {name} {card.ledger.hex()}: topics and rights")
    ensure_ledger(running, name, shards=shards)
    for contract in granted:
        if contract.agent_id not in PRINCIPALS:
            add_user(running.state, running.bootstrap_admin, contract.agent_id)
            allow(running, member(contract.agent_id, name, writes=PROVER_TOPICS))
    say("shapes to the schema registry")
    published = publish(running.registry_url, "" if name == LIVE else f"{name}.")
    say("signed keys, shapes, rules, instruments, contracts and routing to the agent registry")
    held = {who: (keys[who], role, bound) for who, (role, bound) in signers.items()}
    ids = schema_ids(published)
    send(
        running, "release", name,
        [Message(topic="registry", partition=0, key=key, value=ids.pack(envelope))
         for key, envelope in documents(keys["root"], keys["registry"], held, published, lanes, released)],
    )  # fmt: skip
    return card


def open_accounts(
    running: Running, card: Card, ids: SchemaIds, accounts: Sequence[Account], now: int, first_serial: int = 1
) -> None:
    """Sign and send an OPEN command for each account."""
    operator = Signer(seed(running.root, card.name, "operator"))
    messages = []
    for serial, account in enumerate(accounts, first_serial):
        command = command_of(
            card, serial, Verb.OPEN, now, account=account.name, amount=Decimal(account.deposit)
        )
        value = ids.pack(seal(command, operator))
        messages.append(Message(topic="control", partition=0, key=account.name.encode(), value=value))
    send(running, "console", LedgerName(card.name), messages)


def command_of(
    card: Card,
    serial: int,
    verb: Verb,
    now: int,
    *,
    account: str | None = None,
    amount: Decimal | None = None,
) -> Control:
    """A command about an account; ``amount`` in USD."""
    return Control(
        ledger=card.ledger,
        serial=serial,
        verb=verb,
        account=account,
        amount=amount,
        reason="operator",
        at=now,
    )


def schema_ids(published: Iterable[Published]) -> SchemaIds:
    """Registry ids as just published, for the one who releases them."""
    return SchemaIds(
        ids={each.number: avsc.digest(f"{avsc.NAMESPACE}.{each.subject.message}") for each in published}
    )


def send(running: Running, principal: str, name: LedgerName, messages: Sequence[Message]) -> None:
    """Write records as one principal and wait until the broker has them. ServicesError if it refuses one."""
    refused: list[str] = []

    def delivered(error: object, message: object) -> None:
        if error is not None:
            refused.append(str(error))

    if not running.password_file(principal).exists():
        raise ServicesError(
            f"no broker user {principal!r}", fix="one that interlock doctor knows: feeder, console"
        )
    producer = Producer(
        {
            **running.client(principal),
            "acks": "all",
            "enable.idempotence": True,
            "linger.ms": 5,
            "batch.size": 16_384,
        }
    )
    for message in messages:
        producer.produce(
            physical(name, message.topic),
            message.value,
            message.key,
            message.partition,
            on_delivery=delivered,
            headers=list(message.headers),
        )
    left = producer.flush(FLUSH_S)
    if refused or left:
        raise ServicesError(
            f"{principal} could not write: {refused[0] if refused else f'{left} records unanswered'}",
            fix="interlock doctor",
        )


def draw(
    state: Path, name: str, clock: str, shards: int, who: Sequence[str], continues: tuple[str, ...] = ()
) -> tuple[Card, dict[str, Signer]]:
    """Draw a ledger's id and a key for each of ``who`` (root among them), and write card and seeds once.

    Raises FileExistsError when the ledger has a card already: its identity never changes.
    """
    seeds = {each: os.urandom(32) for each in who}
    signers = {each: Signer(value) for each, value in seeds.items()}
    card = Card(
        name=name,
        ledger=os.urandom(16),
        operator=OPERATOR,
        clock=clock,
        shards=shards,
        root=signers["root"].public,
        continues=continues,
    )
    write_card(state, card)
    for each, value in seeds.items():
        write_seed(state, name, each, value)
    return card, signers
