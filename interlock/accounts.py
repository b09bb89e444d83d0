"""Accounts as the kernel last published them."""

from __future__ import annotations

from interlock.context import Context
from schemas.models import AccountViewRecord
from schemas.wire import unframed


def latest_views(there: Context) -> list[AccountViewRecord]:
    """The newest view of every account, by account id."""
    found: dict[str, AccountViewRecord] = {}
    for partition in range(there.card.shards):
        for record in there.read("accounts.view", partition):
            view = unframed(AccountViewRecord, record.value)
            found[view.view.account] = view
    return [found[account] for account in sorted(found)]
