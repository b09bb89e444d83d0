"""Commands on local services and on the processes of the LIVE ledger: up, down, doctor, start, stop, ps."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from interlock.context import context, current_ledger, make_current, state_folder
from interlock.genesis import Account, create, open_accounts
from interlock.mandate_roads import examine_mandates
from interlock.programs import SHARDS_MAX, absent_of, programs
from interlock.say import Exit, Stop, as_json, command, data, say
from interlock.services import daemon, docker, local
from interlock.services.doctor import examine
from interlock.services.finding import is_healthy, lines
from interlock.services.program_status import Phase
from interlock.services.running import Running
from interlock.services.topics import ensure_ledger
from schemas.models import Lane
from transport.card import Card, folder, load_card
from transport.names import LIVE, ledger_name

LedgerOption = Annotated[
    str | None, typer.Option("--ledger", help="which ledger; the current one unless said")
]
JsonOption = Annotated[bool, typer.Option("--json", help="as one JSON document")]
DEPOSIT = "100000"  # USD, of a paper account opened by `start`

app = typer.Typer(no_args_is_help=True, help="Local services and the processes of a ledger.")


@app.command()
@command
def up(
    brokers: Annotated[int, typer.Option(help="1, or 3 for failure tests")] = 1,
    fresh: Annotated[bool, typer.Option("--fresh", help="remove topics and schemas first")] = False,
    with_docker: Annotated[bool, typer.Option("--docker", help="prepare for docker compose instead")] = False,
) -> None:
    """Start Kafka and the schema registry on loopback, or find them running."""
    state = state_folder()
    if with_docker:
        data(docker.next_command(docker.prepare(state, brokers=brokers)))
        return
    running = local.ensure(state, brokers=brokers, fresh=fresh, say=say)
    say(f"brokers {running.bootstrap_open} (open), {running.bootstrap_workers} (with password)")
    say(f"registry {running.registry_url}")
    data(f". {running.state.env}")


@app.command()
@command
def down() -> None:
    """End every process of this state folder, supervisors first. Data stays."""
    ended = local.down(state_folder())
    say(f"ended: {', '.join(ended)}" if ended else "nothing was running")


@app.command()
@command
def doctor(ledger: LedgerOption = None, json_: JsonOption = False) -> None:
    """Look at everything a ledger stands on; each fault with its fix. Exit 1 if there is a fault."""
    state = state_folder()
    name = current_ledger(state) if ledger is None else ledger_name(ledger)
    findings = [*examine(state, name), *examine_mandates(name)]
    if json_:
        as_json([asdict(finding) for finding in findings])
    else:
        data("\n".join(lines(findings)))
    if not is_healthy(findings):
        raise typer.Exit(int(Exit.FAILED))


@app.command()
@command
def start(
    lanes: Annotated[str, typer.Option(help="which lanes: eoam, sds, dlpci")] = "eoam,sds,dlpci",
    account: Annotated[list[str] | None, typer.Option(help="paper account to open in a new ledger")] = None,
    shards: Annotated[
        int | None, typer.Option(min=1, max=SHARDS_MAX, help="of a new ledger; an old one keeps its own")
    ] = None,
) -> None:
    """Start the processes of the LIVE ledger under a supervisor; the ledger is made on the first start."""
    try:
        chosen = [Lane[lane.strip().upper()] for lane in lanes.split(",")]
    except KeyError as error:
        raise typer.BadParameter(
            f"no lane {error}: {', '.join(lane.name.lower() for lane in Lane)}"
        ) from None
    state = state_folder()
    if daemon.is_running(state, LIVE):
        absent = absent_of(chosen, [each.name for each in daemon.ps(state).get(LIVE, ())])
        if absent:
            raise Stop(Exit.REFUSED, f"the LIVE ledger runs already, without {', '.join(absent)}",
                       why="a supervisor keeps the programs it was started with",
                       fix=f"interlock stop, then interlock start --lanes {lanes}")  # fmt: skip
        say("the LIVE ledger runs already; interlock ps shows it")
        return
    running = local.ensure(state, say=say)
    card = _live(running, account or ["paper-1", "paper-2"], shards)
    daemon.start(state, LIVE, programs(running, card, chosen))
    make_current(state, LIVE)
    say("started; interlock ps shows them, interlock stop ends them")


@app.command()
@command
def stop(ledger: Annotated[str, typer.Option("--ledger", help="which ledger")] = LIVE) -> None:
    """End the processes of a ledger and its supervisor. Broker and registry go on."""
    say("stopped" if daemon.stop(state_folder(), ledger) else f"nothing of ledger {ledger} was running")


@app.command()
@command
def ps(json_: JsonOption = False) -> None:
    """Show every supervised program. Exit 1 if one was given up."""
    found = daemon.ps(state_folder())
    if json_:
        as_json({ledger: [asdict(one) for one in told] for ledger, told in found.items()})
    else:
        data(f"{'LEDGER':<12} {'PROGRAM':<12} {'PHASE':<8} {'PID':>8} {'STARTS':>6}  LAST STOP")
        for ledger, told in found.items():
            for one in told:
                pid = "" if one.pid is None else str(one.pid)
                data(f"{ledger:<12} {one.name:<12} {one.phase:<8} {pid:>8} {one.starts:>6}  {one.place}")
    if any(one.phase is Phase.GAVE_UP for told in found.values() for one in told):
        raise typer.Exit(int(Exit.FAILED))


def _live(running: Running, accounts: list[str], shards: int | None) -> Card:
    state: Path = running.root
    if (folder(state, LIVE) / "card.json").exists():
        card = load_card(state, LIVE)
        if shards not in (None, card.shards):
            raise Stop(Exit.REFUSED, f"the LIVE ledger has {card.shards} shards, not {shards}",
                       why="GENESIS names their number, and an account's shard follows from it",
                       fix="interlock start without --shards, or interlock up --fresh")  # fmt: skip
        ensure_ledger(running, LIVE, shards=card.shards)  # topics and rights that went missing come back
        return card
    card = create(running, LIVE, clock="LIVE", accounts=accounts, shards=shards or 1, say=say)
    opened = [Account(name=name, deposit=DEPOSIT) for name in accounts]
    open_accounts(running, card, context(LIVE).schema_ids(), opened, time.time_ns() // 1_000)
    return card
