"""Names a command may speak of: one that nobody knows is refused before anything is signed."""

from __future__ import annotations

from collections.abc import Iterable

from interlock.accounts import latest_views
from interlock.context import Context
from interlock.say import Exit, Stop
from schemas.models import DocumentKind

NAMES_MAX = 20  # more are not read in one line


def must_be_known(what: str, name: str, known: Iterable[str]) -> None:
    """Raises Stop naming what is known, when ``name`` is not."""
    names = sorted(known)
    if name in names:
        return
    more = "" if len(names) <= NAMES_MAX else f" and {len(names) - NAMES_MAX} more"
    raise Stop(
        Exit.USAGE, f"no {what} {name!r} on this ledger",
        why="a word about what nobody knows would stop nothing; nothing was signed",
        fix=f"one of {', '.join(names[:NAMES_MAX])}{more}" if names else f"there is no {what} yet",
    )  # fmt: skip


def known_scope(
    there: Context, account: str | None, instrument: str | None, agent: str | None = None
) -> None:
    """Raises Stop when the ledger has no such account, instrument or agent; None asks nothing."""
    if account is not None:
        must_be_known("account", account, (each.view.account for each in latest_views(there)))
    if instrument is not None:
        must_be_known("instrument", instrument, there.registry().ids(DocumentKind.INSTRUMENT))
    if agent is not None:
        must_be_known("agent", agent, there.registry().ids(DocumentKind.CONTRACT))
