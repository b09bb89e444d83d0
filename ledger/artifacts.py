"""`verify --artifacts DIR`: what a ledger names only by hash, held against the things themselves.

`texts.jsonl`, a JSON object a line as `text_line` spells it: {"key", "text", "salt"} for an explanation or an
instruction, {"text"} for a headline. Every other file of the folder, at any depth, is one that a model record
may name.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ledger.findings import Code, Findings
from ledger.named import HEADLINE, TEXT, known_as
from ledger.names import Names
from ledger.tag import sha256, tagged

TEXTS = "texts.jsonl"
LINE_MAX, FILES_MAX = 65_536, 10_000  # bytes, files


class TooMuch(OSError):
    """More than this command takes."""


def hold(paths: Sequence[Path], folder: Path, findings: Findings) -> None:
    """Look at everything in the folder, beside what the archives name. Raises OSError, TooMuch among them.

    ARTIFACT_MISMATCH: a text or a model's file that is not what an entry names; ARTIFACT_MISSING: named,
    not erased and not there; HELD: how many of each.
    """
    files, names, spare = _files(folder), Names(paths), dict[str, bytes]()
    for path in files:
        if path == folder / TEXTS:
            _texts(path, names, findings)
            continue
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        if not names.held(digest):
            spare.setdefault(path.name, digest)  # no fault, unless a model's file should have this name
    for source, seq, what, digest in names.missing():
        other = None if what in (TEXT, HEADLINE) else spare.get(what)
        code = Code.ARTIFACT_MISSING if other is None else Code.ARTIFACT_MISMATCH
        findings.add(paths[source].name, seq, code, f"{what} {digest.hex()}", other or "none")
    named, held, erased = names.counts()
    findings.add(folder.resolve().name, -1, Code.HELD, f"{named} named", f"{held} here, {erased} erased")


def text_line(text: str, salt: bytes, key: str = "") -> str:
    """One line of `texts.jsonl`."""
    told = {"key": key, "text": text, "salt": salt.hex()} if salt else {"text": text}
    return json.dumps(told) + "\n"


def digest_of(text: str, salt: bytes) -> bytes:
    """What a ledger names a text by: a salted commitment, or a headline's SHA-256."""
    return tagged("interlock/1/explain", salt, text) if salt else sha256(text.encode())


def _texts(path: Path, names: Names, findings: Findings) -> None:
    """Each text must be one that an entry commits to, under the key that the entry gives it."""
    for number, line in enumerate(_lines(path), start=1):
        found = _read(line)
        if found is None:
            wanted, there = "a text in its one spelling", line[:80].decode("utf-8", "replace")
        elif names.held(found[1], known_as(found[0])):
            continue
        else:
            key = names.key(found[1])
            wanted = "a text that an entry commits to" if key is None else f"the key {key}"
            there = found[0] or found[1].hex()
        findings.add(f"{path.name}:{number}", -1, Code.ARTIFACT_MISMATCH, wanted, ascii(there))


def _read(line: bytes) -> tuple[str, bytes] | None:
    """Return the key of a line and what a ledger would name it by; None where it is not as we write it."""
    try:
        told: Any = json.loads(line)
        key, text, salt = told.get("key", ""), told["text"], bytes.fromhex(told.get("salt", ""))
        spelled = isinstance(key, str) and text_line(text, salt, key).encode() == line
        return (key, digest_of(text, salt)) if spelled and isinstance(text, str) else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines, the first LINE_MAX bytes of each; those with nothing in them are passed over."""
    with path.open("rb") as file:
        while line := file.readline(LINE_MAX):
            rest = line
            while len(rest) == LINE_MAX and not rest.endswith(b"\n"):
                rest = file.readline(LINE_MAX)
            if line != b"\n":
                yield line


def _files(folder: Path) -> list[Path]:
    """The regular files of a folder, at any depth, in order; links are not followed."""
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder.name} is no folder of artifacts")
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    if len(found) > FILES_MAX:
        raise TooMuch(f"{folder.name} holds more than {FILES_MAX} files")
    return found
