"""The demo as a command: what it will need, what it does, what happened."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interlock import demo
from interlock.context import state_folder
from interlock.demo_plan import Wanted
from interlock.demo_report import as_plain, text
from interlock.demo_show import showing
from interlock.demo_steps import DemoFailed
from interlock.feed.feeder import FeedFailed
from interlock.programs import SHARDS_MAX
from interlock.say import Exit, Stop, as_json, command, data
from interlock.tape.lean import BadTape
from interlock.tape.shipped import SHIPPED
from schemas.models import Lane

app = typer.Typer()
ACCOUNTS_MAX = 64  # that a row of a routing table may name


@app.command("demo")
@command
def run_demo(
    tape: Annotated[Path | None, typer.Option(help="CSV, CSV.gz or a folder of Lean zips")] = None,
    lanes: Annotated[str, typer.Option(envvar="LANES", help="of eoam, sds, dlpci")] = "eoam,sds,dlpci",
    whole_day: Annotated[bool, typer.Option("--whole-day", help="all of the shipped day")] = False,
    free_running: Annotated[bool, typer.Option("--free-running", help="do not wait for rest")] = False,
    speed: Annotated[float, typer.Option(min=0.1, max=100_000, help="of a free run")] = 60.0,
    minutes: Annotated[int | None, typer.Option(min=1, help="only the first minutes of the window")] = None,
    shards: Annotated[int, typer.Option(min=1, max=SHARDS_MAX, help="ledger partitions")] = 1,
    accounts: Annotated[
        int, typer.Option(min=2, max=ACCOUNTS_MAX, help="from the third on like the first two")
    ] = 2,
    json_: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """One real market day on a real Kafka, ending in a verified, identically replayed ledger."""
    wanted = Wanted(
        tape=tape or SHIPPED, whole_day=whole_day, minutes=minutes, made_up=tape is None or tape == SHIPPED
    )
    options = demo.Options(
        wanted=wanted, lanes=lanes_of(lanes), speed=speed if free_running else None, shards=shards,
        accounts=accounts,
    )  # fmt: skip
    try:
        with showing() as show:
            ran = demo.run(state_folder(), options, show)
    except DemoFailed as failed:
        raise Stop(
            Exit.FAILED, f"the demo failed in {failed}", fix="read the logs in .interlock/logs"
        ) from None
    except FeedFailed as failed:
        raise Stop(Exit.FAILED, f"the demo failed in the feed: {failed}", fix="interlock doctor") from None
    except (BadTape, OSError) as error:
        raise Stop(
            Exit.FAILED, f"the tape: {error}", fix="a CSV, a CSV.gz or a folder of Lean zips"
        ) from None
    except KeyboardInterrupt:
        raise Stop(Exit.FAILED, "stopped; broker and registry stay up", fix="interlock down") from None
    as_json(as_plain(ran)) if json_ else data(text(ran))
    if not ran.audited.intact:
        raise Stop(Exit.VERIFICATION, "the ledger was not verified or not replayed identically")


def lanes_of(text_: str) -> tuple[Lane, ...]:
    """`eoam,dlpci` as lanes. Raises Stop naming the ones there are."""
    try:
        found = tuple(Lane(word.strip().upper()) for word in text_.split(",") if word.strip())
    except ValueError:
        found = ()
    if not found:
        raise Stop(Exit.USAGE, f"lanes {text_!r}", fix="of eoam, sds, dlpci, with commas")
    return found
