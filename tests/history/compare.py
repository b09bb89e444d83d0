"""Do the kernel and the specification say the same? Entries, orders, verdicts, views, flows and latches."""

from decimal import Decimal

from ledger.envelope import opened
from ledger.hashes import state_hash
from schemas import models as m
from schemas.codec import Unreadable, encode
from schemas.kinds import EntryKind as E
from schemas.reasons import ControlReason, LaneReason, Reason
from tests.build import Entry
from tests.spec.book import equity

D = Decimal

BODIES = (m.Intent, m.Report, m.WindowRecord, m.Attestation)


class Disagreement(AssertionError):
    """The two laws differ; the message tells the history."""


def message_of(envelope):
    """What a signed body holds."""
    for cls in BODIES:
        try:
            return opened(envelope, cls)
        except Unreadable:
            continue
    raise AssertionError(envelope.payload_type)


def h_state(flow):
    return state_hash(encode(flow.snapshot))


def orders(world):
    return [opened(each, m.KernelIntent) for each in world.told(m.Envelope)]


def order_of(envelope):
    if envelope is None:
        return None
    o = opened(envelope, m.KernelIntent)
    return o.key, o.instrument, o.side, o.quantity, o.limit_price, o.time_in_force, o.valid_until, o.cancels


def entries(world):
    """What the kernel wrote, in the specification's words."""
    verdicts, marks, wrote, found = iter(world.told(m.VerdictRecord)), [], 0, []
    for entry in [each for each in world.out if isinstance(each, Entry)]:
        b = entry.body
        match entry.kind:
            case E.BATCH:
                wrote, marks = wrote + 1, marks + [(x.instrument, x.offset) for x in b.marks]
            case E.FLOW:
                found.append(("FLOW", opened(b.flow, m.FlowOpened).dfid))
            case E.DECISION:
                told = next(verdicts)
                assert (told.verdict, told.reason, told.flow_status) == (b.verdict, b.reason, b.flow_status)
                found.append(
                    (
                        "DECISION",
                        b.dfid,
                        b.attempt,
                        b.verdict,
                        Reason(b.reason),
                        b.flow_status,
                        b.reopens,
                        order_of(b.intent),
                        told.outcome,
                    )
                )
            case E.REPORT:
                next(verdicts)
                found.append(("REPORT", b.dfid, b.attempt, LaneReason(b.reason), b.flow_status))
            case E.ESCALATION:
                found.append(("ESCALATION", b.dfid, Reason(b.reason), b.flow_status))
            case E.RECEIPT:
                ruled = tuple(
                    (
                        x.step_id,
                        x.action,
                        x.instrument,
                        x.quantity,
                        x.verdict,
                        Reason(x.reason),
                        order_of(x.intent),
                    )
                    for x in b.compensations
                )
                found.append(("RECEIPT", b.dfid, b.flow_status, ruled))
            case E.HUMAN:
                act = opened(b.act, m.HumanDecision)
                found.append(("HUMAN", act.dfid, b.verdict, Reason(b.reason), b.flow_status))
            case E.CONTROL:
                found.append(("CONTROL", b.accepted, ControlReason(b.reason)))
            case E.MANIFEST:
                found.append(("MANIFEST", b.accepted, Reason(b.reason)))
            case E.REFUSAL:
                found.append(("REFUSAL", Reason(b.reason)))
            case E.CONTRACT:
                document = opened(b.document, m.RegistryDocument)
                found.append(("CONTRACT", document.id, document.version))
    return wrote, marks, found


def same(player, events):
    """Step the specification over the same events; raise Disagreement on the first difference."""
    world, spec = player.world, player.spec
    wrote, marks, found = entries(world)
    spec.cancels = []
    folded, expected = spec.step(world.now, events, batch=wrote > 0)
    if wrote > 1:  # the step after had something to end
        expected = expected + spec.step(world.now, ())[1]
    folded = [(instrument, mark.place[1]) for instrument, mark in folded]
    check(player, "marks", folded, marks)
    check(player, "entries", expected, found)
    cancels = [(o.cancels, o.instrument) for o in orders(world) if o.action == "CANCEL"]
    own = {x[7][0] for x in found if x[0] == "DECISION" and x[7]}
    cancels = [
        x
        for x, o in zip(cancels, [o for o in orders(world) if o.action == "CANCEL"], strict=True)
        if o.key not in own
    ]
    check(player, "cancels", spec.cancels, cancels)
    if wrote:
        check(player, "now", spec.now, world.kernel.state.now)
    accounts(player)
    flows(player)
    for entry in found:
        player.tally[" ".join(str(getattr(x, "name", x)) for x in entry[:1])] += 1
        player.story.append(f"   => {shown(entry)}")
        tally(player, entry)


def tally(player, entry):
    match entry:
        case ("DECISION", _, _, verdict, reason, status, reopens, _, outcome):
            player.tally[f"verdict {verdict.name}"] += 1
            player.tally[f"reason {reason.name}"] += 1
            player.tally[f"flow {status.name}{' reopens' if reopens else ''}"] += 1
            if outcome:
                player.tally[f"redelivery told {outcome}"] += 1
        case ("REPORT", _, _, reason, status):
            player.tally[f"report {reason.name} {status.name}"] += 1
        case ("CONTROL" | "MANIFEST", _, reason):
            player.tally[f"{entry[0].lower()} {reason.name}"] += 1
        case ("HUMAN", _, _, reason, _) | ("REFUSAL", reason):
            player.tally[f"{entry[0].lower()} {reason.name}"] += 1
        case ("ESCALATION", _, reason, status):
            player.tally[f"escalation {reason.name} {status.name}"] += 1
        case ("RECEIPT", _, status, ruled):
            player.tally[f"receipt {status.name}"] += 1
            for _, action, _, _, verdict, reason, _ in ruled:
                player.tally[f"compensation {action.name} {verdict.name} {reason.name}"] += 1


def accounts(player):
    world, spec = player.world, player.spec
    state = world.kernel.state
    check(player, "accounts", sorted(spec.accounts), sorted(state.accounts))
    for name, account in spec.accounts.items():
        told = world.views[name]
        check(player, f"{name} view", account["views"][-1], told.view)
        kept = player.views.setdefault(name, [])
        if not kept or kept[-1] is not told.view:
            kept.append(told.view)
        figures = {x: account[x] for x in ("peak", "deposits", "realised", "fees")}
        figures |= {"equity": equity(spec, account), "day_start": account["days"]["UTC"][1]}
        check(player, f"{name} figures", figures, {x: getattr(told, x) for x in figures})
        kept = state.accounts[name]
        check(player, f"{name} withdrawals", account["withdrawals"], kept.withdrawals)
        check(player, f"{name} halts", account["halts"], kept.halts)
        days = {zone: start.equity for zone, start in kept.day_starts.items()}
        check(player, f"{name} days", {zone: start[1] for zone, start in account["days"].items()}, days)
        check(player, f"{name} terminated", account["terminated"], kept.terminated)
        check(player, f"{name} dirty", account["dirty"], kept.dirty)
    latched = {who for who, record in state.agents.items() if record.latched}
    check(player, "latches", spec.latched, latched)


def flows(player):
    spec, state = player.spec, player.world.kernel.state
    expected = {
        dfid: {
            "status": x["status"],
            "reopens": x["reopens"],
            "open_attempt": x["open_attempt"],
            "exhausted": x["exhausted"],
            "steps": {step: key for step, (_, key) in x["steps"].items()},
            "tokens": x["tokens"],
            "held": x["held"].digest if x["held"] and x["status"] == "ESCALATED" else None,
            "dirty": x["dirty"],
            "compensations": x["compensations"],
            "traded": {name: q for name, q in x["traded"].items() if q},
        }
        for dfid, x in spec.flows.items()
    }
    found = {
        dfid: {
            "status": x.status,
            "reopens": x.reopens,
            "open_attempt": x.open_attempt,
            "exhausted": x.exhausted,
            "steps": x.steps,
            "tokens": x.tokens,
            "held": x.held.digest if x.held and x.status == "ESCALATED" else None,
            "dirty": x.dirty,
            "compensations": x.compensations,
            "traded": {name: q for name, q in x.traded.items() if q},
        }
        for dfid, x in state.flows.items()
    }
    check(player, "flows", expected, found)
    check(player, "memory", sorted(spec.priors), sorted(state.memory.priors))


def check(player, what, expected, found):
    if expected == found:
        return
    lines = [
        f"{what} differ",
        *player.story,
        f"   specification: {shown(expected)}",
        f"   kernel:        {shown(found)}",
    ]
    if isinstance(expected, dict) and isinstance(found, dict):
        keys = [key for key in {**expected, **found} if expected.get(key) != found.get(key)]
        lines[-2:] = [
            f"   {shown(key)}: specification {shown(expected.get(key))}, kernel {shown(found.get(key))}"
            for key in keys
        ]
    raise Disagreement("\n".join(lines))


def shown(value):
    """A value for people: bytes by their first digits, figures as decimals."""
    match value:
        case bytes():
            return value[:4].hex()
        case dict():
            return "{" + ", ".join(f"{shown(k)}: {shown(v)}" for k, v in value.items()) + "}"
        case tuple() | list():
            return "(" + ", ".join(map(shown, value)) + ")"
        case D():
            return format(value.normalize(), "f")
        case m.AccountView():
            return shown({x: getattr(value, x) for x in value.__slots__})
        case m.Position():
            return shown({x: getattr(value, x) for x in value.__slots__})
    if hasattr(value, "numerator") and not isinstance(value, int):
        return shown(D(value.numerator) / D(value.denominator))
    return str(getattr(value, "name", value))


def told(flow, said):
    """A proposal in one line."""
    line = f"{flow.lane.name} {shown(flow.dfid)} attempt {flow.attempt} of {flow.account}"
    if said is None:
        return f"{line}: nobody won"
    if isinstance(said, m.Report):
        return f"{line}: {said.agent_id} reports {said.kind.name} {said.reason}"
    words = [
        said.agent_id,
        said.action.name,
        said.instrument,
        shown(said.quantity),
        "at",
        said.limit_price and shown(said.limit_price),
        "stop",
        said.stop and shown(said.stop),
        "target",
        said.target_price and shown(said.target_price),
    ]
    return f"{line}: " + " ".join(map(str, words))
