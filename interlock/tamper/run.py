"""Every attack on a copy of one partition, and what of it was found: by which code, from which level on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from interlock.tamper.attacks import OF_FILES, Attack, Bytes
from interlock.tamper.forge import Copy, Impossible, Keys
from interlock.tamper.ruled_attacks import RULED
from interlock.tamper.signed_attacks import OF_SIGNERS
from kernel.replay import replay
from ledger.findings import Code, Findings, Outcome
from ledger.trust import Anchor, Trust
from ledger.verify import Common, Level, Partition

ATTACKS: tuple[Attack, ...] = (*OF_FILES, *OF_SIGNERS)
KEEPER = "the kernel's checkpoint key, and the keys named"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one attack came to. found: the codes, or what replay says; caught: the right one is there.

    skipped: why this ledger has nothing to do it to, else empty.
    """

    name: str
    who: str
    level: str
    found: tuple[str, ...]
    caught: bool
    skipped: str = ""


def found_in(
    values: Sequence[bytes], level: Level, anchors: Sequence[Anchor], trust: Trust
) -> tuple[Outcome, frozenset[Code]]:
    """The outcome and codes of one verification of a partition."""
    findings = Findings()
    Partition(
        source="copy", common=Common(level=level, findings=findings, anchors=anchors, trust=trust)
    ).read(values)
    return findings.outcome(), frozenset(Code[name] for name in findings.counts)


def demonstrate(
    values: Sequence[bytes], keys: Keys, anchors: Sequence[Anchor], trust: Trust
) -> Iterator[Told]:
    """Attack a copy in every way. The anchors must be of this partition; nothing outside is touched."""
    copy = Copy.of(values, keys)
    for attack in ATTACKS:
        yield _attacked(attack, copy, anchors, trust)
    for name, done in RULED.items():
        try:
            forged = done(copy)
        except Impossible as missing:
            yield Told(name=name, who=KEEPER, level="replay", found=(), caught=False, skipped=str(missing))
            continue
        told = replay(forged)
        words = tuple(f"seq {each.seq} {each.kind} differs" for each in told.differences[:1])
        words += (told.stopped,) if told.stopped else ()
        yield Told(name=name, who=KEEPER, level="replay", found=words, caught=not told.identical)


def _attacked(attack: Attack, copy: Copy, anchors: Sequence[Anchor], trust: Trust) -> Told:
    level = attack.level.name.lower()
    try:
        forged: Bytes = attack.done(copy)
    except Impossible as missing:
        return Told(
            name=attack.name, who=attack.who, level=level, found=(), caught=False, skipped=str(missing)
        )
    outcome, codes = found_in(forged, attack.level, anchors, trust)
    if not attack.anchored:
        # What shows without any anchor must be there without one: the keeper of the broker has none.
        _, codes = found_in(forged, attack.level, (), trust)
    caught = outcome is not Outcome.INTACT and bool(codes & attack.codes)
    told = tuple(sorted(code.name for code in codes if code is not Code.UNANCHORED))
    return Told(name=attack.name, who=attack.who, level=level, found=told, caught=caught)
