"""Who may do what: the ACLs of one ledger, computed from the topic table. Absent permission is refusal."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from interlock.services.principals import ANONYMOUS, PRINCIPALS, SUPER
from schemas.topics import ANYONE, LOOPS, TOPICS, Topic
from transport.names import LedgerName, physical

EVERYONE: Final = "User:*"
# Consumer groups of people who come in without a password (kcat -G people-x, a notebook).
PEOPLE_GROUPS: Final = "people-"


class Kind(StrEnum):
    """What an entry is about."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTION = "transactional_id"


class Right(StrEnum):
    """What it allows; Kafka lets READ and WRITE imply DESCRIBE."""

    READ = "read"
    WRITE = "write"
    DESCRIBE = "describe"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Grant:
    """One ACL entry that allows; nothing here ever forbids, because what is not allowed is refused."""

    kind: Kind
    name: str
    is_prefix: bool
    principal: str
    right: Right


def user(principal: str) -> str:
    """Kafka's word for a principal of the table."""
    return "User:ANONYMOUS" if principal == ANONYMOUS else f"User:{principal}"


def grants(
    ledger: LedgerName, *, paper: bool = True, members: tuple[str, ...] = PRINCIPALS
) -> frozenset[Grant]:
    """Every entry one ledger needs.

    On a ledger that is not `paper` nobody anonymous writes: unsigned quotes move marks.
    """
    found: set[Grant] = set()
    for topic in TOPICS:
        found.update(_topic(topic, ledger, paper=paper))
    for principal in members:
        if principal not in SUPER:
            found.update(_groups(principal, ledger))
    for loop in LOOPS:
        name = f"interlock-{loop}-{ledger}-"
        found.add(_grant(Kind.TRANSACTION, name, user(loop), Right.WRITE, is_prefix=True))
    found.add(_grant(Kind.GROUP, PEOPLE_GROUPS, user(ANONYMOUS), Right.READ, is_prefix=True))
    # How far a group has read is no secret: lag displays, lock-step feeding and kcat need it.
    found.add(_grant(Kind.GROUP, "*", EVERYONE, Right.DESCRIBE))
    return frozenset(found)


def member(principal: str, ledger: LedgerName, *, writes: tuple[str, ...]) -> frozenset[Grant]:
    """Entries of a principal that joined later: its groups, and the topics (base names) it may write."""
    allowed = {_grant(Kind.TOPIC, physical(ledger, base), user(principal), Right.WRITE) for base in writes}
    return frozenset({*allowed, *_groups(principal, ledger)})


def _topic(topic: Topic, ledger: LedgerName, *, paper: bool) -> Iterator[Grant]:
    name = physical(ledger, topic.name)
    for writer in topic.writers:
        if writer != ANONYMOUS or paper:
            yield _grant(Kind.TOPIC, name, user(writer), Right.WRITE)
    if topic.readers == ANYONE:
        yield _grant(Kind.TOPIC, name, EVERYONE, Right.READ)
        return
    for reader in topic.readers:
        yield _grant(Kind.TOPIC, name, user(reader), Right.READ)


def _groups(principal: str, ledger: LedgerName) -> Iterator[Grant]:
    # The name itself and its numbered ones; a bare prefix would let `strat` into the groups of `strategy`.
    name = physical(ledger, f"interlock-{principal}")
    yield _grant(Kind.GROUP, name, user(principal), Right.READ)
    yield _grant(Kind.GROUP, f"{name}-", user(principal), Right.READ, is_prefix=True)


def _grant(kind: Kind, name: str, principal: str, right: Right, *, is_prefix: bool = False) -> Grant:
    return Grant(kind=kind, name=name, is_prefix=is_prefix, principal=principal, right=right)
