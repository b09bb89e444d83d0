"""Which model may speak on a ledger: the newest signed record names it by its files, and a folder must match.

The record is law, a setting only says where the files lie: a worker whose folder holds another model does
not start, so no atom ever comes from weights that nobody signed for.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from agents.model.manifest import MANIFEST, WEIGHTS, ModelChanged
from ledger.registry import Granted, Registry
from schemas.models import DocumentKind

STORE = "models"  # in the state folder: one folder a model, named by its hash
FILES_MAX = 64
_HEX = re.compile("[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A model record. files: name to SHA-256 in hex; mode: of the engine; seq: where it was released."""

    version: str
    files: Mapping[str, str]
    mode: str
    seq: int

    @property
    def model_hash(self) -> bytes:
        """What atoms and hellos name the model by."""
        return model_hash_of(self.files)

    @property
    def weights(self) -> dict[str, str]:
        """The files that are weights, with their hashes."""
        return {name: found for name, found in sorted(self.files.items()) if name.endswith(".safetensors")}


def model_hash_of(files: Mapping[str, str]) -> bytes:
    """32 bytes over every file's name and hash, weights, configuration and tokenizer alike."""
    digest = hashlib.sha256()
    for name, found in sorted(files.items()):
        digest.update(f"{name} {found}\n".encode("ascii"))
    return digest.digest()


def files_of(body: bytes | str) -> dict[str, str] | None:
    """The files a record or a manifest names; None when it names none, or not as files."""
    try:
        files = json.loads(body)["files"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(files, dict) or not 0 < len(files) <= FILES_MAX:
        return None
    sound = all(
        _NAME.fullmatch(name) and isinstance(found, str) and _HEX.fullmatch(found)
        for name, found in files.items()
    )
    return files if sound else None


def releases(registry: Registry, agent_id: str, last: int | None = None) -> Iterator[Released]:
    """Every model record of an agent up to sequence ``last``, oldest first; without files it is none."""
    for granted in registry.all():
        document = granted.document
        mine = document.kind is DocumentKind.MODEL and document.id == agent_id
        found = _released(granted) if mine and (last is None or granted.seq <= last) else None
        if found is not None:
            yield found


def in_force(registry: Registry, agent_id: str) -> Released | None:
    """The newest model record of an agent."""
    granted = registry.granted(DocumentKind.MODEL, agent_id)
    return None if granted is None else _released(granted)


def _released(granted: Granted) -> Released | None:
    body = granted.document.body
    files = files_of(body)
    if files is None:
        return None
    mode = json.loads(body).get("mode", "")
    return Released(
        version=granted.document.version,
        files=files,
        mode=mode if isinstance(mode, str) else "",
        seq=granted.seq,
    )


def hash_in(folder: Path) -> bytes | None:
    """The hash of the model that a folder's manifest names; None where there is none. Loading checks it."""
    path = folder / MANIFEST
    files = files_of(path.read_text(encoding="utf-8")) if path.is_file() else None
    return None if files is None else model_hash_of(files)


def stored(state: Path, model_hash: bytes) -> Path:
    """Where ``interlock model use`` puts a model."""
    return state / STORE / model_hash.hex()


def folder_of(model_hash: bytes, state: Path, named: Path | None = None) -> Path | None:
    """A folder that claims to hold this model: the one named, the state folder's, or the shipped one."""
    asked = [named] if named is not None else [stored(state, model_hash), WEIGHTS]
    return next((folder for folder in asked if hash_in(folder) == model_hash), None)


def must_lie_here(found: Released | None, state: Path, named: Path | None = None) -> tuple[Released, Path]:
    """The record in force and its folder. Raises ModelChanged where there is no record, or no such model."""
    if found is None:
        raise ModelChanged("no model was released on this ledger: interlock model use PATH")
    folder = folder_of(found.model_hash, state, named)
    if folder is None:
        wanted = f"record {found.version} in force names model {found.model_hash.hex()[:16]}"
        if named is not None:
            holds = hash_in(named)
            other = "no model" if holds is None else f"model {holds.hex()[:16]}"
            raise ModelChanged(f"{named.name} holds {other}, {wanted}: interlock model use {named.name}")
        raise ModelChanged(f"{wanted}, and it does not lie here: interlock model use PATH")
    return found, folder
