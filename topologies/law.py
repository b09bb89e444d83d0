"""The contract as it holds in one flow: the agent's own, under a mandate tightened by the parent's."""

from __future__ import annotations

from rules.contract import Contract
from rules.inherit import inherit
from rules.mandate import named
from schemas.models import FlowOpened, WokenAgent
from topologies.grants import Grants


def law_of(flow: FlowOpened, woken: WokenAgent, grants: Grants) -> Contract | None:
    """What the agent may in this flow; None while a contract that it names has not been read.

    Of a child whose mandate no longer stands it is the agent's own: it will not trade under it anyway.
    """
    own = grants.contract(woken.contract_hash)
    mandate = named(flow.snapshot.account.mandates, flow.parent, flow.parent_step)
    if own is None or mandate is None:
        return own
    parent = grants.version(mandate.agent_id, mandate.contract_version)
    return None if parent is None else inherit(own, parent)
