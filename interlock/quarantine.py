"""What lies in quarantine, decoded as far as it goes, and who may send a record of it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from interlock.context import Context
from interlock.say import Exit, Stop
from schemas import models
from schemas.codec import Unreadable, by_schema_hash, decode
from schemas.models import Envelope, Quarantined
from schemas.plain import to_plain
from schemas.reasons import QuarantineReason
from schemas.topics import BY_NAME, partitions
from schemas.wire import PREFIX, Refused, SchemaIds, unframed

TOPIC = "quarantine"
HASH_BYTES = 32  # in front of what was signed: the hash of its schema
# Who sends a record again, by topic: the principals of people and their tools. Every other topic is written
# by our own processes alone, and nobody speaks in their name.
SENDERS = {
    "market.signals": "feeder",
    "instructions": "console",
    "human.decisions": "console",
    "control": "console",
    "registry": "release",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One record of topic `quarantine`; ``name`` is where it lies there: PARTITION/OFFSET."""

    name: str
    about: Quarantined

    @property
    def place(self) -> str:
        """Where the record was read, as logs name it."""
        return f"{self.about.topic}[{self.about.partition}]@{self.about.offset}"


def kept(there: Context) -> Iterator[Kept]:
    """Everything in quarantine, partition by partition. What is no Quarantined is left out."""
    for partition in range(partitions(BY_NAME[TOPIC], there.card.shards)):
        for record in there.read(TOPIC, partition):
            try:
                about = unframed(Quarantined, record.value)
            except Refused:
                continue
            yield Kept(name=f"{partition}/{record.offset}", about=about)


def named(there: Context, name: str) -> Kept:
    """One of them. Raises Stop when nothing of that name lies there."""
    found = next((each for each in kept(there) if each.name == name), None)
    if found is None:
        raise Stop(Exit.FAILED, f"nothing named {name!r} in quarantine", fix="interlock quarantine ls")
    return found


def decoded(about: Quarantined, ids: SchemaIds) -> tuple[str, Any]:
    """What the original bytes are, as far as they can be read: a title, and a plain JSON value or hex."""
    value = about.value
    if value is None:
        return "no value", None
    if len(value) < PREFIX.size or value[0] != 0:
        return f"{len(value)} bytes without a schema id", value.hex()
    _, number = PREFIX.unpack_from(value)
    digest = ids.ids.get(number)
    cls = None if digest is None else by_schema_hash().get(digest)
    guessed = cls is None
    if cls is None and about.topic in BY_NAME and BY_NAME[about.topic].value != "bytes":
        cls = getattr(models, BY_NAME[about.topic].value)
    if cls is None:
        return f"{len(value)} bytes under unknown schema id {number}", value.hex()
    try:
        message = decode(cls, value[PREFIX.size :])
    except Unreadable as error:
        return f"no {cls.__name__}: {error}", value.hex()
    article = "an" if cls.__name__[0] in "AEIOU" else "a"
    unknown = f" (schema id {number} was never released; read as the topic's)" if guessed else ""
    title = f"{article} {cls.__name__}{unknown}"
    return title, _opened(message, to_plain(message))


def _opened(message: Any, plain: Any) -> Any:
    """The plain value, with what was signed in place of its bytes, in the message and one level below."""
    if isinstance(message, Envelope):
        return {**plain, "payload": _payload(message)}
    for name in plain:
        inside = getattr(message, name)
        if isinstance(inside, Envelope):
            plain[name] = _opened(inside, plain[name])
        elif isinstance(inside, tuple) and inside and isinstance(inside[0], Envelope):
            plain[name] = [_opened(one, shown) for one, shown in zip(inside, plain[name], strict=True)]
    return plain


def _payload(envelope: Envelope) -> Any:
    """What was signed, by the schema hash in front of it; hex when nobody here knows it."""
    cls = by_schema_hash().get(envelope.payload[:HASH_BYTES])
    if cls is None:
        return envelope.payload.hex()
    try:
        return {cls.__name__: to_plain(decode(cls, envelope.payload[HASH_BYTES:]))}
    except Unreadable:
        return envelope.payload.hex()


def why_not(about: Quarantined) -> tuple[str, str] | None:
    """Why a record cannot be sent again, and what to do instead; None when it can."""
    if about.topic not in SENDERS:
        who = ", ".join(BY_NAME[about.topic].writers) if about.topic in BY_NAME else "nobody here"
        fix = "its writer answers a flow while it lives: mend and restart what wrote or read it"
        return f"{about.topic} is written by {who} alone, and nobody sends in their name", fix
    if about.value is None:
        return "it has no value: on a compacted topic it would remove what stands there", "nothing to send"
    if about.reason == QuarantineReason.TOO_LARGE.name:
        return "only a part of its bytes was kept", "its producer sends it anew, within the limit"
    return None
