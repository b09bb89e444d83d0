"""Models from schemas: one frozen dataclass or enum per schema file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from schemas.avsc import NAMESPACE, written

MODELS = Path(__file__).parent / "models"
HEADER = (
    '"""{doc}\n\nGenerated from schemas/avro/{snake}.avsc by `interlock schema gen`;'
    ' edit the schema, not this.\n"""\n'
)
PRIMITIVES = {
    "string": "str",
    "int": "int",
    "long": "int",
    "bytes": "bytes",
    "boolean": "bool",
    "null": "None",
}


def snake(name: str) -> str:
    """FlowOpened -> flow_opened."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def sources() -> dict[str, str]:
    """File name to text of every generated module, ``__init__.py`` among them."""
    files: dict[str, str] = {}
    names: list[str] = []
    for schema in written().values():
        if schema["type"] == "fixed":
            continue
        names.append(schema["name"])
        files[f"{snake(schema['name'])}.py"] = _enum(schema) if schema["type"] == "enum" else _record(schema)
    imports = "".join(
        f"from schemas.models.{snake(name)} import {name}\n" for name in sorted(names, key=snake)
    )
    listed = "".join(f'    "{name}",\n' for name in sorted(names))
    files["__init__.py"] = (
        f'"""Every message as a frozen dataclass."""\n\n{imports}\n__all__ = [\n{listed}]\n'
    )
    return files


def write() -> list[str]:
    """Write what differs; the names of the files written or removed."""
    MODELS.mkdir(exist_ok=True)
    wanted = sources()
    changed: list[str] = []
    for stale in MODELS.glob("*.py"):
        if stale.name not in wanted:
            stale.unlink()
            changed.append(stale.name)
    for name, text in wanted.items():
        path = MODELS / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(name)
    return changed


def _enum(schema: dict[str, Any]) -> str:
    symbols = "".join(f'    {symbol} = "{symbol}"\n' for symbol in schema["symbols"])
    head = HEADER.format(doc=schema["doc"], snake=snake(schema["name"]))
    return f"{head}\nfrom enum import StrEnum\n\n\nclass {schema['name']}(StrEnum):\n{symbols}"


def _record(schema: dict[str, Any]) -> str:
    imports: set[str] = set()
    lines: list[str] = []
    for field in schema["fields"]:
        annotation = _annotation(field["type"], imports)
        default = " = None" if "default" in field and field["default"] is None else ""
        default = " = ()" if field.get("default") == [] else default
        default = f" = {field['default']!r}" if isinstance(field.get("default"), (bool, int)) else default
        comment = f"  # {field['doc']}" if "doc" in field else ""
        lines.append(f"    {field['name']}: {annotation}{default}{comment}\n")
    head = HEADER.format(doc=schema["doc"], snake=snake(schema["name"]))
    standard = ["from dataclasses import dataclass\n"]
    if "Decimal" in imports:
        standard.append("from decimal import Decimal\n")
    ours = [f"from schemas.models.{snake(name)} import {name}\n" for name in sorted(imports - {"Decimal"})]
    middle = "\n" + "".join(sorted(ours)) if ours else ""
    return (
        f"{head}\nfrom __future__ import annotations\n\n{''.join(standard)}{middle}\n\n"
        f"@dataclass(frozen=True, slots=True, kw_only=True)\nclass {schema['name']}:\n{''.join(lines)}"
    )


def _annotation(schema: Any, imports: set[str]) -> str:
    if isinstance(schema, list):
        parts = [_annotation(branch, imports) for branch in schema if branch != "null"]
        return " | ".join(parts + (["None"] if "null" in schema else []))
    if isinstance(schema, dict):
        if schema["type"] == "array":
            return f"tuple[{_annotation(schema['items'], imports)}, ...]"
        if schema.get("logicalType") == "decimal":
            imports.add("Decimal")
            return "Decimal"
        return PRIMITIVES[schema["type"]]
    if schema in PRIMITIVES:
        return PRIMITIVES[schema]
    target = written()[schema]
    if target["type"] == "fixed":
        return "bytes"
    name = str(schema).removeprefix(NAMESPACE + ".")
    imports.add(name)
    return name
