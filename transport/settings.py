"""Settings of one process, read once from the environment that the supervisor wrote."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from transport.by_hand import completed
from transport.kill_points import KillAt, KillPoint
from transport.names import LedgerName, ledger_name

TRANSACTION_TIMEOUT_MS = 15_000
TRANSACTION_TIMEOUTS_MS = range(1_000, 60_001)  # the broker's own limit is a minute
SECURITIES = ("PLAINTEXT", "SASL_PLAINTEXT", "SSL", "SASL_SSL")


class SettingsError(ValueError):
    """A setting is missing or wrong; the text names it and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSettings:
    """How to reach the broker. `principal` and `password` are used with the SASL securities only.

    transaction_timeout_ms: after which the broker ends an open transaction of a process that does not answer,
    default 15,000: longer than the 12 s that a lost partition leader costs. Kill loops make it short.
    """

    bootstrap: str
    security: str = "PLAINTEXT"
    principal: str = ""
    password: str = ""
    transaction_timeout_ms: int = TRANSACTION_TIMEOUT_MS

    def __repr__(self) -> str:
        """Settings get logged; a password must not be."""
        return f"KafkaSettings({self.bootstrap} {self.security} {self.principal or 'anonymous'})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSettings:
    """What a process is told; `shard` is a loop's shard or a worker's number within its group.

    kill_at: where this process kills itself; only kill loops say so.
    """

    kafka: KafkaSettings
    ledger: LedgerName
    state: Path
    shard: int = 0
    clock: Literal["live", "tape"] = "live"
    kill_at: KillAt | None = None


def read(environment: Mapping[str, str] | None = None) -> ProcessSettings:
    """Read the INTERLOCK_ variables. Raises SettingsError or OSError (the password file)."""
    env = completed(os.environ if environment is None else environment)
    clock = env.get("INTERLOCK_CLOCK", "live")
    if clock not in ("live", "tape"):
        raise SettingsError(f"INTERLOCK_CLOCK={clock!r}: live or tape")
    shard = env.get("INTERLOCK_SHARD", "0")
    if not shard.isascii() or not shard.isdigit():
        raise SettingsError(f"INTERLOCK_SHARD={shard!r}: a number from 0")
    try:
        ledger = ledger_name(env.get("INTERLOCK_LEDGER", "live"))
    except ValueError as error:
        raise SettingsError(f"INTERLOCK_LEDGER: {error}") from error
    return ProcessSettings(
        kafka=_kafka(env),
        ledger=ledger,
        state=Path(env.get("INTERLOCK_STATE", ".interlock")),
        shard=int(shard),
        clock="tape" if clock == "tape" else "live",
        kill_at=_kill_at(env.get("INTERLOCK_KILL_AT", "")),
    )


def _kill_at(text: str) -> KillAt | None:
    """``after-commit``, ``after-commit:17`` (the 17th time), ``before-commit:17+900`` (900 us after that)."""
    if not text:
        return None
    name, _, rest = text.partition(":")
    times, _, micros = rest.partition("+")
    try:
        return KillAt(point=KillPoint(name), times=int(times or "1"), micros=int(micros or "0"))
    except ValueError as error:
        points = ", ".join(KillPoint)
        raise SettingsError(f"INTERLOCK_KILL_AT={text!r}: point:times+micros, of {points}") from error


def _kafka(env: Mapping[str, str]) -> KafkaSettings:
    bootstrap = env.get("INTERLOCK_BOOTSTRAP", "127.0.0.1:9092")
    security = env.get("INTERLOCK_SECURITY", "PLAINTEXT")
    if security not in SECURITIES:
        raise SettingsError(f"INTERLOCK_SECURITY={security!r}: one of {', '.join(SECURITIES)}")
    timeout_ms = _transaction_timeout_ms(env.get("INTERLOCK_TRANSACTION_TIMEOUT_MS", ""))
    if not security.startswith("SASL"):
        return KafkaSettings(bootstrap=bootstrap, security=security, transaction_timeout_ms=timeout_ms)
    principal, path = env.get("INTERLOCK_PRINCIPAL", ""), env.get("INTERLOCK_PASSWORD_FILE", "")
    if not principal or not path:
        raise SettingsError(f"{security} needs INTERLOCK_PRINCIPAL and INTERLOCK_PASSWORD_FILE")
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    if len(lines) != 1 or not lines[0]:
        raise SettingsError(f"INTERLOCK_PASSWORD_FILE={path}: must hold one line, the password")
    return KafkaSettings(
        bootstrap=bootstrap, security=security, principal=principal, password=lines[0],
        transaction_timeout_ms=timeout_ms,
    )  # fmt: skip


def _transaction_timeout_ms(text: str) -> int:
    if not text:
        return TRANSACTION_TIMEOUT_MS
    if not text.isascii() or not text.isdigit() or int(text) not in TRANSACTION_TIMEOUTS_MS:
        allowed = f"{TRANSACTION_TIMEOUTS_MS.start} to {TRANSACTION_TIMEOUTS_MS.stop - 1}"
        raise SettingsError(f"INTERLOCK_TRANSACTION_TIMEOUT_MS={text!r}: milliseconds from {allowed}")
    return int(text)
