"""Gates 7 and 9 of the kernel, asked about a rendered atom as if it had been proposed to the kernel."""

import copy
from dataclasses import replace

from agents.model.render import Order, Scene
from kernel.case import Case, stance_of
from kernel.gates.authority import authority
from kernel.gates.limits import limits
from kernel.state.accounts import Account, DayStart, Held
from kernel.state.days import UTC_ZONE
from schemas.models import Action, InstrumentView, Mark
from tests.gate_bench import case_of, name, viewed

SHOWN = ("instrument", "bid", "ask", "last", "atr", "volatility")


class Gates:
    """One honest case, changed for each atom: contract, account, marks, snapshot and intent are the scene's."""

    def __init__(self) -> None:
        self._base = case_of(Action.BUY)

    def refusals(self, order: Order, scene: Scene) -> tuple[str, ...]:
        """The names of what gates 7 and 9 say no to; empty if both let the atom pass."""
        case = self.case(order, scene)
        answers = (name(authority(case)), name(limits(case)))
        return tuple(each for each in answers if each is not None)

    def case(self, order: Order, scene: Scene) -> Case:
        """The kernel's case of an atom in a scene; of the shared world only terms and keys remain."""
        book, view = scene.snapshot.account, scene.view
        positions = {
            each.instrument: Held(quantity=each.quantity, reserved=each.reserved, total_cost=each.total_cost)
            for each in book.positions
        }
        account = Account(
            account=book.account,
            cash=book.cash,
            reserved_cash=book.reserved_cash,
            equity=scene.snapshot.equity,
            positions=positions,
            day_starts={UTC_ZONE: DayStart(equity=scene.snapshot.day_start, until=0)},
        )
        assert self._base.intent is not None
        assert self._base.grant is not None
        intent = replace(
            self._base.intent,
            account=book.account,
            instrument=view.instrument,
            action=Action(order.action),
            quantity=order.quantity,
            limit_price=order.limit_price,
            stop=order.stop,
            target_price=order.target_price,
        )
        state = copy.copy(self._base.state)
        state.core = replace(state.core, marks={view.instrument: _mark(view)})
        case = replace(
            viewed(self._base, **{each: getattr(view, each) for each in SHOWN}),
            state=state,
            account=account,
            intent=intent,
            grant=replace(self._base.grant, contract=scene.contract),
        )
        return replace(case, stance=stance_of(intent, account))


def _mark(view: InstrumentView) -> Mark:
    """The quote that the kernel folded is the one the snapshot shows."""
    assert view.bid is not None
    assert view.ask is not None
    return Mark(instrument=view.instrument, bid=view.bid, ask=view.ask, event_time=0, partition=0, offset=0)
