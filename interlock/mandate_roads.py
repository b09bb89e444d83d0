"""Which mandates nobody works: no row of the routing table sends their signals to the fast lane."""

from __future__ import annotations

from confluent_kafka import KafkaException

from interlock.accounts import latest_views
from interlock.context import Context, context
from interlock.services.faults import ServicesError
from interlock.services.finding import Finding, note
from rules.routing_table import RoutingTable, parse_routing
from schemas.models import DocumentKind, Lane, MandateView
from transport.log import LogError

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


def unworked(there: Context, account: str | None = None) -> list[str]:
    """A line for people on each mandate that nobody works, of one account or of all."""
    body = there.registry().body(DocumentKind.ROUTING, "routing")
    if body is None:
        return []
    table = parse_routing(body)
    views = [record.view for record in latest_views(there)]
    return [
        f"nobody works the mandate of flow {mandate.dfid.hex()}: no row of the routing table sends signals on"
        f" {mandate.instrument} for {view.account} to lane {WORKS.value}"
        for view in views
        if account in (None, view.account)
        for mandate in view.mandates
        if not is_worked(view.account, mandate, table)
    ]


def examine_mandates(ledger: str) -> list[Finding]:
    """What the doctor says of them; nothing where no broker answers, which it says elsewhere."""
    try:
        found = unworked(context(ledger))
    except (ServicesError, LogError, KafkaException):
        return []
    return [note("mandates", text, fix="push a row that does, or let it expire") for text in found]
