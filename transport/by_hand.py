"""A process started by hand finds broker and credentials in the state folder that `interlock up` wrote."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

DEFAULT_PRINCIPAL = (
    "strategy"  # what `faust -A topologies.mesh.worker worker` runs when nobody says otherwise
)


def completed(env: Mapping[str, str]) -> Mapping[str, str]:
    """``env``, with what is missing taken from ``<state>/env``; as it was when a supervisor has set it.

    Raises OSError when the file is there and cannot be read.
    """
    path = Path(env.get("INTERLOCK_STATE", ".interlock")) / "env"
    if "INTERLOCK_SECURITY" in env or not path.exists():
        return env
    written = dict(_pair(line) for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)
    principal = env.get("INTERLOCK_PRINCIPAL", env.get("INTERLOCK_AGENT", DEFAULT_PRINCIPAL))
    state = Path(written["INTERLOCK_STATE"])
    return {
        "INTERLOCK_SECURITY": "SASL_PLAINTEXT",
        "INTERLOCK_PRINCIPAL": principal,
        "INTERLOCK_PASSWORD_FILE": str(state / "secrets" / f"{principal}.password"),
        **env,
        "INTERLOCK_BOOTSTRAP": written["INTERLOCK_WORKERS"],
        "INTERLOCK_STATE": str(state),
    }


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.removeprefix("export ").partition("=")
    words = shlex.split(value)
    return name.strip(), words[0] if words else ""
