"""The Avro schemas as written, made self-contained: the source of every word."""

from __future__ import annotations

import functools
import hashlib
import json
from pathlib import Path
from typing import Any

from schemas.canonical import jcs

NAMESPACE = "interlock"
FOLDER = Path(__file__).parent / "avro"


@functools.cache
def written(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """Every schema file by its full name, with references by name as they stand in the files."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.avsc")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        found[f"{NAMESPACE}.{schema['name']}"] = schema
    return found


@functools.cache
def full(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    """The self-contained schema of a full name: each named type defined at its first use.

    Raises KeyError on a name no file defines.
    """
    inlined = _inline(name, set(), written(folder))
    assert isinstance(inlined, dict)
    return inlined


def _inline(schema: Any, seen: set[str], table: dict[str, dict[str, Any]]) -> Any:
    if isinstance(schema, str):
        if not schema.startswith(NAMESPACE + ".") or schema in seen:
            return schema
        seen.add(schema)
        return _inline(dict(table[schema]), seen, table)
    if isinstance(schema, list):
        return [_inline(branch, seen, table) for branch in schema]
    copied = dict(schema)
    if copied["type"] == "array":
        copied["items"] = _inline(copied["items"], seen, table)
    elif copied["type"] == "record":
        seen.add(f"{NAMESPACE}.{copied['name']}")
        copied["fields"] = [
            {**field, "type": _inline(field["type"], seen, table)} for field in copied["fields"]
        ]
    return copied


@functools.cache
def canonical(name: str) -> bytes:
    """The RFC 8785 form of the self-contained schema."""
    return jcs(full(name))


@functools.cache
def digest(name: str) -> bytes:
    """SHA-256 of the canonical schema; Avro's own fingerprints ignore decimal scale."""
    return hashlib.sha256(canonical(name)).digest()
