"""What the schema registry holds: one subject per topic, or per message where a topic carries several."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from schemas.kinds import BODY
from schemas.topics import TOPICS


class Level(StrEnum):
    """How a subject may change."""

    BACKWARD = "BACKWARD"  # new readers read what the last release wrote
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"  # … and what every release wrote
    FULL_TRANSITIVE = "FULL_TRANSITIVE"  # … and every release reads what the new one writes


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """name: as the registry knows it; message: the bare message name; level: its compatibility."""

    name: str
    message: str
    level: Level


# Signals come from users' producers, which are upgraded last; words of our own loops are upgraded together.
_LEVELS = {
    "market.signals": Level.BACKWARD,
    "instructions": Level.BACKWARD,
    "kernel.ledger": Level.FULL_TRANSITIVE,
}

# The shapes of grants. What is signed stays canonical JSON inside a RegistryDocument; these say, field by
# field and for every release to come, what that JSON may hold.
GRANTS = ("ResponsibilityContract", "RoutingTable", "RuleSet")

# TopicRecordNameStrategy: what travels signed inside an envelope, by topic.
_SIGNED = {
    "mesh.proposals": ("Intent", "Report"),
    "proposals": ("FlowOpened", "WindowRecord", "Intent", "Report", "Attestation"),
    "instructions": ("Instruction",),
    "control": ("Control",),
    "registry": ("RegistryDocument",),
    "agents.manifest": ("Manifest",),
    "human.decisions": ("HumanDecision",),
    "kernel.intents": ("KernelIntent",),
    "venue.receipts": ("Receipt",),
}


def subjects() -> tuple[Subject, ...]:
    """Every subject, in the order in which they are released."""
    found: list[Subject] = []
    for topic in TOPICS:
        if topic.value == "bytes":
            continue
        level = _LEVELS.get(topic.name, Level.BACKWARD_TRANSITIVE)
        found.append(Subject(name=f"{topic.name}-value", message=topic.value, level=level))
        found += [
            Subject(name=f"{topic.name}-interlock.{message}", message=message, level=level)
            for message in _SIGNED.get(topic.name, ())
        ]
    found += [
        Subject(name=f"registry-interlock.{name}", message=name, level=Level.FULL_TRANSITIVE)
        for name in GRANTS
    ]
    bodies = dict.fromkeys(cls.__name__ for cls in BODY.values())
    found += [
        Subject(name=f"kernel.ledger-interlock.{name}", message=name, level=Level.FULL_TRANSITIVE)
        for name in bodies
    ]
    return tuple(found)
