"""The things a ledger names only by hash, as files for an auditor: `python -m ledger verify --artifacts`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from interlock.context import Context
from ledger.artifacts import TEXTS, digest_of, text_line
from ledger.named import known_as
from ledger.names import Names
from schemas.models import Explanation, FlowRecord
from schemas.topics import TOPICS
from schemas.wire import Refused, unframed
from topologies.stream.released import folder_of, releases
from topologies.stream.thinking import AGENT

FLOWS = tuple(each.name for each in TOPICS if each.value == "FlowRecord")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was written: how many texts and files, and how many that the ledger names are gone."""

    texts: int
    files: int
    gone: int


def keep(where: Context, archives: Sequence[Path], folder: Path) -> Kept:
    """Write all that the archives name and that is still here; what was erased stays away."""
    folder.mkdir(parents=True, exist_ok=True)
    names, texts, files = Names(archives), 0, 0
    with (folder / TEXTS).open("w", encoding="utf-8") as file:
        for key, text, salt in _texts(where):
            if names.wanted(digest_of(text, salt), known_as(key)):
                file.write(text_line(text, salt, key))
                texts += 1
    for path, digest in _models(where):
        if names.wanted(digest):
            shutil.copyfile(path, _place(folder, digest) / path.name)
            files += 1
    return Kept(texts=texts, files=files, gone=sum(1 for _ in names.missing()))


def _place(folder: Path, digest: bytes) -> Path:
    """A folder for each file: two models have files of one name."""
    place = folder / "models" / digest.hex()[:16]
    place.mkdir(parents=True, exist_ok=True)
    return place


def _texts(where: Context) -> Iterator[tuple[str, str, bytes]]:
    """Key, text and salt of explanations and instructions; headlines, and instructions of a flow's own."""
    for shard in range(where.card.shards):
        for record in where.read("explanations", shard):
            try:
                said = unframed(Explanation, record.value)
            except Refused:
                continue
            yield (record.key or b"").decode("utf-8", "replace"), said.text, said.salt
        for topic in FLOWS:
            for record in where.read(topic, shard):
                try:
                    flow = unframed(FlowRecord, record.value)
                except Refused:
                    continue
                yield from (("", each.text, b"") for each in flow.headlines)
                if flow.instruction_text is not None and flow.instruction_salt:
                    yield "", flow.instruction_text, flow.instruction_salt


def _models(where: Context) -> Iterator[tuple[Path, bytes]]:
    """Every file of every released model that lies on this machine."""
    for each in releases(where.registry(), AGENT):
        folder = folder_of(each.model_hash, where.running.root)
        if folder is not None:
            yield from ((folder / name, bytes.fromhex(digest)) for name, digest in each.files.items())
