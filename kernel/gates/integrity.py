"""Gate 1: is this what it says it is, from whom it says, to this ledger, account and lane?"""

from __future__ import annotations

from kernel.case import Case
from kernel.gates.shape import context_is_sound, malformed
from kernel.gates.signed import attested, is_new, signatures
from kernel.gates.window import window_matches
from kernel.ruling import Answer, Refusal
from schemas.models import IntentKind, Lane
from schemas.reasons import Reason

KIND_OF = {Lane.EOAM: IntentKind.POLICY, Lane.SDS: IntentKind.ATOM, Lane.DLPCI: IntentKind.PCI}
OFFICIALS = ("arbiter", "selector")  # answer for a lane, under their own roles' keys


def integrity(case: Case) -> Answer:
    """The first of the law's own order.

    ``unsigned`` when no valid signature stands behind the body, or the selector's stands under a context that
    is none of this ledger: neither ever becomes an entry that a verifier would have to read.
    """
    fault = signatures(case)
    reasons = (
        Reason.MALFORMED if malformed(case) else None,
        Reason.WRONG_LEDGER if _of_another_ledger(case) else None,
        Reason.UNKNOWN_AGENT if _is_unknown(case) else None,
        fault,
        attested(case) if fault is None else None,
        Reason.VERSION_MISMATCH if _is_of_another_version(case) else None,
        Reason.WRONG_LANE if _is_of_another_lane(case) else None,
        Reason.WRONG_ACCOUNT if _is_of_another_account(case) else None,
        Reason.WINDOW_MISMATCH if not window_matches(case) else None,
    )
    first = next((reason for reason in reasons if reason is not None), None)
    foreign = is_new(case) and not (context_is_sound(case) and case.flow.ledger == case.state.identity.ledger)
    return None if first is None else Refusal(reason=first, unsigned=fault is not None or foreign)


def _of_another_ledger(case: Case) -> bool:
    claim = case.claim
    said = [claim.flow.ledger]
    said += [each.ledger for each in (claim.window, claim.intent, claim.report) if each is not None]
    return any(ledger != case.state.identity.ledger for ledger in said)


def _is_unknown(case: Case) -> bool:
    if case.woken is not None:
        return False
    return case.intent is not None or case.agent_id not in OFFICIALS


def _is_of_another_version(case: Case) -> bool:
    """Whether the contract named is not the flow's, or its worker never said a hello that was accepted."""
    said = case.claim.intent or case.claim.report
    if said is None or case.woken is None:
        return False
    accepted = case.state.core.manifests.get(case.agent_id, {})
    return (
        said.contract_version != case.woken.version
        or accepted.get(case.woken.version) != case.woken.contract_hash
        or case.grant is None
    )


def _is_of_another_lane(case: Case) -> bool:
    said = case.claim.intent or case.claim.report
    if (case.claim.window is not None) != (case.flow.lane is Lane.EOAM and case.agent_id != "selector"):
        # A mesh answers by windows only, the other lanes never; the selector speaks for a silent lane.
        return not (case.claim.window is None and case.agent_id == "arbiter")
    if said is None:
        return False
    if said.lane is not case.flow.lane:
        return True
    if case.grant is not None and case.flow.lane not in case.grant.contract.topologies:
        return True
    return case.intent is not None and case.intent.kind is not KIND_OF[case.flow.lane]


def _is_of_another_account(case: Case) -> bool:
    claim = case.claim
    said = [each.account for each in (claim.window, claim.intent, claim.report) if each is not None]
    strange = any(account != case.flow.account for account in said)
    return strange or case.account is None or not case.state.ours(case.flow.account)
