"""Shards on the real broker: three decide as one does, and one that is stopped holds up no other account."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest

from interlock import demo
from interlock.accounts import latest_views
from interlock.alike import alike, released_alike
from interlock.audit import Audited, audit
from interlock.context import Context
from interlock.demo_plan import Wanted, plan
from interlock.demo_show import PlainShow
from interlock.demo_steps import REST_S, check, seal, wait_ready
from interlock.feed.feeder import Feeder
from interlock.feed.plan import Item
from interlock.genesis import create, open_accounts
from interlock.observe import Observer
from interlock.programs import of_shard, programs
from interlock.projection import Line, balances, projection
from interlock.services.running import Running
from interlock.services.supervisor import Supervisor, supervised
from interlock.tape.group import MINUTE_US
from interlock.witness import note_path
from kernel.venues.venue import answer_of
from ledger.hashes import shard_of
from ledger.signing import Signer
from schemas.models import Lane
from transport.names import LedgerName

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]

# 07:45 to 08:16: three quarters of an hour begin in it, and the fall that makes agents buy in the last.
TAPE = Wanted(first_minute=105, minutes=31)
LANES = (Lane.EOAM,)
SHARDS, STOPPED = 3, 1
NAMES = tuple(f"paper-{number}" for number in range(1, 7))
WAITING = tuple(name for name in NAMES if shard_of(name, SHARDS) == STOPPED)
GOING_ON = tuple(shard for shard in range(SHARDS) if shard != STOPPED)

assert {shard_of(name, SHARDS) for name in NAMES} == set(range(SHARDS))
Lines = dict[str, list[Line]]


@dataclass(kw_only=True)
class Sharded:
    """A run of the tape with three shards, and what stood in the ledgers around the stop of one of them."""

    there: Context
    supervisor: Supervisor
    stopped: Supervisor
    feeder: Feeder
    observer: Observer
    before: Lines = field(default_factory=dict)
    without: Lines = field(default_factory=dict)  # when the others had come to rest
    audited: Audited | None = None

    def rest(self) -> None:
        self.observer.wait_for_rest(REST_S, lambda: check(self.supervisor))

    def feed(self, item: Item) -> None:
        """As a lock-step feed does."""
        self.feeder.tick(item.at)
        self.rest()
        self.feeder.publish(item)
        self.rest()

    def without_one(self, item: Item) -> None:
        """Feed one group while one shard is stopped; then it comes back and everything rests."""
        self.before = lines_of(self.there)
        self.stopped.stop()
        self.observer.shards = GOING_ON
        self.feed(item)
        self.without = lines_of(self.there)
        self.stopped = started(self.there)
        self.observer.shards = range(SHARDS)
        self.rest()


def lines_of(there: Context) -> Lines:
    """The projection of every partition, by account."""
    found: Lines = {}
    for partition in range(there.card.shards):
        found |= projection(there.ledger(partition))
    return found


def started(there: Context) -> Supervisor:
    """The processes of the shard that is stopped, apart from the others."""
    kept = of_shard(programs(there.running, there.card, LANES), there.card, STOPPED)
    supervisor = Supervisor(there.running.state, f"{there.name}.one", kept)
    supervisor.start()
    return supervisor


@contextmanager
def running_shards(running: Running) -> Iterator[tuple[Sharded, list[Item]]]:
    name, like = LedgerName("three-shards"), alike(len(NAMES), demo.NAMES)
    card = create(
        running, name, clock="TAPE", accounts=NAMES, shards=SHARDS, lanes=LANES, released=released_alike(like)
    )  # fmt: skip
    there = Context(running=running, card=card)
    ids = there.schema_ids()
    items = plan(TAPE, card.ledger, ids, lambda who: Signer(demo.seed_or_any(running, name, who)))
    feeder, observer = Feeder(there.settings("feeder"), card, ids), Observer(running, card)
    first = items[0].at - MINUTE_US
    feeder.tick(first)
    open_accounts(running, card, ids, demo.accounts_of(len(NAMES)), first)
    every = programs(running, card, LANES)
    others = [each for each in every if each not in of_shard(every, card, STOPPED)]
    with supervised(running.state, name, others) as supervisor:
        made = Sharded(
            there=there, supervisor=supervisor, stopped=started(there), feeder=feeder,
            observer=observer,
        )  # fmt: skip
        try:
            hellos = SHARDS * sum(len(demo.HELLOS[lane]) for lane in LANES)
            wait_ready(observer, supervisor, hellos=hellos, accounts=len(NAMES))
            yield made, items
            seal(feeder, observer, there, items[-1].at)
        finally:
            made.stopped.stop()
            observer.close()


@pytest.fixture(scope="module")
def one(services: Running) -> demo.Ran:
    options = demo.Options(wanted=TAPE, lanes=LANES, accounts=len(NAMES))
    return demo.run(services.root, options, PlainShow())


@pytest.fixture(scope="module")
def three(services: Running, tmp_path_factory: pytest.TempPathFactory) -> Sharded:
    with running_shards(services) as (made, items):
        last_timer = [each for each in items if "timer" in each.label][-1]
        for item in items:
            if item is last_timer:  # its tick came with the prices before it: no time goes by for who waits
                made.without_one(item)
            else:
                made.feed(item)
    made.audited = audit(made.there, Path(tmp_path_factory.mktemp("audit")))
    return made


def orders(there: Context, account: str) -> list[tuple[str, Decimal, Decimal, Decimal]]:
    """What the venue of an account's shard says it did for it, in its own order, without ids."""
    shard = shard_of(account, there.card.shards)
    file = f"{there.name}.db" if shard == 0 else f"{there.name}-{shard}.db"
    with closing(sqlite3.connect(there.running.root / "venue" / file)) as store:
        asked = "SELECT answer FROM orders WHERE account = ? ORDER BY rowid"
        answers = [answer_of(raw) for (raw,) in store.execute(asked, (account,))]
    return [(each.status.value, each.quantity, each.average_price, each.fee) for each in answers]


def test_three_shards_decide_about_every_account_as_one_does(one: demo.Ran, three: Sharded) -> None:
    alone, apart = lines_of(one.context), lines_of(three.there)
    assert apart == alone
    assert alone.keys() == set(NAMES)
    assert sum("ACCEPTED" in line for lines in alone.values() for line in lines) >= len(NAMES)


def test_while_one_shard_is_stopped_its_accounts_wait_and_the_others_go_on(three: Sharded) -> None:
    went_on = {name for name in NAMES if three.without[name] != three.before[name]}
    assert went_on == set(NAMES) - set(WAITING)


def test_a_shard_that_comes_back_catches_up(three: Sharded) -> None:
    in_the_end = lines_of(three.there)
    assert all(len(in_the_end[name]) > len(three.without[name]) for name in WAITING)


def test_money_and_the_venues_own_records_agree_with_one_shard(one: demo.Ran, three: Sharded) -> None:
    assert balances(latest_views(one.context)) == balances(latest_views(three.there))
    alone = {name: orders(one.context, name) for name in NAMES}
    assert {name: orders(three.there, name) for name in NAMES} == alone
    assert all(alone.values()), "every account traded"


def test_every_partition_is_verified_against_its_own_witness_and_replayed(three: Sharded) -> None:
    assert three.audited is not None
    assert three.audited.verified, three.audited.verdict
    assert three.audited.identical, three.audited.replay
    assert len(three.audited.roots) == SHARDS
    notes = [note_path(three.there.running.root, three.there.name, shard) for shard in range(SHARDS)]
    assert all(path.exists() for path in notes)
    assert three.observer.tally.open == {}


def test_what_every_shard_finds_bad_lies_in_quarantine_once(one: demo.Ran, three: Sharded) -> None:
    assert one.tally.quarantined == three.observer.tally.quarantined
    assert one.tally.quarantined.total() >= 5
