"""The command line: nouns, then verbs."""

from __future__ import annotations

import typer

from interlock import (
    cli_accounts,
    cli_agents,
    cli_atom,
    cli_close,
    cli_demo,
    cli_erase,
    cli_grants,
    cli_inbox,
    cli_instruct,
    cli_keys,
    cli_ledger,
    cli_look,
    cli_model,
    cli_quarantine,
    cli_route,
    cli_run,
    cli_schema,
    cli_services,
    cli_skip,
    cli_summary,
    cli_tamper,
    cli_trading,
    cli_words,
)

app = typer.Typer(
    no_args_is_help=True,
    help="Interlock: decisions of agents, judged once, on Kafka.",
    pretty_exceptions_enable=False,
    add_completion=False,
)
for flat in (
    cli_demo.app, cli_services.app, cli_words.app, cli_look.app, cli_ledger.flat, cli_trading.app,
    cli_tamper.flat, cli_skip.app, cli_instruct.app, cli_erase.app, cli_run.app, cli_summary.app,
):  # fmt: skip
    app.registered_commands += flat.registered_commands
cli_ledger.app.registered_commands += cli_tamper.app.registered_commands + cli_close.app.registered_commands
app.add_typer(cli_accounts.app, name="account")
app.add_typer(cli_agents.app, name="agent")
app.add_typer(cli_inbox.app, name="inbox")
app.add_typer(cli_keys.app, name="keys")
app.add_typer(cli_ledger.app, name="ledger")
app.add_typer(cli_grants.app, name="contract")
app.add_typer(cli_atom.app, name="atom")
app.add_typer(cli_model.app, name="model")
app.add_typer(cli_quarantine.app, name="quarantine")
app.add_typer(cli_schema.app, name="schema")
app.add_typer(cli_route.app, name="routing")


def main() -> None:
    """Run a command."""
    app()
