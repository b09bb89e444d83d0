"""Every map of the state: how much it may hold, and what leaves it; a map not named here fails a test.

Where a bound is that of another map (instruments are registered, agents are granted) it is that map's.
"""

from __future__ import annotations

from dataclasses import dataclass

from kernel.gates.shape import STEPS_MAX, WOKEN_MAX
from kernel.state.accounts import DIRTY_MAX, HASHES_KEPT, OPEN_MAX
from kernel.state.flows import CONTEXTS_MAX, FLOWS_MAX
from kernel.state.mandates import MANDATES_MAX
from kernel.state.memory import DIGESTS_MAX
from kernel.state.standing import STAMPS_MAX, STANDINGS_MAX
from kernel.state.trading import SCOPES_MAX
from kernel.state.whole import ACCOUNTS_MAX, MANIFESTS_MAX, READS_MAX, SKIPS_MAX
from ledger.keys import KEYS_MAX
from ledger.registry import DOCUMENTS_MAX

ZONES_MAX = 1_000  # IANA knows about 600
NEVER = "never: there are no more than these"
HORIZON = "when its flow's trigger lies behind the horizon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """most: entries at one time. leaves: what takes one out."""

    most: int
    leaves: str


def _at_most(most: int, leaves: str) -> Bound:
    return Bound(most=most, leaves=leaves)


BOUNDS: dict[str, Bound] = {
    "Core.positions": _at_most(16, NEVER),
    "Core.curbs": _at_most(SCOPES_MAX, "RESUME, or its end by the clock"),
    "Core.standings": _at_most(STANDINGS_MAX, "RESET to ACTIVE; RETIRED never"),
    "Core.manifests": _at_most(DOCUMENTS_MAX, f"{MANIFESTS_MAX} versions an agent: the oldest by number"),
    "Core.serials": _at_most(2 * KEYS_MAX, "never: a number once used stays used"),
    "Core.skips": _at_most(SKIPS_MAX, "when its record is passed by"),
    "Core.marks": _at_most(DOCUMENTS_MAX, "replaced by a later one of its instrument"),
    "Core.quote_reads": _at_most(READS_MAX, "when its quotes are too old to be asked for"),
    "Core.days": _at_most(ZONES_MAX, NEVER),
    "Core.expiries": _at_most(FLOWS_MAX * CONTEXTS_MAX, "when its time has come"),
    "Core.overdue": _at_most(FLOWS_MAX, "in the step that put it in"),
    "State.accounts": _at_most(ACCOUNTS_MAX, "CLOSE"),
    "State.flows": _at_most(FLOWS_MAX, "over and behind the horizon, which the bound moves"),
    "State.leaving": _at_most(FLOWS_MAX, "with its flow"),
    "State.agents": _at_most(ACCOUNTS_MAX * WOKEN_MAX, "its account's CLOSE"),
    "State.holders": _at_most(DOCUMENTS_MAX, "when nobody holds the instrument or has it reserved"),
    "State.halted": _at_most(ACCOUNTS_MAX, "when nothing of the account ends by the clock"),
    "State.dirty": _at_most(ACCOUNTS_MAX, "after the entry"),
    "State.touched": _at_most(ACCOUNTS_MAX, "when the views are told"),
    "Account.halts": _at_most(DOCUMENTS_MAX, "the contract's time, or RESUME"),
    "Account.mandates": _at_most(MANDATES_MAX, "its expiry, or used up with nothing open"),
    "State.framed": _at_most(ACCOUNTS_MAX, "when no mandate stands on the account"),
    "Mandate.orders": _at_most(OPEN_MAX, "its final receipt"),
    "Account.dirty": _at_most(DIRTY_MAX, "CLEAR"),
    "Account.curbs": _at_most(SCOPES_MAX, "RESUME, or its end by the clock"),
    "Account.standings": _at_most(STANDINGS_MAX, "RESET to ACTIVE; RETIRED never"),
    "Account.positions": _at_most(DOCUMENTS_MAX, "when all of it is sold"),
    "Account.orders": _at_most(OPEN_MAX, "a final receipt, or an operator's SETTLE"),
    "Account.day_starts": _at_most(ZONES_MAX, NEVER),
    "Account.hashes": _at_most(HASHES_KEPT, "the oldest version"),
    "Flow.contexts": _at_most(CONTEXTS_MAX, HORIZON),
    "Flow.steps": _at_most(STEPS_MAX, "a refusal; the flow's end without an order"),
    "Flow.refusals": _at_most(CONTEXTS_MAX, "the end of its flow"),
    "Flow.settled": _at_most(STEPS_MAX, HORIZON),
    "Flow.traded": _at_most(STEPS_MAX, HORIZON),
    "Flow.tokens": _at_most(WOKEN_MAX * CONTEXTS_MAX, HORIZON),
    "AgentRecord.admitted": _at_most(STAMPS_MAX, "older than the contract's window"),
    "AgentRecord.escalated": _at_most(STAMPS_MAX, "older than an hour"),
    "Memory.priors": _at_most(DIGESTS_MAX, HORIZON),
    "Memory.leaving": _at_most(DIGESTS_MAX, HORIZON),
    "Grants._contracts": _at_most(DOCUMENTS_MAX, NEVER),
    "Grants._terms": _at_most(DOCUMENTS_MAX, NEVER),
    "Grants._losses": _at_most(DOCUMENTS_MAX, "read anew with every document"),
}
