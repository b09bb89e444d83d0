"""The model's own list of files and hashes: what is loaded is what was trained, or nothing is loaded."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WEIGHTS: Final = Path(__file__).parent / "weights"
"""The shipped model."""

MANIFEST: Final = "manifest.json"
NAMES: Final = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
)
BYTES_MAX: Final = 2_000_000
"""Upper bound of the weights file: the repository carries it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """files: name to SHA-256 in hex; command, steps, seed: how to make them again."""

    files: dict[str, str]
    command: str
    steps: int
    seed: int


class ModelChanged(Exception):
    """A model file is missing or is not the one the manifest names; text says which and what to do."""


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_manifest(folder: Path, *, command: str, steps: int, seed: int) -> Manifest:
    files = {name: hash_of(folder / name) for name in NAMES}
    manifest = Manifest(files=files, command=command, steps=steps, seed=seed)
    body = {"files": files, "command": command, "steps": steps, "seed": seed}
    (folder / MANIFEST).write_text(json.dumps(body, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return manifest


def verify(folder: Path) -> Manifest:
    """Read the manifest and hash every file it names.

    Raises ModelChanged if a file is missing, differs or is not named.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ModelChanged(
            f"no {MANIFEST} in the model folder {folder.name}: run python -m agents.model.train"
        )
    body = json.loads(path.read_text(encoding="utf-8"))
    files = dict(body["files"])
    if set(files) != set(NAMES):
        raise ModelChanged(f"{MANIFEST} names {sorted(files)}, not {list(NAMES)}: train the model again")
    for name, wanted in sorted(files.items()):
        found = hash_of(folder / name) if (folder / name).is_file() else "missing"
        if found != wanted:
            raise ModelChanged(f"{name} is {found}, the manifest says {wanted}: restore it or train again")
    return Manifest(files=files, command=body["command"], steps=body["steps"], seed=body["seed"])
