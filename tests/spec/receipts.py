"""What the naive specification makes of a venue's word."""

from schemas import models as m
from schemas.reasons import Reason
from tests.spec import venue
from tests.spec.book import num
from tests.spec.gates import judge_compensation

R, S = Reason, m.FlowStatus


def receipt(spec, said, fault):
    """Fold what is news of an order of ours; all else changes nothing."""
    account, flow = spec.accounts.get(said.account), spec.flows.get(said.dfid)
    order = account and account["orders"].get(said.key)
    known = flow and any(key == said.key for _, key in flow["steps"].values())
    wrong = (
        (R.WRONG_LEDGER, said.ledger != spec.ledger),
        (fault, fault),
        (R.WRONG_ACCOUNT, account is None or (flow and flow["account"] != said.account)),
        (R.MALFORMED, not known if order is None else (
            order["flow"] != said.dfid
            or (venue.is_news(said, order) and not venue.is_possible(said, order)))),
    )  # fmt: skip
    reason = next((reason for reason, yes in wrong if yes), None)
    if reason:
        spec.out.append(("REFUSAL", reason))
        return
    if flow and said.quantity > flow["settled"].get(said.key, said.quantity):
        flow["settled"][said.key] = num(said.quantity)  # more than a person was told: another person looks
        account["dirty"].add(said.dfid)
    if not order or not venue.is_news(said, order):
        spec.out.append(("RECEIPT", said.dfid, flow["status"] if flow else S.CLOSED, ()))
        return
    ends, last = venue.is_final(said, order), num(said.quantity)
    failed = ends and venue.fails(flow, order, last, said.status)
    status = S.SUSPENDED if said.status == "UNKNOWN" else S.EXECUTING
    if ends:
        status = S.CLOSED if last > 0 and not failed else S.ABORTED
    if flow:
        venue.note_traded(flow, order, last)
        status = flow["status"] if spec.final(flow) else status
    venue.fill(account, said, order)
    if ends:
        venue.release(account, said.key)
    found = venue.compensate(spec, account, flow, order, judge_compensation) if failed else ()
    if flow:
        flow["status"] = status
    spec.out.append(("RECEIPT", said.dfid, status, found))
