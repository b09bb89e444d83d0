"""The state folder: where data, secrets, pids, ports and logs of one machine's services live.

.interlock/
  kafka/<n>/    one broker's log segments        secrets/  0700, one file per principal, 0600
  registry/     the registry's database file     run/      pid files, ports.json, generated configuration
  logs/         bounded logs                     env       to be sourced by a shell
  retired/      what ledgers left behind when `up --fresh` removed their topics
"""

import json
import os
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PASSWORD_BYTES = 24  # 192 bits: nobody guesses it, and base64 of it needs no quoting anywhere


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Paths below one state folder."""

    root: Path

    @property
    def kafka(self) -> Path:
        """Data folders of the brokers, one per node id."""
        return self.root / "kafka"

    @property
    def registry(self) -> Path:
        """Folder of the registry's database file."""
        return self.root / "registry"

    @property
    def secrets(self) -> Path:
        """Folder of passwords and keys, mode 0700."""
        return self.root / "secrets"

    @property
    def run(self) -> Path:
        """Folder of pid files, ports.json and generated configuration, mode 0700."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """Folder of bounded logs."""
        return self.root / "logs"

    @property
    def retired(self) -> Path:
        """Folder of what is kept aside, one per removed cluster."""
        return self.root / "retired"

    @property
    def env(self) -> Path:
        """File that a shell can source."""
        return self.root / "env"

    @property
    def ports(self) -> Path:
        """File of the ports given to what runs, kept so that a restart gets the same ones."""
        return self.run / "ports.json"

    def make(self) -> None:
        """Make every folder; the ones that hold passwords are closed to other users."""
        self.root.mkdir(parents=True, exist_ok=True)
        for folder in (self.kafka, self.registry, self.logs):
            folder.mkdir(exist_ok=True)
        for folder in (self.secrets, self.run):
            folder.mkdir(exist_ok=True, mode=0o700)
            folder.chmod(0o700)

    def password_file(self, principal: str) -> Path:
        """Where the broker password of one principal stands."""
        return self.secrets / f"{principal}.password"

    def password(self, principal: str) -> str:
        """The password of one principal, drawn on first use."""
        path = self.password_file(principal)
        if not path.exists():
            write_private(path, secrets.token_urlsafe(PASSWORD_BYTES) + "\n")
        return path.read_text(encoding="ascii").strip()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, never for a moment wider, and whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    draft.replace(path)


def write_env(path: Path, values: Mapping[str, str]) -> None:
    """Write `export NAME=value` lines for `source`."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    write_private(path, "\n".join(["# source this file", *lines, ""]))


def write_json(path: Path, value: object) -> None:
    """Write one JSON document, whole or not at all."""
    write_private(path, json.dumps(value, indent=1, sort_keys=True) + "\n")
