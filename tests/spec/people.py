"""Hellos of workers and acts of people in the naive specification."""

from fractions import Fraction

from schemas import models as m
from schemas.reasons import Reason
from tests.spec.case import case_of
from tests.spec.integrity import on_lot
from tests.spec.limits import judged_price
from tests.spec.ruling import rule

F, R, S = Fraction, Reason, m.FlowStatus


def hello(spec, manifest, fault):
    if fault:
        spec.out.append(("REFUSAL", fault))
        return
    law = spec.contracts.get((manifest.agent_id, manifest.contract_version))
    reason = R.NONE
    if manifest.ledger != spec.ledger:
        reason = R.WRONG_LEDGER
    elif (
        "1" not in manifest.schema_majors
        or len(manifest.schema_majors) > 16
        or not law
        or law["hash"] != manifest.contract_hash
        or not set(manifest.policy_types) <= set(law["outputs"]["policy_types"])
    ):
        reason = R.VERSION_MISMATCH
    if not reason:
        spec.hellos[manifest.agent_id, manifest.contract_version] = manifest.contract_hash
    spec.out.append(("MANIFEST", not reason, reason))


def human(spec, act, fault, signers):
    """An answer to what waits: bound to the exact bytes, to a price, and to its own hour."""
    flow = spec.flows.get(act.dfid)
    used = max(spec.serials.get(("H", x), -1) for x in signers) if signers else -1
    wrong = (
        (fault, fault),
        (R.WRONG_LEDGER, act.ledger != spec.ledger),
        (R.WRONG_ACCOUNT, flow is None or flow["account"] != act.account),
        (R.FLOW_CLOSED, flow and spec.final(flow)),
        (R.APPROVAL_EXPIRED, spec.now > act.valid_until or act.serial <= used),
        (R.APPROVAL_MISMATCH, flow and not fits(spec, flow, act, len(signers))),
    )
    reason = next((reason for reason, yes in wrong if yes), R.NONE)
    if fault or flow is None:
        spec.out.append(("REFUSAL", reason))
        return
    ends = act.choice == "ABORT" and not reason
    verdict = m.Verdict.REJECTED if reason else m.Verdict.ACCEPTED
    spec.out.append(("HUMAN", act.dfid, verdict, reason, S.ABORTED if ends else flow["status"]))
    if reason:
        return
    spec.serials.update({("H", x): act.serial for x in signers})
    if ends:
        flow |= {"status": S.ABORTED, "held": None, "steps": {}}
    else:
        rule(spec, shown(flow), approval=act)


def shown(flow):
    """What was held, on the context the flow was opened with."""
    held, opened = flow["held"], flow["opened"]
    facts = {x: getattr(opened, x) for x in ("flow", "context", "snapshot_hash", "view_hash_ok")}
    return type(held)(**{**vars(held), **facts})


def fits(spec, flow, act, persons):
    held = flow["held"]
    if flow["status"] is not S.ESCALATED or (held and held.digest != act.payload_digest):
        return False
    if act.choice == "ABORT":
        return True
    if held is None or act.price_shown is None or act.price_shown <= 0:
        return False
    less = act.quantity is not None and 0 < act.quantity <= held.said.quantity
    case = case_of(spec, shown(flow))
    fits_size = (
        act.quantity in (None, held.said.quantity)
        if act.choice == "OVERRIDE"
        else less and on_lot(case, act.quantity)
    )
    return fits_size and persons >= persons_for(case)


def persons_for(case):
    """Two above what the contract lets one decide; getting out is never made harder."""
    limit = case.law and case.law["escalation"].get("two_persons_above_usd")
    if limit is None or case.stance in ("REDUCING", "CANCEL", "HOLD", "HALT"):
        return 1
    price = judged_price(case)
    return 2 if price is None or F(case.intent.quantity) * price > F(limit) else 1
