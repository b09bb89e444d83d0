"""What the naive specification does with everything that is no quote: `step` calls these by name."""

from fractions import Fraction as F

from schemas import models as m
from schemas.reasons import ControlReason as C
from schemas.reasons import Reason as R
from tests.spec import book

V, S = m.Verb, m.FlowStatus
TIGHTENING = (V.HALT, V.REDUCE, V.SUSPEND)
ON_ACCOUNT = (V.FUND, V.WITHDRAW, V.CLOSE, V.SETTLE, V.CLEAR)
STATES = {V.HALT: m.TradingState.HALTED, V.REDUCE: m.TradingState.REDUCING, V.RESUME: m.TradingState.ACTIVE}


def proposal(spec, claim):
    spec.proposal(claim)


def garbage(spec, _topic):
    spec.out.append(("REFUSAL", R.MALFORMED))


def contract(spec, law):
    """A signed grant: law is its JSON with its hash under "hash"."""
    spec.contracts[law["agent_id"], law["version"]] = law
    cutoff = law["limits"]["trading_cutoff"]
    if cutoff and cutoff["zone"] not in spec.zones:
        spec.zones.add(cutoff["zone"])
        for account in spec.accounts.values():
            spec.day(account, cutoff["zone"])
    spec.out.append(("CONTRACT", law["agent_id"], law["version"]))


def hello(spec, manifest, fault):
    if fault:
        spec.out.append(("REFUSAL", fault))
        return
    law = spec.contracts.get((manifest.agent_id, manifest.contract_version))
    reason = R.NONE
    if manifest.ledger != spec.ledger:
        reason = R.WRONG_LEDGER
    elif (
        not law
        or law["hash"] != manifest.contract_hash
        or not set(manifest.policy_types) <= set(law["outputs"]["policy_types"])
    ):
        reason = R.VERSION_MISMATCH
    if not reason:
        spec.hellos[manifest.agent_id, manifest.contract_version] = manifest.contract_hash
    spec.out.append(("MANIFEST", not reason, reason))


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
            order["flow"] != said.dfid or (book.is_news(said, order) and not book.is_possible(said, order)))),
    )  # fmt: skip
    reason = next((reason for reason, yes in wrong if yes), None)
    if reason:
        spec.out.append(("REFUSAL", reason))
        return
    if not order or not book.is_news(said, order):
        spec.out.append(("RECEIPT", said.dfid, flow["status"] if flow else S.CLOSED))
        return
    ends = book.is_final(said, order)
    status = S.SUSPENDED if said.status == "UNKNOWN" else S.EXECUTING
    if ends:
        status = S.CLOSED if said.quantity > 0 else S.ABORTED
    book.fill(account, said, order)
    if ends:
        book.release(account, said.key)
    if flow and not spec.final(flow):
        flow["status"] = status
    spec.out.append(("RECEIPT", said.dfid, status))


def human(spec, act, fault, signer):
    """An answer to what waits: bound to the exact bytes, to a price, and to its own hour."""
    flow = spec.flows.get(act.dfid)
    wrong = (
        (fault, fault),
        (R.WRONG_LEDGER, act.ledger != spec.ledger),
        (R.WRONG_ACCOUNT, flow is None or flow["account"] != act.account),
        (R.FLOW_CLOSED, flow and spec.final(flow)),
        (R.APPROVAL_EXPIRED, spec.now > act.valid_until or act.serial <= spec.serials.get(("H", signer), -1)),
        (R.APPROVAL_MISMATCH, flow and not fits(flow, act)),
    )
    reason = next((reason for reason, yes in wrong if yes), R.NONE)
    if fault or flow is None:
        spec.out.append(("REFUSAL", reason))
        return
    ends, held, opened = act.choice == "ABORT" and not reason, flow["held"], flow["opened"]
    verdict = m.Verdict.REJECTED if reason else m.Verdict.ACCEPTED
    spec.out.append(("HUMAN", act.dfid, verdict, reason, S.ABORTED if ends else flow["status"]))
    if reason:
        return
    spec.serials["H", signer] = act.serial
    if ends:
        flow |= {"status": S.ABORTED, "held": None, "steps": {}}
    else:
        shown = {x: getattr(opened, x) for x in ("flow", "context", "snapshot_hash", "view_hash_ok")}
        spec.rule(type(held)(**{**vars(held), **shown}), approval=act)


def fits(flow, act):
    held = flow["held"]
    if flow["status"] is not S.ESCALATED or (held and held.digest != act.payload_digest):
        return False
    if act.choice == "ABORT":
        return True
    if held is None or act.price_shown is None or act.price_shown <= 0:
        return False
    less = act.quantity is not None and 0 < act.quantity <= held.said.quantity
    return act.choice == "OVERRIDE" or less


def control(spec, command, fault, signer, role):
    """A signed, numbered command: the first thing wrong with it, or it is done."""
    reason = fault and C[fault.name]
    if not reason:
        reason = refused(spec, command, signer, role)
    if fault or reason is C.MALFORMED:  # what nobody can mean is no entry of its kind either
        spec.out.append(("REFUSAL", fault or R.MALFORMED))
        return
    spec.out.append(("CONTROL", not reason, reason))
    if not reason:
        spec.serials["C", signer] = command.serial
        done(spec, command)


def refused(spec, c, signer, role):
    account, amount = spec.accounts.get(c.account), c.amount
    held = account["standings"] if account else spec.standings
    of_agent = c.verb in (V.SUSPEND, V.RETIRE, V.RESET)
    wrong = (
        (C.WRONG_LEDGER, c.ledger != spec.ledger),
        (C.SERIAL_NOT_GREATER, c.serial <= spec.serials.get(("C", signer), -1)),
        (C.VERB_NOT_ALLOWED, role == "WATCH" and c.verb not in TIGHTENING),
        (C.ILLEGAL_TRANSITION, c.verb is V.OPEN and (c.account is None or account)),
        (C.UNKNOWN_ACCOUNT, c.verb is not V.OPEN and not account and (c.account or c.verb in ON_ACCOUNT)),
        (C.OUT_OF_BOUNDS, c.verb in (V.OPEN, V.FUND, V.WITHDRAW) and (amount is None or amount <= 0)),
        (C.OUT_OF_BOUNDS, c.verb is V.WITHDRAW and account and amount and amount > account["cash"]),
        (C.ILLEGAL_TRANSITION, c.verb is V.CLOSE and account and book.exposed(account)),
        (C.ILLEGAL_TRANSITION, c.verb is V.SETTLE and account and c.target not in account["orders"]),
        (C.MALFORMED, of_agent and c.agent_id is None),
        (C.ILLEGAL_TRANSITION, of_agent and held.get(c.agent_id) is m.Standing.RETIRED),
    )
    return next((reason for reason, yes in wrong if yes), C.FOLDED)


def done(spec, c):
    account = spec.accounts.get(c.account)
    match c.verb:
        case V.OPEN | V.FUND | V.WITHDRAW:
            pay(spec, c, F(c.amount))
        case V.CLOSE:
            del spec.accounts[c.account]
        case V.SETTLE:
            order = book.release(account, c.target)
            flow = spec.flows.get(order["flow"])
            if flow and not spec.final(flow):
                flow["status"] = S.CLOSED if order["filled"] else S.ABORTED
        case V.CLEAR:
            gone = {x for x in spec.latched if x[0] == c.account and c.agent_id in (None, x[1])}
            spec.latched -= gone
        case V.HALT | V.REDUCE | V.RESUME:
            trade(spec, c, account)
        case V.SUSPEND | V.RETIRE | V.RESET:
            held = account["standings"] if account else spec.standings
            wanted = {V.SUSPEND: m.Standing.SUSPENDED, V.RETIRE: m.Standing.RETIRED}.get(c.verb)
            held.pop(c.agent_id, None) if wanted is None else held.update({c.agent_id: wanted})


def pay(spec, c, amount):
    """What is paid in or out is neither gain nor loss: peak and day starts move with it."""
    if c.verb is V.OPEN:
        account = spec.accounts[c.account] = book.new_account(c.account)
        for zone in spec.zones:
            spec.day(account, zone)
    account = spec.accounts[c.account]
    came = -amount if c.verb is V.WITHDRAW else amount
    account["withdrawals" if c.verb is V.WITHDRAW else "deposits"] += amount
    account["cash"] += came
    account["peak"] += came
    for start in account["days"].values():
        start[1] += came


def trade(spec, c, account):
    """The narrowest scope the command names."""
    if account and c.instrument:
        account["instruments"][c.instrument] = STATES[c.verb]
    elif account:
        account["state"] = STATES[c.verb]
    elif c.instrument:
        spec.instruments[c.instrument] = STATES[c.verb]
    elif c.lane:
        spec.lanes[c.lane] = STATES[c.verb]
    else:
        spec.world = STATES[c.verb]
    if account and c.verb is V.RESUME:
        account["halts"].pop(c.instrument or "*", None)
