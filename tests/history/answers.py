"""What a step may do with a flow: trade, ask again, answer twice; a window, a proof, a child of a mandate."""

from dataclasses import replace
from decimal import Decimal

from ledger.envelope import digest
from ledger.hashes import child_dfid
from schemas import models as m
from schemas.reasons import LaneReason, Reason
from tests.build import BTC, ETH, LEDGER, NO_USAGE, SECOND, with_evidence
from tests.history import compare, profiles
from tests.history.acts import ATOM, CENT
from tests.history.flows import new_flow
from tests.history.intents import dec, held, intent_of

A, D, R = m.Action, Decimal, Reason


def flow_fault(dice):
    return dice.of(*[None] * 126, R.KEY_NOT_VALID, R.BAD_SIGNATURE)


# -- what a step may do ----------------------------------------------------------------------------------


def trade(player, dice):
    agent = dice.of(*profiles.SOLO)
    flow = new_flow(player, dice, (agent,))
    law = player.world.contracts[agent]
    more = (A.HALT, A.CANCEL, A.MANDATE) if len(law.allowed_actions) > 4 and dice.rarely(2) else ()
    leave = (A.SELL, A.CLOSE) if held(player, flow, flow.trigger.instrument) else (A.BUY, A.BUY)
    usual = (A.BUY, A.BUY, A.BUY, *leave, A.HOLD, *leave, *leave, A.BUY, A.BUY, A.BUY, A.CLOSE, A.SELL)
    answer(player, dice, flow, intent_of(player, dice, flow, agent, (*usual, *more)))


def child(player, dice):
    """A flow under a mandate in force, and what its agent does there; sometimes under none."""
    spec = player.spec
    frames = [(a, name, x) for a, each in spec.accounts.items() for name, x in each["mandates"].items()]
    if not frames:
        return proof(player, dice)
    account, (parent, step), frame = frames[-1 - dice.below(min(len(frames), 4))]
    number = player.children.get(parent, 0) + dice.of(1, 1, 1, 1, 0)
    player.children[parent] = max(number, player.children.get(parent, 0))
    if dice.rarely(20):
        parent = bytes(16)
    if dice.rarely(30):
        number += 1
    agent, name = dice.of("sovereign", "sovereign", "prover-b"), frame["instrument"]
    family = {"parent": parent, "parent_step": step, "child_number": number}
    flow = new_flow(
        player,
        dice,
        (agent,),
        account=account,
        instrument=dice.of(*[name] * 15, ETH, BTC),
        dfid=child_dfid(LEDGER, parent, step, max(number, 0)),
        **family,
    )
    side = A.BUY if frame["side"] == "BUY" else A.SELL
    intent = intent_of(player, dice, flow, agent, (*[side] * 9, A.BUY, A.SELL, A.CLOSE, A.HOLD, A.MANDATE))
    left = dec(frame["total"] - frame["used"])
    changes = dice.of(
        {},
        {},
        {"quantity": left},
        {"quantity": left + ATOM},
        {"quantity": (left / 2).quantize(ATOM)},
        {"limit_price": frame["high"]},
        {"limit_price": frame["high"] + CENT},
        {"limit_price": frame["low"]},
        {"limit_price": frame["low"] - CENT},
    )
    if intent.action in (A.BUY, A.SELL):
        intent = replace(intent, **changes)
        player.note("child takes", **changes)
    return answer(player, dice, flow, intent)


def answer(player, dice, flow, intent, by=None):
    envelope, fault = player.signed(dice, intent, by or intent.agent_id)
    player.propose(flow, envelope, fault, flow_fault(dice))


def retry(player, dice):
    """The next attempt of a flow that was given back, on a fresh context."""
    spec = player.spec
    open_ = [x for x in player.sent if spec.flows.get(x[0].dfid, {}).get("reopens")]
    some = open_ or (player.sent if dice.rarely(6) else [])
    if not some:
        return trade(player, dice)
    old = some[-1 - dice.below(min(len(some), 4))][0]
    if old.account not in player.world.views or not old.snapshot.instruments:
        return trade(player, dice)
    names = [each.agent_id for each in old.woken]
    if len(set(names)) < len(names):
        return trade(player, dice)
    number = spec.flows.get(old.dfid, {"open_attempt": 2})["open_attempt"] + dice.of(0, 0, 0, 0, 0, 1)
    expires = max(old.flow_expires_at, player.world.now + 30 * SECOND) + dice.of(0, 0, 30 * SECOND)
    flow = player.world.flow(
        names,
        signal=old.trigger.signal_id,
        account=old.account,
        attempt=max(number, 1),
        lane=old.lane,
        instrument=old.snapshot.instruments[0].instrument,
        trigger=old.trigger,
        deadline=player.world.now,
        flow_expires_at=expires,
    )
    if flow.lane is m.Lane.EOAM:
        return window_of(player, dice, flow)
    if names[0] == profiles.PROOF:
        return proof_of(player, dice, flow)
    return answer(player, dice, flow, intent_of(player, dice, flow, names[0]))


def second(player, dice):
    """Another answer to a flow that has one: the same order in other words, or another order."""
    some = [x for x in player.sent if isinstance(compare.message_of(x[1]), m.Intent)]
    if not some:
        return trade(player, dice)
    flow, envelope, *_ = some[-1 - dice.below(min(len(some), 5))]
    intent = compare.message_of(envelope)
    changes = dice.of(
        {"confidence": D("0.95")},
        {"quantity": intent.quantity + 1},
        {"action": A.HOLD, "quantity": D(0)},
        {"action": A.CLOSE},
        {"action": A.HALT, "quantity": D(0)},
        {"confidence": D("0.95")},
    )
    return answer(player, dice, flow, replace(intent, **changes))


def redeliver(player, dice):
    if not player.sent:
        return trade(player, dice)
    flow, envelope, fault, attested = player.sent[-1 - dice.below(min(len(player.sent), 8))]
    return player.propose(flow, envelope, fault, flow_fault(dice), attested, again=True)


def report(player, dice):
    agent = dice.of(*profiles.SOLO)
    flow = new_flow(player, dice, (agent,))
    by = dice.of(agent, agent, "selector", "arbiter")
    report_ = player.world.report(flow, by, *report_kind(dice))
    if dice.rarely(6):
        report_ = replace(report_, usage=replace(NO_USAGE, tokens_in=60))
    if dice.rarely(10):
        report_ = replace(
            report_,
            **dice.of(
                {"step_id": "s9"},
                {"attempt": 2},
                {"ledger": bytes(16)},
                {"contract_version": "9.9.9"},
                {"lane": m.Lane.DLPCI},
            ),
        )
    answer(player, dice, flow, report_, by)


def report_kind(dice):
    kind = dice.of(
        m.ReportKind.NO_PROPOSAL, m.ReportKind.ESCALATE, m.ReportKind.REFUSED, m.ReportKind.EXHAUSTED
    )
    usual = LaneReason.NO_EDGE if kind is m.ReportKind.NO_PROPOSAL else LaneReason.NO_ANSWER
    return kind, dice.of(
        usual,
        LaneReason.COMPLIANT_LIE_SUSPECTED,
        LaneReason.UNREADABLE_INSTRUCTION,
        LaneReason.DEADLINE,
        LaneReason.LOW_MASS,
    )


def window(player, dice):
    names = dice.of(
        ("strategy", "risk"), ("strategy", "risk", "sentiment"), ("strategy",), ("risk", "strategy")
    )
    changes = {"deadline": player.world.now} if dice.rarely(5) else {}
    flow = new_flow(player, dice, names, lane=m.Lane.EOAM, **changes)
    window_of(player, dice, flow)


def window_of(player, dice, flow):
    """The arbiter's record over what the mesh says: complete, closed by the deadline, late, or not honest."""
    world, answers, names = player.world, [], []
    for woken in flow.woken:
        closed = flow.deadline == flow.snapshot.taken_at  # by the deadline: some say nothing
        if (
            woken.agent_id not in names
            and woken.agent_id in profiles.MESH
            and not dice.rarely(4 if closed else 24)
        ):
            names.append(woken.agent_id)
    for name in names:
        if dice.below(8 if name == "strategy" else 3):
            actions = (A.BUY, A.BUY, A.BUY, A.BUY, A.HOLD, A.CLOSE, A.SELL, A.HALT)
            if name == "risk":
                actions = (A.HOLD, A.HOLD, A.HOLD, A.HOLD, A.HOLD, A.HALT, A.CLOSE)
            answers.append(intent_of(player, dice, flow, name, actions))
        else:
            answers.append(world.report(flow, name, *report_kind(dice)))
    kind = dice.of(*[m.WindowKind.COMPLETE] * 7, m.WindowKind.LATE)
    if kind is m.WindowKind.LATE and "risk" in names and not dice.rarely(6):
        answers = [intent_of(player, dice, flow, "risk", (A.HALT,))]
    if flow.deadline == flow.snapshot.taken_at:
        kind, world.now = m.WindowKind.DEADLINE, world.now + dice.of(1, 1, 1, 0)
    if kind is m.WindowKind.LATE:
        answers = [x for x in answers if getattr(x, "action", None) is A.HALT][:1] or answers[:1]
    try:
        record = world.window(flow, answers, kind)
    except KeyError:  # an answer of nobody the flow woke
        return trade(player, dice)
    sealed = (
        [player.signed(dice, x, x.agent_id)[0] for x in answers] if dice.rarely(2) else list(record.answers)
    )
    if [x.payload for x in sealed] == [x.payload for x in record.answers]:
        record = replace(record, answers=tuple(sealed))
    if kind is m.WindowKind.LATE and answers:
        record = replace(record, winner=digest(record.answers[0]), reason=0)
    if dice.rarely(20):
        first = digest(record.answers[0]) if record.answers else None
        record = replace(
            record,
            **dice.of(
                {"winner": first},
                {"winner": None},
                {"reason": 1},
                {"attempt": 2},
                {"answers": record.answers[1:]},
                {"answers": record.answers * 2},
                {"account": "paper-9"},
            ),
        )
    answer(player, dice, flow, record, "arbiter")
    return None


def proof(player, dice):
    proof_of(player, dice, new_flow(player, dice, (profiles.PROOF,), lane=m.Lane.DLPCI))


def proof_of(player, dice, flow):
    """An intent with its evidence and an attestor's word, one of them sometimes not so."""
    intent = intent_of(
        player, dice, flow, profiles.PROOF, (A.MANDATE, A.BUY, A.BUY, A.SELL, A.CLOSE, A.HOLD, A.MANDATE)
    )
    if intent.agent_id == profiles.PROOF:
        intent = with_evidence(flow, intent)
    if dice.rarely(20):
        intent = replace(intent, evidence=dice.of(None, bytes(32)))
    envelope, fault = player.signed(dice, intent, intent.agent_id)
    changes = dice.of(*[{}] * 20, {"agrees": False}, {"tier": "other"}, {"attempt": 9}, {"ledger": bytes(16)})
    said = compare.message_of(player.world.attest(flow, envelope, **changes))
    attested, _ = player.signed(dice, said, "heuristic")
    many = dice.of(*[(attested,)] * 8, (), (attested, attested))
    player.propose(flow, envelope, fault, flow_fault(dice), many, **changes)
