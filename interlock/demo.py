"""One market day from signals to a verified ledger: services, workers, tape, audit, and what happened."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from interlock.alike import alike, released_alike
from interlock.audit import Audited, audit
from interlock.context import Context, make_current
from interlock.demo_plan import Wanted, plan, window
from interlock.demo_show import Show
from interlock.demo_steps import REST_S, DemoFailed, check, seal, wait_ready
from interlock.feed import redeliver
from interlock.feed.feeder import Fed, Feeder, free_running, lock_step
from interlock.feed.plan import Item
from interlock.genesis import Account, create, open_accounts
from interlock.observe import Observer
from interlock.programs import extra_programs, programs
from interlock.services import local
from interlock.services.running import Running
from interlock.services.supervisor import Supervisor, supervised
from interlock.tally import Tally
from interlock.tape.group import MINUTE_US
from interlock.tape.shipped import read
from ledger.signing import Signer
from schemas.models import Lane
from transport.card import CardError, folder, seed
from transport.names import LedgerName

ACCOUNTS = (Account(name="paper-1", deposit="100000"), Account(name="paper-2", deposit="50000"))
NAMES = tuple(each.name for each in ACCOUNTS)
DEPOSITS = {each.name: each.deposit for each in ACCOUNTS}


Disturb = Callable[[Item, Supervisor], None]
HELLOS = {
    Lane.EOAM: ("risk", "strategy", "sentiment"),
    Lane.SDS: ("sovereign",),
    Lane.DLPCI: ("prover", "prover-b"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """lanes: which topologies get workers; speed: of a free run, times real time; None = lock-step.

    shards: selector, arbiter, kernel, executor and ledger partition, so many times. accounts: those beyond
    the shipped two are treated like these.
    """

    wanted: Wanted
    lanes: tuple[Lane, ...] = tuple(Lane)
    speed: float | None = None
    name: str | None = None
    shards: int = 1
    accounts: int = len(ACCOUNTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a demo did: where, what was counted, what was fed, and what the audit found."""

    context: Context
    tally: Tally
    fed: Fed
    audited: Audited
    seconds: float
    restarts: dict[str, int]


def next_name(state: Path) -> LedgerName:
    """demo-1, demo-2, …: a second demo is a new ledger."""
    number = 1
    while folder(state, f"demo-{number}").exists():
        number += 1
    return LedgerName(f"demo-{number}")


def run(
    state: Path, options: Options, show: Show, disturb: Callable[[Item, Supervisor], None] | None = None
) -> Ran:
    """Run a demo to its audit. Raises DemoFailed naming the part, ServicesError when a service cannot be had.

    disturb: called after each group with the supervisor (fault tests kill programs through it).
    """
    began = time.monotonic()
    window(read(options.wanted.tape), options.wanted)  # a tape that cannot be read costs nobody a ledger
    running = local.ensure(state, say=show.step)
    name = LedgerName(options.name) if options.name else next_name(running.root)
    accounts = accounts_of(options.accounts)
    card = create(
        running, name, clock="TAPE", accounts=[each.name for each in accounts], shards=options.shards,
        lanes=options.lanes, released=released_alike(alike(len(accounts), NAMES)), say=show.step,
    )  # fmt: skip
    there = Context(running=running, card=card)
    make_current(running.root, name)
    ids = there.schema_ids()
    items = plan(options.wanted, card.ledger, ids, lambda who: Signer(seed_or_any(running, name, who)))
    feeder = Feeder(there.settings("feeder"), card, ids)
    observer = Observer(running, card)
    feeder.tick(items[0].at - MINUTE_US)
    open_accounts(running, card, ids, accounts, items[0].at - MINUTE_US)
    kept = [*programs(running, card, options.lanes), *extra_programs(running, card, options.lanes)]
    show.step(f"starting {len(kept)} processes")
    with supervised(running.state, name, kept) as supervisor:
        hellos = options.shards * sum(len(HELLOS[lane]) for lane in options.lanes)
        wait_ready(observer, supervisor, hellos=hellos, accounts=len(accounts))
        show.step(f"feeding {len(items)} groups {'free-running' if options.speed else 'in lock-step'}")
        _feed(there, feeder, observer, items, options, show, supervisor, disturb)
        show.step("sealing: the last checkpoint and the witness's note")
        seal(feeder, observer, there, items[-1].at)
        restarts = {one.name: one.starts - 1 for one in supervisor.status() if one.starts > 1}
    observer.close()
    show.step("verifying the ledger against the witness's note, and replaying it")
    return Ran(
        context=there, tally=observer.tally, fed=feeder.fed, audited=_audited(there),
        seconds=time.monotonic() - began, restarts=restarts,
    )  # fmt: skip


def _audited(there: Context) -> Audited:
    with tempfile.TemporaryDirectory(prefix="interlock-audit-") as place:
        return audit(there, Path(place))


def accounts_of(count: int) -> list[Account]:
    """The shipped accounts, and as many like them as are asked for."""
    like = alike(count, NAMES)
    return [*ACCOUNTS, *(Account(name=new, deposit=DEPOSITS[old]) for new, old in like.items())]


def seed_or_any(running: Running, name: str, who: str) -> bytes:
    """The key of a made-up order's signer, enrolled or not."""
    try:
        return seed(running.root, name, who)
    except CardError:
        # A made-up order may be signed by somebody nobody enrolled: any key will do, but always the same one.
        return who.encode().ljust(32, b".")[:32]


def _feed(
    there: Context, feeder: Feeder, observer: Observer, items: Sequence[Item], options: Options, show: Show,
    supervisor: Supervisor, disturb: Disturb | None,
) -> None:  # fmt: skip
    span = max(items[-1].at - items[0].at, 1)

    def each(item: Item) -> None:
        show.frame(observer.tally, item.at, (item.at - items[0].at) / span)
        check(supervisor)
        if disturb is not None:
            disturb(item, supervisor)
        if options.speed is not None:
            observer.poll(0)

    def rest() -> None:
        observer.wait_for_rest(REST_S, lambda: check(supervisor))
        first = observer.tally.first_proposal
        if options.wanted.made_up and first is not None and not feeder.fed.faults[redeliver.NAME]:
            redeliver.send_again(there, first)
            feeder.fed.faults[redeliver.NAME] += 1
            observer.wait_for_rest(REST_S, lambda: check(supervisor))

    try:
        if options.speed is None:
            lock_step(feeder, items, rest, each)
        else:
            free_running(feeder, items, options.speed, each)
            feeder.tick(items[-1].at + 10 * MINUTE_US)
        rest()
    except TimeoutError as error:
        raise DemoFailed("lock-step" if options.speed is None else "coming to rest", str(error)) from None
