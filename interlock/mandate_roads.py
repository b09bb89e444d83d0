"""Which mandates nobody works: no row of the routing table sends their signals to the fast lane."""

from __future__ import annotations

from interlock.accounts import latest_views
from interlock.context import Context
from rules.routing_table import RoutingTable, parse_routing
from schemas.models import DocumentKind, Lane, MandateView

WORKS = Lane.SDS  # the selector opens a mandate's children there alone


def is_worked(account: str, mandate: MandateView, table: RoutingTable) -> bool:
    """Whether some row sends a signal about the mandate's instrument, on its account, to the fast lane."""
    return any(
        row.lane is WORKS
        and account in row.accounts
        and (not row.match.accounts or account in row.match.accounts)
        and (not row.match.instruments or mandate.instrument in row.match.instruments)
        for row in table.rows
    )


def unworked(there: Context, account: str) -> list[str]:
    """A line for people on each mandate of an account that nobody works."""
    body = there.registry().body(DocumentKind.ROUTING, "routing")
    if body is None:
        return []
    table = parse_routing(body)
    return [
        f"nobody works the mandate of flow {mandate.dfid.hex()}: no row of the routing table sends signals on"
        f" {mandate.instrument} for {account} to lane {WORKS.value} (interlock routing show)"
        for record in latest_views(there)
        if record.view.account == account
        for mandate in record.view.mandates
        if not is_worked(account, mandate, table)
    ]
