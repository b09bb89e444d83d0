"""Versions: strict SemVer numbers, and the handshake an agent's version must pass."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rules.config_error import ConfigError

_NUMBER = "(0|[1-9][0-9]{0,8})"  # nine digits bound a version no person would count past
_VERSION = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}")
_SUPPORTED = re.compile(rf"{_NUMBER}\.(?:x|{_NUMBER}\.(?:x|{_NUMBER}))")


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """MAJOR.MINOR.PATCH; pre-releases are no versions a grant can stand on."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


def version(text: str) -> Version | None:
    """The version ``text`` spells, None when it spells none ("v1.0.0", "1.0", "01.0.0")."""
    found = _VERSION.fullmatch(text)
    return Version(*(int(part) for part in found.groups())) if found else None


def supports(agent: str, supported: str) -> bool:
    """Whether the version an agent claims is within ``supported``: "1.x", "1.2.x" or "1.2.3".

    An unreadable claim is not supported. Raises ConfigError when ``supported`` itself is unreadable.
    """
    wanted = _SUPPORTED.fullmatch(supported)
    if wanted is None:
        raise ConfigError("supported", f"{supported!r} is no range of versions", "write 1.x, 1.2.x or 1.2.3")
    claimed = version(agent)
    if claimed is None:
        return False
    said = (claimed.major, claimed.minor, claimed.patch)
    return all(
        part is None or int(part) == figure for part, figure in zip(wanted.groups(), said, strict=True)
    )
