"""How commands speak: data to stdout, people to stderr, one exit code for each kind of failure."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import typer
from confluent_kafka import KafkaException

from interlock.services.faults import ServicesError
from rules.config_error import ConfigError
from schemas.plain import NotPlain
from schemas.publish import PublishRefused
from transport.log import LogError

P = ParamSpec("P")
R = TypeVar("R")


class Exit(IntEnum):
    """Exit codes of every command but ``ledger verify`` and ``check-proof``."""

    OK = 0
    FAILED = 1
    USAGE = 2
    VERIFICATION = 3
    UNREACHABLE = 4
    REFUSED = 5
    TIMED_OUT = 6


class Stop(Exception):
    """End a command: ``code``, what happened, where, why, and what to do about it."""

    def __init__(self, code: Exit, what: str, *, where: str = "", why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.code, self.what, self.where, self.why, self.fix = code, what, where, why, fix


def say(text: str) -> None:
    """A line for people."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def data(text: str) -> None:
    """A line of data."""
    sys.stdout.write(text + "\n")


def as_json(value: Any) -> None:
    """A JSON value, sorted, one document."""
    data(json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False))


def command(function: Callable[P, R]) -> Callable[P, R]:
    """Turn expected failures into one line for people and an exit code; bugs keep their traceback."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Stop as stop:
            _end(stop.code, stop.what, stop.fix, where=stop.where, why=stop.why)
        except ServicesError as error:
            _end(Exit.UNREACHABLE, error.what, error.fix)
        except ConfigError as error:
            _end(
                Exit.FAILED,
                f"CONFIG_ERROR {error.field}",
                error.fix,
                where=f"field {error.field}",
                why=error.fault,
            )
        except (NotPlain, PublishRefused) as error:
            _end(Exit.FAILED, f"{type(error).__name__}: {error}", "")
        except TimeoutError as error:
            _end(Exit.TIMED_OUT, str(error), "interlock doctor")
        except OSError as error:
            _end(Exit.FAILED, f"{error.filename or ''}: {error.strerror or error}", "name another path")
        except (KafkaException, LogError) as error:
            _end(Exit.UNREACHABLE, f"the broker: {error}", "interlock doctor")
        raise AssertionError("unreachable")

    return run


def _end(code: Exit, what: str, fix: str, *, where: str = "", why: str = "") -> None:
    say(f"interlock: {what}")
    for title, text in (("where", where), ("why", why), ("fix", fix)):
        if text:
            say(f"{title:>8}: {text}")
    raise typer.Exit(int(code))
