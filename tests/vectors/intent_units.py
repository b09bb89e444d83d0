"""Adapters of what is read from outside: a decision as JSON, an enum's foreign symbol, a double."""

import copy
import io
import json
import re
from decimal import Decimal
from typing import Any

import fastavro
import pytest

from kernel.gates.shape import malformed
from ledger.hashes import explain_commitment
from schemas import avsc, codec, money
from schemas.models import Action, Intent
from schemas.plain import NotPlain, from_plain, to_plain
from tests.vectors.runner import NotYet, Said, Vector, unit
from tests.vectors.scenes import case_of, desk

# The source's fields and actions, and the nearest of ours; what stands here for nothing is a field unknown.
FIELDS = {"action_type": "action", "recipient_id": "instrument", "amount": "quantity"}
ACTIONS: dict[object, str] = {"noop": Action.HOLD.value, "transfer": Action.BUY.value}
SALT = bytes(32)


def refused(text: str) -> Decimal:
    raise ValueError(f"{text} is no number")


@unit("parse_intent")
def parsed(vector: Vector) -> Said:
    """JSON, then shape, then meaning (gate 1), then the explanation, which travels beside."""
    text = re.sub(r"\s+\([A-Z]+\d+\)$", "", vector["input"])  # which of their versions it was shown to
    try:
        said = json.loads(text, parse_float=Decimal, parse_constant=refused)
    except ValueError:
        return Said("MALFORMED")
    if not isinstance(said, dict):
        return Said("MALFORMED")
    world = desk()
    flow = world.flow()
    body = to_plain(world.intent(flow, Action.HOLD))
    moves = "amount" in said or said.get("action_type") != "noop"
    for name in ("action", "instrument", *(["quantity"] if moves else [])):
        del body[name]  # what they must say themselves
    reasoning = said.pop("reasoning", None)
    for name, value in said.items():
        body[FIELDS.get(name, f"their {name}")] = value
    action = said.get("action_type")
    if isinstance(action, str):
        body["action"] = ACTIONS.get(action, action)
    try:
        intent = from_plain(Intent, body)
    except NotPlain as fault:
        verb = fault.where.endswith(".action") and isinstance(action, str)
        return Said("UNKNOWN_ACTION" if verb else "SCHEMA_INVALID")
    assert codec.decode(Intent, codec.encode(intent)) == intent
    if malformed(case_of(world, flow, intent)):
        return Said("CONTRACT_VIOLATION")
    return explained(body, action, reasoning)


def explained(body: dict[str, Any], action: object, reasoning: object) -> Said:
    """An intent commits to its explanation; without one there is nothing to commit to."""
    del body["explain_commitment"]
    if isinstance(reasoning, str):
        body["explain_commitment"] = explain_commitment(reasoning, SALT).hex()
    try:
        from_plain(Intent, body)
    except NotPlain:  # all else was read before
        return Said("SCHEMA_INVALID")
    return Said(f"{action}, reasoning {reasoning!r}")


@unit("fastavro {version} enum resolution")
def resolution(vector: Vector, version: str) -> Said:
    """No enum of ours has a default, so a symbol from tomorrow cannot be read as a verb of today."""
    assert version == fastavro.__version__
    enums = {name: each for name, each in avsc.written().items() if each["type"] == "enum"}
    assert [name for name, each in enums.items() if "default" in each] == []
    symbol = vector["input"]["writer"]
    world = desk()
    intent = world.intent(world.flow())
    if symbol in Action.__members__:
        raise NotYet(f"{symbol} is a verb of ours, so there is nothing to resolve")
    data = as_tomorrow(intent, symbol)
    with pytest.raises(codec.Unreadable):
        codec.decode(Intent, data)
    return Said("no default and DLQ")


def as_tomorrow(intent: Intent, symbol: str) -> bytes:
    """The intent as written under a schema whose action enum has grown by a symbol, with that action."""
    compiled = codec.codec_of(Intent)
    grown = copy.deepcopy(compiled.schema)
    for field in grown["fields"]:
        if field["name"] == "action":
            field["type"]["symbols"] = [*field["type"]["symbols"], symbol]
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, grown, compiled.to_wire(intent) | {"action": symbol})
    return buffer.getvalue()


@unit("fastavro double")
def doubles(vector: Vector) -> Said:
    """No schema of ours has a double; an amount is a decimal that is finite, and a bool is no number."""
    text = json.dumps([avsc.full(name) for name in avsc.written()])
    assert '"double"' not in text
    assert '"float"' not in text
    if vector["input"].get("nan"):
        with pytest.raises(money.NotExact):
            money.to_bytes(Decimal("NaN"))
    world = desk()
    body = to_plain(world.intent(world.flow()))
    if "bool True" in vector["input"]:
        for field in ("quantity", "attempt"):
            with pytest.raises(NotPlain):
                from_plain(Intent, body | {field: True})
    return Said("use decimal/long micros, finite check")
