"""The model's own list of files and hashes: what is loaded is what was trained, or nothing is loaded."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

WEIGHTS: Final = Path(__file__).parent / "weights"
"""The shipped model."""

MANIFEST: Final = "manifest.json"
WEIGHTS_FILE: Final = ".safetensors"
NEEDED: Final = ("config.json", "tokenizer.json")
"""And weights: a file of any other kind could run code when it is read."""

MEASURED: Final = frozenset({MANIFEST, "golden.json", "figures.json", "MODEL_CARD.md"})
"""Files made from the model by measuring it: no answer depends on them, the manifest does not name them."""

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


def digest_of(manifest: Manifest) -> bytes:
    """The model's hash: 32 bytes over the names and hashes of its files."""
    digest = hashlib.sha256()
    for name, found in sorted(manifest.files.items()):
        digest.update(f"{name} {found}\n".encode("ascii"))
    return digest.digest()


def named_files(folder: Path) -> list[str]:
    """Every file that loading the model may read, sorted. Raises ModelChanged if one it needs is missing."""
    found = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name not in MEASURED)
    missing = [name for name in NEEDED if name not in found]
    if not any(name.endswith(WEIGHTS_FILE) for name in found):
        missing.append(f"*{WEIGHTS_FILE}")
    if missing:
        raise ModelChanged(f"the model folder {folder.name} lacks {', '.join(missing)}: save the model again")
    return found


def write_manifest(folder: Path, *, command: str, steps: int, seed: int) -> Manifest:
    """Name and hash every file of a model; `command`, `steps`, `seed` say how it was made (0: not by us)."""
    files = {name: hash_of(folder / name) for name in named_files(folder)}
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
    files = {str(name): str(wanted) for name, wanted in body["files"].items()}
    for name, wanted in sorted(files.items()):
        found = hash_of(folder / name) if (folder / name).is_file() else "missing"
        if found != wanted:
            raise ModelChanged(f"{name} is {found}, the manifest says {wanted}: restore it or train again")
    unnamed = [name for name in named_files(folder) if name not in files]
    if unnamed:
        raise ModelChanged(f"{MANIFEST} does not name {', '.join(unnamed)}: remove it or train again")
    return Manifest(files=files, command=body["command"], steps=body["steps"], seed=body["seed"])
