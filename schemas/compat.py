"""Whether one schema can read what another wrote, and if not, which field and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

PROMOTIONS = {("int", "long"), ("string", "bytes"), ("bytes", "string")}  # no float or double exists here


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """path: where in the message; why: for the person who made the change."""

    path: str
    why: str

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


def problems(reader: Any, writer: Any) -> list[Problem]:
    """Why ``reader`` cannot read what ``writer`` wrote; empty when it can. Both are full schemas."""
    return _Resolution(_names(reader, {}), _names(writer, {})).compare(reader, writer, _name(reader))


def _name(schema: Any) -> str:
    return str(schema.get("name", schema["type"])) if isinstance(schema, dict) else str(schema)


def _names(schema: Any, known: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema, list):
        for branch in schema:
            _names(branch, known)
    elif isinstance(schema, dict):
        if "name" in schema:
            known[f"{schema.get('namespace', 'interlock')}.{schema['name']}"] = schema
        for inner in [schema.get("items"), *(field["type"] for field in schema.get("fields", []))]:
            _names(inner, known)
    return known


class _Resolution:
    def __init__(self, readers: dict[str, Any], writers: dict[str, Any]) -> None:
        self.readers, self.writers = readers, writers

    def compare(self, reader: Any, writer: Any, path: str) -> list[Problem]:
        reader = self.readers.get(reader, reader) if isinstance(reader, str) else reader
        writer = self.writers.get(writer, writer) if isinstance(writer, str) else writer
        if isinstance(writer, list):
            return [p for branch in writer for p in self.compare(reader, branch, path)]
        if isinstance(reader, list):
            return self._branches(reader, writer, path)
        kinds = tuple(each["type"] if isinstance(each, dict) else each for each in (reader, writer))
        if kinds[0] != kinds[1]:
            allowed = (kinds[1], kinds[0]) in PROMOTIONS
            return [] if allowed else [Problem(path=path, why=f"was {kinds[1]}, would become {kinds[0]}")]
        return self._same_kind(kinds[0], reader, writer, path)

    def _branches(self, readers: list[Any], writer: Any, path: str) -> list[Problem]:
        tried = {
            _name(self.readers.get(str(each), each)): self.compare(each, writer, path) for each in readers
        }
        if [] in tried.values():
            return []
        # The branch of the same name says which field it is; without one there is nothing to read it with.
        return tried.get(_name(writer)) or [Problem(path=path, why=f"no branch reads a {_name(writer)}")]

    def _same_kind(self, kind: str, reader: Any, writer: Any, path: str) -> list[Problem]:
        match kind:
            case "record":
                return self._record(reader, writer, path)
            case "enum":
                lost = [
                    s for s in writer["symbols"] if s not in reader["symbols"] and "default" not in reader
                ]
                return [
                    Problem(path=path, why=f"the symbol {symbol} could no longer be read") for symbol in lost
                ]
            case "fixed" if (reader["size"], reader["name"]) != (writer["size"], writer["name"]):
                return [Problem(path=path, why=f"was {writer['size']} bytes, would become {reader['size']}")]
            case "array":
                return self.compare(reader["items"], writer["items"], f"{path}[]")
            case "bytes" | "long":
                return self._logical(reader, writer, path)
            case _:
                return []

    def _record(self, reader: Any, writer: Any, path: str) -> list[Problem]:
        if reader["name"] != writer["name"]:
            return [Problem(path=path, why=f"was the record {writer['name']}, would become {reader['name']}")]
        written = {field["name"]: field for field in writer["fields"]}
        found: list[Problem] = []
        for field in reader["fields"]:
            where = f"{path}.{field['name']}"
            if field["name"] in written:
                found += self.compare(field["type"], written[field["name"]]["type"], where)
            elif "default" not in field:
                found.append(
                    Problem(path=where, why="is new and has no default, so older records cannot be read")
                )
        return found

    def _logical(self, reader: Any, writer: Any, path: str) -> list[Problem]:
        def meaning(schema: Any) -> tuple[Any, ...]:
            names = ("logicalType", "precision", "scale")
            return tuple(schema.get(name) for name in names) if isinstance(schema, dict) else (None,) * 3

        if meaning(reader) == meaning(writer):
            return []
        return [Problem(path=path, why=f"meant {meaning(writer)}, would mean {meaning(reader)}")]
