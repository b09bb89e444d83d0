"""A text goes by a signed act: the tombstone that a folded ERASE puts on `explanations`."""

from __future__ import annotations

from kernel import opening
from schemas.models import Control, ControlEntry, Verb
from transport.log import Produce


def tombstones(entry: ControlEntry, shard: int) -> list[Produce]:
    """What a command takes away: a compacted topic forgets by key, so the command names the record's own."""
    command = opening.read(entry.command, Control) if entry.accepted else None
    if command is None or command.verb is not Verb.ERASE:
        return []
    key = command.target if command.text_key is None else command.text_key.encode()
    return [Produce(topic="explanations", partition=shard, key=key, value=None)]
