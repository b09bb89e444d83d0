"""From a trigger to signed flows: whom its route names, who wakes, and what they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from ledger.hashes import dfid
from ledger.signing import Signer
from rules.routing import Route
from schemas.models import AccountViewRecord, FlowOpened, Trigger, WokenAgent
from topologies.selector.notebook import Suppressed
from topologies.selector.open_flows import OpenFlow
from topologies.selector.opening import (
    Beside,
    Terms,
    expires_at,
    flow_of,
    produced,
    record_of,
    terms_of,
    woken_agents,
)
from topologies.selector.snapshot import Compiled, compiled, held, instruments_of
from topologies.selector.state import State
from topologies.selector.waking import Asked, Asleep, Choice, choose, wake_values
from transport.log import Produce

NOBODY = "-"  # in the place of an agent when an account as a whole is passed by


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """A trigger and its route; ``notional`` in USD, ``beside`` an instruction's text and salt."""

    trigger: Trigger
    route: Route
    notional: Decimal | None
    beside: Beside | None = None


class Opener:
    """Opens flows of one shard; what it opens it also remembers as awaiting an answer."""

    def __init__(self, state: State, *, ledger: bytes, shard: int, signer: Signer) -> None:
        self._state, self._ledger, self._shard, self._signer = state, ledger, shard, signer

    def open(self, occasion: Occasion, account: str, now: int) -> Iterator[Produce]:
        """The flow of one account, or nothing: then the notebook names why."""
        view = self._state.accounts.view(account)
        rules_hash = self._state.directory.rules_hash
        obstacle = (
            "account without a view" if view is None
            else "no rules in force" if rules_hash is None
            else "open_flows_max" if self._state.flows.full
            else None
        )  # fmt: skip
        if view is None or rules_hash is None or obstacle is not None:
            self._note(occasion, account, Asleep(agent_id=NOBODY, predicate=obstacle or ""), now)
            return
        choice = self._choice(occasion, view, now)
        for one in choice.asleep:
            self._note(occasion, account, one, now)
        if choice.woken:
            terms = self._framed(self._terms(occasion, account, now), view, now)
            woken = woken_agents(choice.woken, account, self._state.accounts)
            yield self._put(terms, 1, woken, occasion.beside, now)
            self._state.notebook.count(f"opened:{terms.lane.value}")

    def reopen(self, one: OpenFlow, now: int) -> Produce:
        """The next attempt of a flow, under the contracts it was opened with and with a fresh snapshot."""
        flow, record = one.flow, one.record
        woken = tuple(
            WokenAgent(
                agent_id=each.agent_id,
                version=each.version,
                contract_hash=each.contract_hash,
                veto=each.veto,
                priority=each.priority,
                trajectory=self._state.accounts.trajectory(flow.account, each.agent_id),
            )
            for each in flow.woken
        )
        beside = None
        if record.instruction_text is not None and record.instruction_salt is not None:
            beside = Beside(text=record.instruction_text, salt=record.instruction_salt)
        self._state.notebook.count(f"reopened:{flow.lane.value}")
        return self._put(terms_of(flow), flow.attempt + 1, woken, beside, now)

    def _choice(self, occasion: Occasion, view: AccountViewRecord, now: int) -> Choice:
        trigger, account = occasion.trigger, view.view.account
        seen = self._state.market.view(trigger.instrument)
        asked = Asked(
            account=account,
            lane=occasion.route.lane,
            kind=trigger.kind,
            instrument=trigger.instrument,
            agents=occasion.route.agents,
            values=wake_values(
                seen,
                kind=trigger.kind,
                held=held(view, trigger.instrument),
                notional_usd=occasion.notional,
            ),
        )
        return choose(asked, self._state.directory.grants, self._state.accounts, now)

    def _terms(self, occasion: Occasion, account: str, now: int) -> Terms:
        trigger, route, routing = occasion.trigger, occasion.route, self._state.directory.routing
        assert routing is not None, "a route came from it"
        name = dfid(self._ledger, trigger.source, trigger.signal_id, account, route.decision_class)
        return Terms(
            ledger=self._ledger,
            dfid=name,
            account=account,
            decision_class=route.decision_class,
            lane=route.lane,
            steps=route.steps,
            trigger=trigger,
            routing_hash=routing.digest,
            deadline_ms=route.deadline_ms,
            flow_expires_at=expires_at(now, route.expires_ms, trigger.event_time),
        )

    def _framed(self, terms: Terms, view: AccountViewRecord, now: int) -> Terms:
        """The terms as a child's, where a mandate of the account is to be worked.

        The child takes the place of the trigger's own flow: one trigger is one decision, and two flows of it
        would trade the same move twice, once inside the mandate and once beside it.
        """
        children = self._state.children
        child = children.next(view.view, terms.lane, terms.trigger.instrument, now)
        if child is None:
            return terms
        children.opened(terms.account, child)
        self._state.notebook.count("opened:child")
        return replace(
            terms,
            dfid=child.dfid(self._ledger),
            parent=child.parent,
            parent_step=child.step,
            child_number=child.number,
            flow_expires_at=min(terms.flow_expires_at, child.expires_at),
        )

    def _put(
        self, terms: Terms, attempt: int, woken: tuple[WokenAgent, ...], beside: Beside | None, now: int
    ) -> Produce:
        context = self._compiled(terms, woken, now)
        flow: FlowOpened = flow_of(terms, attempt, woken, context.snapshot)
        record = record_of(flow, context, beside, self._signer)
        self._state.flows.put(flow, record)
        return produced(flow, record, self._state.directory.registry.schema_ids, self._shard)

    def _compiled(self, terms: Terms, woken: tuple[WokenAgent, ...], now: int) -> Compiled:
        state, trigger = self._state, terms.trigger
        view, rules_hash = state.accounts.view(terms.account), state.directory.rules_hash
        assert view is not None, "an account's view is never taken back"
        assert rules_hash is not None, "rules are never taken back"
        instruments = instruments_of(trigger.kind, trigger.instrument, view)
        grants = (state.directory.grants.get(each.agent_id) for each in woken)
        reads = any(grant is not None and grant.contract.inputs.headlines for grant in grants)
        return compiled(
            now=now,
            rules_hash=rules_hash,
            instruments=instruments,
            account=view,
            market=state.market,
            shown=state.headlines.shown(instruments, now) if reads else (),
        )

    def _note(self, occasion: Occasion, account: str, one: Asleep, now: int) -> None:
        trigger = occasion.trigger
        self._state.notebook.suppress(
            Suppressed(
                source=trigger.source,
                signal_id=trigger.signal_id,
                account=account,
                agent_id=one.agent_id,
                predicate=one.predicate,
                measured=one.measured,
                threshold=one.threshold,
                at=now,
            )
        )
