"""Every file that comes from outside is read to an answer: what was found, or a refusal in its own words.

A case takes a sound example of one format and spoils it, as bytes or, where it is JSON, node by node in its
one spelling, so that what lies behind the spelling is reached too. Anything raised but the format's own
refusal is a crash.
"""

from __future__ import annotations

import functools
import io
import json
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from ledger.archive import read_archive, write_archive
from ledger.audit_receipt import BadAudit, audit_text, audited, parse_audit
from ledger.bundle import NoFlow, bundle
from ledger.check_receipt import check_receipt
from ledger.entry import decode_entry
from ledger.entry_writer import encode_entry
from ledger.findings import Findings
from ledger.fork import BadFork, ForkProof, check_fork, parse_fork
from ledger.ilk import Broken
from ledger.note import BadNote, parse_checkpoint, parse_note, parse_vkey
from ledger.receipt import BadReceipt, make_receipt, parse_receipt
from ledger.resumed import Start
from ledger.shapes import Malformed
from ledger.six import six
from ledger.tlog_proof import BadProof, parse_path
from ledger.trust import BadTrust, parse_anchor, parse_trust
from ledger.trust_text import trust_text
from ledger.verify import Common, Level, Partition
from ledger.verify_chunks import verify_chunks
from schemas.codec import Unreadable
from tests.fuzz.shapes import scrambled
from tests.ledger_sample import Sample, flow, note, sample, trust

STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**40, 1e308, "", "x", "é", "\ud800", "0" * 70,
    "AA==", "A" * 5000, [], {}, [[]], [None], {"x": 1}, [0] * 3,
)  # fmt: skip
DFID = flow(0).dfid


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file: a sound example, what reads it to the end, and how it may refuse."""

    sound: bytes
    read: Callable[[bytes], object]
    refuses: tuple[type[Exception], ...]
    reseal: Callable[[Any], Any] | None = None


@functools.cache
def formats() -> dict[str, Format]:
    """All of them, by name."""
    whole = sample().values
    kept = note(whole).render()
    files = io.BytesIO()
    write_archive(files, whole)
    receipt = make_receipt(whole, DFID, kept)
    point = kept.split("\n\n")[0] + "\n"
    witness = trust().witnesses[0].text()
    ledger = (Malformed, Unreadable, Broken)
    return {
        "entry": Format(whole[-2], decode_entry, (Malformed,)),
        "archive": Format(files.getvalue(), _verified, ()),
        "archive in chunks": Format(files.getvalue(), _verified_in_chunks, ()),
        "show": Format(files.getvalue(), _shown, ledger),
        "bundle": Format(files.getvalue(), _bundled, (*ledger, NoFlow)),
        "note": Format(kept.encode(), _text(lambda text: parse_anchor(text, trust())), (BadNote,)),
        "signed note": Format(kept.encode(), _text(parse_note), (BadNote,)),
        "checkpoint": Format(point.encode(), _text(parse_checkpoint), (BadNote,)),
        "vkey": Format(witness.encode(), _text(parse_vkey), (BadNote,)),
        "trust": Format(trust_text(trust()).encode(), _text(parse_trust), (BadTrust,)),
        "proof": Format(receipt.entries[3].path.text().encode(), _text(parse_path), (BadProof,)),
        "receipt": Format(receipt.text().encode(), _text(_received), (BadReceipt,)),
        "fork": Format(_forked().text().encode(), _text(_fork_checked), (BadFork,)),
        "audit receipt": Format(_audited(whole).encode(), _text(_audit_read), (BadAudit,), _resealed),
    }


def case(name: str, draw: Random) -> str:
    """Spoil one example and read it; return how it was answered. Raises what is not an answer."""
    found = formats()[name]
    try:
        found.read(spoiled(found, draw))
    except found.refuses as refusal:
        return f"{name}: {type(refusal).__name__}"
    return f"{name}: read"


def spoiled(found: Format, draw: Random) -> bytes:
    """The example with something done to it, once or a few times."""
    data = found.sound
    if data.startswith(b"{") and draw.random() < 0.7:
        read = json.loads(data)
        for _ in range(draw.choice((1, 1, 2))):
            read = _node(read, draw)
        if found.reseal is not None and isinstance(read, dict) and draw.random() < 0.8:
            read = found.reseal(read)
        return (json.dumps(read, indent=1) + "\n").encode()
    if found.read in (_verified, _verified_in_chunks, _shown, _bundled) and draw.random() < 0.7:
        return _entry_spoiled(data, draw)
    for _ in range(draw.choice((1, 1, 1, 2, 5))):
        data = scrambled(data, draw)
    return data


def _node(read: Any, draw: Random) -> Any:
    """The document with one node, at any depth, replaced, taken away or said twice."""
    if not isinstance(read, dict | list) or not read or draw.random() < 0.1:
        if isinstance(read, str) and draw.random() < 0.6:
            return scrambled(read.encode("utf-8", "replace"), draw).decode("utf-8", "replace")
        return draw.choice(STRANGE)
    if isinstance(read, dict):
        name = draw.choice(list(read))
        if draw.random() < 0.1:
            return {key: value for key, value in read.items() if key != name}
        return {**read, name: _node(read[name], draw)}
    at = draw.randrange(len(read))
    match draw.randrange(8):
        case 0:
            return read[:at] + read[at + 1 :]
        case 1:
            return read + read
        case _:
            return [*read[:at], _node(read[at], draw), *read[at + 1 :]]


def _entry_spoiled(data: bytes, draw: Random) -> bytes:
    """The archive with one entry's own fields or body spoiled, and spelled as an entry again."""
    values = list(read_archive(io.BytesIO(data)))
    at = draw.randrange(len(values))
    leaf = decode_entry(values[at])
    match draw.randrange(4):
        case 0:
            changed = {draw.choice(("seq", "ts", "partition", "kind")): draw.choice((0, 1, 5, 99, 2**31 - 1))}
            values[at] = encode_entry(replace(leaf, **changed))
        case 1:
            other = decode_entry(draw.choice(values))
            values[at] = encode_entry(replace(leaf, kind=other.kind, schema=other.schema))
        case _:
            values[at] = encode_entry(replace(leaf, body=scrambled(leaf.body, draw)))
    out = io.BytesIO()
    write_archive(out, values)
    return out.getvalue()


def _text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: read(data.decode("utf-8", "replace"))


def _common(level: Level = Level.EVIDENCE) -> Common:
    return Common(level=level, findings=Findings(), anchors=[], trust=trust())


def _verified(data: bytes) -> None:
    Partition(source="x", common=_common()).read(read_archive(io.BytesIO(data)))


def _verified_in_chunks(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "0.ilk"
        path.write_bytes(data)
        verify_chunks([path], _common(Level.SIGN), 1, [Start()], lambda size: None)


def _shown(data: bytes) -> object:
    return six(read_archive(io.BytesIO(data)), DFID)


def _bundled(data: bytes) -> object:
    return bundle(read_archive(io.BytesIO(data)), DFID)


def _received(text: str) -> None:
    check_receipt(parse_receipt(text), trust(), Findings())


def _forked() -> ForkProof:
    other = Sample().genesis()
    keys = [each for each in other.values if decode_entry(each).kind == 7]
    one = note(sample().values).render()
    return ForkProof(first=one, second=one.replace("interlock", "interlocc", 1), keys=tuple(keys))


def _fork_checked(text: str) -> None:
    check_fork(parse_fork(text), trust())


def _audited(values: list[bytes]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "0.ilk"
        with path.open("wb") as file:
            write_archive(file, values)
        _, (end,) = verify_chunks([path], _common(Level.SIGN), 1, [Start()], lambda size: None)
    kept = audited("0.ilk", end, values[-1], [note(values).render()])
    return audit_text(Level.SIGN, trust(), {"0.ilk": kept})


def _audit_read(text: str) -> None:
    parse_audit(text, Level.SIGN, trust())


def _resealed(read: dict[str, Any]) -> dict[str, Any]:
    whole = {name: value for name, value in read.items() if name != "sha256"}
    return {**whole, "sha256": sha256(json.dumps(whole).encode()).hexdigest()}


def run(count: int, seed: int) -> tuple[Counter[str], str | None]:
    """Read ``count`` spoiled files in turn; the counts of answers, and the first crash if there is one."""
    counts, names = Counter[str](), list(formats())
    for number in range(count):
        name = names[number % len(names)]
        try:
            counts[case(name, Random(f"{seed}/{number}"))] += 1
        except Exception as error:  # whatever it is, it is what is looked for
            return counts, f"{name}, seed {seed}, case {number}: {type(error).__name__}: {error}"
    return counts, None
