"""A record on flows.sds becomes an explanation and a signed proposal, or a fault by name."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from agents.emit import Slots
from agents.grammar import DecisionGrammar, compile_grammar
from agents.model.spoken import Silent, Spoken
from ledger.envelope import opened, seal, signed_by
from ledger.hashes import explain_commitment, explain_salt
from ledger.signing import Signer
from rules.contract import Contract
from schemas.codec import decode, schema_hash
from schemas.kinds import Role
from schemas.models import (
    Action,
    Envelope,
    Explanation,
    FlowRecord,
    Intent,
    MandateView,
    Proposal,
    Quarantined,
    Report,
    ReportKind,
    Side,
)
from schemas.reasons import LaneReason, QuarantineReason
from schemas.wire import PREFIX, SchemaIds
from tests.stream_scenes import CONTRACT, LEDGER, NOON, TERMS, account, flow, snapshot
from topologies.genuine import Fault
from topologies.stream.thinker import StreamThinker
from topologies.stream.voice import OneByOne, Voice
from topologies.thinker import Said
from transport.log import Record

SELECTOR, OTHER, SOVEREIGN = Signer(bytes(32)), Signer(bytes([1] * 32)), Signer(bytes([2] * 32))
WRITTEN = (FlowRecord, Proposal, Explanation, Quarantined, Envelope)
IDS = SchemaIds(ids={number: schema_hash(cls) for number, cls in enumerate(WRITTEN)})


class Grants:
    """Grants as a worker reads them, without a topic: one contract, one selector key."""

    def __init__(self, contract: Contract | None = CONTRACT) -> None:
        self.ids = IDS
        self.terms = {"eth-usd": TERMS}
        self._contract = contract
        self.newest: bytes | None = bytes(32)

    def contract(self, digest: bytes) -> Contract | None:
        return self._contract if digest == bytes(32) else None

    def in_force(self, agent_id: str) -> bytes | None:
        return self.newest

    def public(self, keyid: bytes, role: Role, bound: str | None = None) -> bytes | None:
        return SELECTOR.public if (keyid, role) == (SELECTOR.keyid, Role.SELECTOR) else None


class Pen:
    """The agent's key itself, where the signer process would be."""

    def seal(self, message: object) -> Envelope:
        return seal(message, SOVEREIGN)

    def salt(self, dfid: bytes, step_id: str, attempt: int) -> bytes:
        return explain_salt(bytes(32), dfid, step_id, attempt)

    def seals(self, messages: Sequence[object]) -> list[Envelope]:
        return [self.seal(each) for each in messages]

    def salts(self, steps: Sequence[tuple[bytes, str, int]]) -> list[bytes]:
        return [self.salt(*each) for each in steps]


class Scripted:
    """A speaker with one fixed answer: what the engine says is tested where the engine is."""

    def __init__(self, answer: Spoken | Silent) -> None:
        self.answer = answer
        self.asked = 0

    def speak(self, prompt: str, grammar: DecisionGrammar) -> Spoken | Silent:
        self.asked += 1
        return self.answer


class Counted:
    """An engine that notes how it is used."""

    def __init__(self, answer: Spoken | Silent) -> None:
        self.answer, self.asked, self.compiled = answer, list[int](), list[bytes]()

    def compile(self, grammar: DecisionGrammar) -> None:
        self.compiled.append(grammar.digest)

    def speak_many(self, asked):
        assert all(grammar.digest in self.compiled for _, grammar in asked)
        self.asked.append(len(asked))
        return [self.answer] * len(asked)


BUY = Spoken(
    text="action=BUY;size=050;band=050;stop=010;target=010;confidence=080",
    slots=Slots(action="BUY", size=50, band=50, stop=10, target=10, confidence=80),
    mass=Decimal("0.99"),
    margin=Decimal("0.98"),
    tokens_in=9,
    tokens_out=13,
    model_hash=bytes(32),
    grammar_hash=bytes(32),
    prompt_hash=bytes(32),
    fingerprint="scripted",
)


def thinker(speaker=None, grants=None, now=0) -> StreamThinker:
    return StreamThinker(
        ledger=LEDGER,
        grants=grants or Grants(),
        pen=Pen(),
        speaker=OneByOne(speaker or Scripted(BUY)),
        wait=lambda known: known(grants or Grants()),
        now=lambda: now,
    )


def record(opened_flow=None, signer=SELECTOR, value=None) -> Record:
    sealed = FlowRecord(flow=seal(opened_flow or flow(), signer), headlines=())
    return Record(topic="flows.sds", partition=0, offset=3, key=b"paper-1", value=value or IDS.pack(sealed))


def body_of(said: object) -> Intent | Report:
    assert isinstance(said, Said)
    (explained,), (proposed,) = said.parts
    assert (explained.topic, proposed.topic) == ("explanations", "proposals")
    proposal = decode(Proposal, (proposed.value or b"")[PREFIX.size :])
    assert signed_by(proposal.body, SOVEREIGN.public)
    cls = Intent if "intent" in proposal.body.payload_type else Report
    body = opened(proposal.body, cls)
    told = decode(Explanation, (explained.value or b"")[PREFIX.size :])
    assert body.explain_commitment == explain_commitment(told.text, told.salt)
    return body


def test_a_flow_becomes_an_explanation_and_then_a_signed_atom():
    body = body_of(thinker().answer(record()))
    assert isinstance(body, Intent)
    assert body.generation is not None
    assert body.generation.text == BUY.text
    assert body.usage.tokens_out == 13


def test_the_same_record_gives_the_same_bytes():
    assert thinker().answer(record()) == thinker().answer(record())


def test_a_low_mass_is_reported_with_its_figures():
    silent = Silent(
        reason=LaneReason.LOW_MASS, mass=Decimal("0.20"), margin=Decimal("0.50"), tokens_in=9, tokens_out=13
    )
    body = body_of(thinker(Scripted(silent)).answer(record()))
    assert isinstance(body, Report)
    assert body.reason == LaneReason.LOW_MASS
    figures = {fact.name: fact.value for fact in body.facts}
    assert figures == {"mass": Decimal("0.20"), "margin": Decimal("0.50")}


def test_after_the_deadline_the_model_is_not_asked():
    speaker = Scripted(BUY)
    body = body_of(thinker(speaker, now=flow().deadline + 1).answer(record()))
    assert isinstance(body, Report)
    assert (body.reason, speaker.asked) == (LaneReason.DEADLINE, 0)


def test_several_flows_are_answered_by_one_inference_with_the_bytes_of_one_by_one():
    speaker, late = Counted(BUY), replace(flow(), deadline=-1)
    asked = [record(replace(flow(), dfid=bytes([n]) * 16)) for n in range(5)]
    asked += [record(value=b"garbage"), record(late), record(replace(flow(), woken=()))]
    one_by_one = [thinker().answer(each) for each in asked]
    together = replace(thinker(), speaker=Voice(speaker))
    assert together.answer_all(asked) == one_by_one
    assert speaker.asked == [5]


def test_an_engine_is_never_asked_more_than_a_batch_at_once_nor_under_an_uncompiled_grammar():
    speaker = Counted(BUY)
    voice, grammar = Voice(speaker), compile_grammar(CONTRACT)
    assert isinstance(grammar, DecisionGrammar)
    assert voice.speak_many([("a", grammar)] * 11) == [BUY] * 11
    assert (speaker.asked, speaker.compiled) == ([8, 3], [grammar.digest])


def test_a_contract_released_while_the_model_speaks_is_reported_by_name():
    grants = Grants()

    class Interrupted(Scripted):
        def speak(self, prompt: str, grammar: DecisionGrammar) -> Spoken | Silent:
            grants.newest = bytes([1]) * 32
            return super().speak(prompt, grammar)

    body = body_of(thinker(Interrupted(BUY), grants).answer(record()))
    assert isinstance(body, Report)
    assert (body.reason, body.usage.model_calls) == (LaneReason.CONTRACT_CHANGED, 1)


def test_a_deadline_that_passes_while_the_model_speaks_is_reported_by_name():
    clock = iter([flow().deadline, flow().deadline + 1])
    body = body_of(replace(thinker(), now=lambda: next(clock)).answer(record()))
    assert isinstance(body, Report)
    assert (body.reason, body.usage.model_calls) == (LaneReason.DEADLINE, 1)


def test_an_engine_whose_weights_have_changed_is_known_to_its_worker():
    gone = Silent(
        reason=LaneReason.MODEL_CHANGED, mass=Decimal(0), margin=Decimal(0), tokens_in=0, tokens_out=0
    )
    voice = Voice(Counted(gone))
    body = body_of(replace(thinker(), speaker=voice).answer(record()))
    assert isinstance(body, Report)
    assert (body.reason, voice.changed) == (LaneReason.MODEL_CHANGED, True)


def test_a_contract_that_never_came_is_refused_by_name():
    body = body_of(thinker(grants=Grants(contract=None)).answer(record()))
    assert isinstance(body, Report)
    assert body.reason == LaneReason.CONTRACT_UNKNOWN


def test_a_contract_that_lets_nothing_be_said_is_refused_by_name():
    body = body_of(thinker(grants=Grants(replace(CONTRACT, allowed_actions=()))).answer(record()))
    assert isinstance(body, Report)
    assert body.reason == LaneReason.NO_ALLOWED_TOKEN


def test_a_flow_that_woke_others_is_not_answered():
    assert thinker().answer(record(replace(flow(), woken=()))) is None


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (record(signer=OTHER), QuarantineReason.KEY_NOT_VALID),
        (record(replace(flow(), ledger=bytes(16))), QuarantineReason.WRONG_LEDGER),
        (record(value=b"garbage"), QuarantineReason.NOT_FRAMED),
        (record(value=PREFIX.pack(0, 99)), QuarantineReason.UNKNOWN_SCHEMA),
        (record(value=PREFIX.pack(0, 0) + b"\x01"), QuarantineReason.UNREADABLE),
    ],
)
def test_what_is_no_genuine_flow_is_a_fault_by_name(wrong, reason):
    fault = thinker().answer(wrong)
    assert isinstance(fault, Fault)
    assert fault.reason is reason


def test_the_grammar_of_the_shipped_contract_compiles():
    assert isinstance(compile_grammar(CONTRACT), DecisionGrammar)


# -- under a mandate ---------------------------------------------------------------------------------------

FRAME = MandateView(
    dfid=bytes(15) + b"\x01", step_id="step-1", agent_id="prover", contract_version="1.1.0",
    instrument="eth-usd", side=Side.BUY, total=Decimal(5), used=Decimal(3), price_low=Decimal(300),
    price_high=Decimal("320.50"), expires_at=NOON + 1,
)  # fmt: skip


class Parents(Grants):
    """The same, and the contract that a mandate was accepted under."""

    def __init__(self, parent: Contract | None = CONTRACT) -> None:
        super().__init__()
        self._parent = parent

    def version(self, agent_id: str, version: str) -> Contract | None:
        return self._parent if (agent_id, version) == ("prover", "1.1.0") else None


def answered(said=BUY, held=Decimal(0), grants=None, **frame) -> Intent | Report:
    """What the agent answers in a child flow under ``FRAME``."""
    shown = None if frame.pop("gone", False) else replace(FRAME, **frame)
    seen = snapshot(book=replace(account(held), mandates=() if shown is None else (shown,)))
    child = replace(flow(seen), parent=FRAME.dfid, parent_step="step-1", child_number=1)
    return body_of(thinker(Scripted(said), grants or Parents()).answer(record(child)))


def said_as(action: str, size: int) -> Spoken:
    slots = Slots(action=action, size=size, band=50, stop=0, target=0, confidence=80)
    text = f"action={action};size={size:03d};band=050;stop=000;target=000;confidence=080"
    return replace(BUY, text=text, slots=slots)


def test_a_child_buys_what_its_siblings_left_and_at_most_at_the_bands_end():
    body = answered()
    assert isinstance(body, Intent)
    assert (body.quantity, body.limit_price) == (Decimal(2), Decimal("320.50"))
    wider = answered(price_high=Decimal(400))
    assert isinstance(wider, Intent)
    assert wider.limit_price == Decimal("320.91")


@pytest.mark.parametrize(
    ("said", "frame", "facts"),
    [
        (BUY, {"gone": True}, {}),
        (BUY, {"expires_at": NOON - 1}, {}),
        (BUY, {"used": Decimal(5)}, {}),
        (BUY, {"side": Side.SELL}, {}),
        (BUY, {"instrument": "btc-usd"}, {}),
        (BUY, {"price_high": Decimal("320.10")}, {"measured": Decimal("320.11"), "limit": Decimal("320.10")}),
        (BUY, {"price_low": Decimal(321), "price_high": Decimal(330)},
         {"measured": Decimal("320.91"), "limit": Decimal(321)}),
        (said_as("SELL", 50), {}, {}),
        (said_as("SELL", 50), {"side": Side.SELL, "price_low": Decimal("320.06")},
         {"measured": Decimal("320.05"), "limit": Decimal("320.06")}),
    ],
)  # fmt: skip
def test_what_oversteps_the_mandate_is_not_proposed_and_said_by_name(said, frame, facts):
    body = answered(said, held=Decimal(9), **frame)
    assert isinstance(body, Report)
    assert (body.kind, body.reason) == (ReportKind.NO_PROPOSAL, LaneReason.OUTSIDE_MANDATE)
    assert {each.name: each.value for each in body.facts} == facts


def test_a_child_sells_what_is_left_of_its_mandate_and_not_below_the_band():
    body = answered(
        said_as("SELL", 50), held=Decimal(9), side=Side.SELL, price_low=Decimal("320.01"),
    )  # fmt: skip
    assert isinstance(body, Intent)
    assert (body.action, body.quantity, body.limit_price) == (Action.SELL, Decimal(2), Decimal("320.01"))


@pytest.mark.parametrize("action", ["CLOSE", "HOLD"])
def test_what_protects_is_said_whatever_the_mandate(action):
    size = 100 if action == "CLOSE" else 0
    said = said_as(action, size)
    if action == "HOLD":
        said = replace(said, text=said.text.replace("band=050", "band=000"))
        said = replace(said, slots=replace(said.slots, band=0))
    body = answered(said, held=Decimal(9), gone=True)
    assert isinstance(body, Intent)
    assert (body.action.value, body.quantity) == (action, Decimal(9) if action == "CLOSE" else Decimal(0))


def test_a_child_is_sized_by_the_tighter_of_both_contracts():
    small = replace(CONTRACT, limits=replace(CONTRACT.limits, max_order_value=Decimal(100)))
    body = answered(grants=Parents(small))
    assert isinstance(body, Intent)
    assert body.quantity * body.limit_price <= Decimal(50)  # half of what the parent leaves
    assert body.contract_version == CONTRACT.version


def test_a_parents_contract_that_never_came_is_refused_by_name():
    body = answered(grants=Parents(None))
    assert isinstance(body, Report)
    assert body.reason == LaneReason.CONTRACT_UNKNOWN
