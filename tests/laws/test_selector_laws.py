"""The selector's laws: one flow for one signal, no order between accounts, and nothing lost in a restart."""

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.models import FlowStatus, Verdict, VerdictRecord
from tests.selector_world import ACCOUNTS, MINUTE, NEWS, NOON, TIMER, World, bar, flows, framed, quote, view
from topologies.selector.seen import Fate, Seen, Sighting, seen_key

FAST = settings(max_examples=25, deadline=None)
MOVES = st.lists(
    st.tuples(
        st.sampled_from(
            ("quote", "bar", "timer", "news", "order", "view", "verdict", "bad", "early", "tick")
        ),
        st.integers(0, 9),
    ),
    max_size=25,
)


def play(world, moves):
    for number, (move, size) in enumerate(moves):
        match move:
            case "quote":
                world.signal(quote(f"{320 + size}", f"{321 + size}"), f"q{number}")
            case "bar":
                world.now += MINUTE
                world.signal(bar(f"{320 + size}"), f"b{number}")
            case "timer":
                world.signal(TIMER, f"t{size}")
            case "news":
                world.signal(NEWS, f"n{number}")
            case "order":
                world.order(f"o{size}")
            case "view":
                world.give("accounts.view", view(ACCOUNTS[size % 2], version=number + 2), b"k")
            case "verdict":
                answer(world, size)
            case "bad":
                world.give("market.signals", b"\x00" * size)
            case "early":
                world.signal(TIMER, f"e{number}", at=world.now + size * 500_000)
            case "tick":
                world.now += size * 1_000_000
                world.step()


def answer(world, size):
    opened = flows(world.wrote)
    if not opened:
        return
    flow = opened[size % len(opened)]
    status = (FlowStatus.REJECTED, FlowStatus.CLOSED, FlowStatus.ACTIVE)[size % 3]
    made = VerdictRecord(
        account=flow.account, dfid=flow.dfid, attempt=flow.attempt, agent_id="strategy", lane=flow.lane,
        verdict=Verdict.REJECTED, reason=1104, facts=(), reopens=size % 3 == 0, flow_status=status, seq=1,
        at=world.now,
    )  # fmt: skip
    world.give("kernel.verdicts", framed(made), flow.account.encode())


@FAST
@given(MOVES)
def test_a_restored_selector_equals_the_one_that_lived(moves):
    world = World()
    play(world, moves)
    assert world.restarted().state.whole() == world.selector.state.whole()


@FAST
@given(MOVES, MOVES)
def test_after_a_restart_the_same_records_give_the_same_outputs(before, after):
    lived, died = World(), World()
    play(lived, before)
    play(died, before)
    died.selector = died.restarted()
    lived.step(), died.step()  # a re-opening's patience is not remembered, an idle step ends it in both
    play(lived, after)
    play(died, after)
    assert lived.wrote == died.wrote
    assert lived.kept == died.kept


@FAST
@given(st.permutations(["a", "b", "a", "c", "b", "a"]))
def test_a_signal_produced_twice_opens_one_flow(names):
    world = World()
    for name in names:
        world.signal(TIMER, name)
    opened = [(flow.account, flow.trigger.signal_id) for flow in flows(world.wrote)]
    assert sorted(opened) == sorted((account, name) for account in ACCOUNTS for name in "abc")


@FAST
@given(st.permutations([*ACCOUNTS] * 3))
def test_the_order_of_independent_accounts_changes_no_account(order):
    def of(names):
        world = World()
        for number, account in enumerate(names):
            nth = names[:number].count(account)
            world.order(f"{account}-{nth}", account=account, record_key=account.encode())
        every = flows(world.wrote)
        return {
            account: [(flow.dfid, flow.woken, flow.snapshot) for flow in every if flow.account == account]
            for account in ACCOUNTS
        }

    assert of(order) == of(sorted(order))


@FAST
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), max_size=80))
def test_what_was_seen_is_known_or_stale(events):
    seen, kept, now, known = Seen(keys_max=16, segment_keys=4), {}, NOON, {}
    for number, (ago, steps) in enumerate(events):
        now += steps * MINUTE
        seen.forget(now)
        event_time, key = now - ago * MINUTE, seen_key("s", str(number))
        if event_time > seen.horizon(now):
            seen.add(key, Sighting(event_time, Fate.OPENED, number))
            known[key] = event_time
        for change in seen.changes():
            name = change.key.decode()
            kept.pop(name, None) if change.value is None else kept.update({name: change.value})
        assert all(seen.sighting(each) is not None or at <= seen.horizon(now) for each, at in known.items())
        again = Seen(keys_max=16, segment_keys=4)
        again.load(kept)
        assert again.horizon(now) == seen.horizon(now)
        assert all(again.sighting(each) == seen.sighting(each) for each in known)
        assert max((len(value) for value in kept.values()), default=0) <= 4 * 48
