"""What would have been ruled under other contracts: every decision by itself, on the history as it was.

Hypothetical by nature. A decision that would have been refused is still folded as it stands, so each line
answers one question: this proposal, at this moment, under that contract. What would have come after it, had
it gone otherwise, nobody can know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from kernel import exact, opening
from kernel.case import Case, inherited
from kernel.exact import ZERO
from kernel.outcome import decide
from kernel.replay import BROKEN, Replayer, first_state
from kernel.replayed import Replayed
from ledger.registry import RegistryRefused
from ledger.shapes import Malformed
from rules.contract import Contract
from schemas.codec import Unreadable
from schemas.kinds import EntryKind
from schemas.models import Action, DecisionEntry, KernelIntent, Receipt, Verdict
from schemas.reasons import Reason

CHANGED_MAX = 10_000


@dataclass(slots=True, kw_only=True)
class Changed:
    """A verdict that would be another one. worth: USD at the mark it was judged against; traded, fee: USD
    that its order really came to.
    """

    seq: int
    account: str
    agent_id: str
    action: Action
    instrument: str | None
    quantity: Decimal
    worth: Decimal
    was: tuple[Verdict, Reason]
    would: tuple[Verdict, Reason]
    traded: Decimal = ZERO
    fee: Decimal = ZERO


@dataclass(slots=True, kw_only=True)
class WhatIf:
    """judged: decisions looked at; beyond: changed ones over the bound; stopped: why it ended early."""

    judged: int = 0
    changed: list[Changed] = field(default_factory=list)
    beyond: int = 0
    stopped: str = ""


def what_if(values: Iterable[bytes], contracts: Mapping[str, Contract]) -> WhatIf:
    """Judge every decision of a partition under these contracts (by agent id); others keep their own."""
    found, replayer = WhatIf(), None
    for value in values:
        try:
            if replayer is None:
                replayer = Asking(state=first_state(value), contracts=contracts, told=found)
            replayer.take(value, Replayed())
        except (ValueError, RegistryRefused, Malformed, Unreadable, *BROKEN) as error:
            found.stopped = str(error) or type(error).__name__
            break
    return found


@dataclass(slots=True)
class Asking(Replayer):
    """A replay that asks another question of each decision."""

    contracts: Mapping[str, Contract] = field(default_factory=dict)
    told: WhatIf = field(default_factory=WhatIf)
    orders: dict[bytes, Changed] = field(default_factory=dict)

    def compare(self, kind: EntryKind, body: Any, seq: int, found: Replayed) -> None:
        """Note what would be ruled otherwise, and what the orders of such decisions came to."""
        if kind is EntryKind.RECEIPT:
            self._receipt(opening.read(body.receipt, Receipt))
        elif kind is EntryKind.DECISION:
            case = self.case_of(body, seq)
            if case is not None and case.grant is not None and case.intent is not None:
                self.told.judged += 1
                self._ask(under(case, self.contracts), body, seq)

    def _ask(self, case: Case, body: DecisionEntry, seq: int) -> None:
        ruling = decide(case).ruling
        was = (body.verdict, Reason(body.reason))
        would = (ruling.verdict, Reason(ruling.reason))
        if was == would:
            return
        if len(self.told.changed) >= CHANGED_MAX:
            self.told.beyond += 1
            return
        assert case.intent is not None
        intent, mark = case.intent, body.mark
        price = ZERO if mark is None else exact.mid(mark.bid, mark.ask)
        changed = Changed(
            seq=seq,
            account=body.account,
            agent_id=case.agent_id,
            action=intent.action,
            instrument=intent.instrument,
            quantity=intent.quantity,
            worth=exact.money(exact.times(intent.quantity, price)),
            was=was,
            would=would,
        )
        self.told.changed.append(changed)
        if body.intent is not None:
            self.orders[opening.surely(body.intent, KernelIntent).key] = changed

    def _receipt(self, receipt: Receipt | None) -> None:
        changed = None if receipt is None else self.orders.get(receipt.key)
        if receipt is not None and changed is not None:
            changed.traded = exact.money(exact.times(receipt.quantity, receipt.average_price))
            changed.fee = receipt.fee


def under(case: Case, contracts: Mapping[str, Contract]) -> Case:
    """The case under other contracts; H_contract stays what was signed, or gate 8 would refuse them all."""
    assert case.grant is not None
    if case.under is None:
        other = contracts.get(case.agent_id, case.grant.contract)
        return replace(case, grant=replace(case.grant, contract=other))
    own = replace(case.under.own, contract=contracts.get(case.agent_id, case.under.own.contract))
    parent = contracts.get(case.under.mandate.agent_id, case.under.parent)
    beneath = replace(case.under, own=own, parent=parent)
    return replace(case, under=beneath, grant=inherited(beneath))
