"""The stream agent: one flow, one look, one sentence, one atom or one reasoned report. Pure.

The same flow gives the same bytes: nothing here measures time (usage.inference_ms stays 0, the worker's
log knows it) and every timestamp comes from the flow.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from agents import answers
from agents.grammar import DecisionGrammar
from agents.model.check import violations
from agents.model.explain import explained
from agents.model.prompt import levels, prompt
from agents.model.render import NoRoom, Order, Scene, render
from agents.model.sight import observe
from agents.model.spoken import Silent, Speaker, Spoken
from agents.opinions import Answer, Case, Draft, Nothing, Opinion, fact
from agents.refine import resolved
from agents.refine import violations as limit_violations
from rules.mandate import ACTING, Breach, breach, in_force
from schemas.models import Action, Fact, Generation, Intent, ReportKind, Usage
from schemas.reasons import LaneReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What one flow asks the model, and the scene its answer is rendered in."""

    scene: Scene
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thought:
    """What the agent came to: an opinion, and of a sentence that was heard its origin and cost."""

    opinion: Opinion
    heard: Spoken | Silent | None = None


def answer(case: Case, speaker: Speaker, grammar: DecisionGrammar, salt: bytes) -> answers.Spoken:
    """One atom, or a report that says by name why there is none; the text goes out before the body.

    salt: 32 bytes, this agent's own for (dfid, step, attempt).
    """
    asked = question(case)
    if isinstance(asked, Nothing):
        return signable(case, Thought(opinion=asked), salt)
    return signable(case, concluded(case, asked, speaker.speak(asked.text, grammar)), salt)


def question(case: Case) -> Question | Nothing:
    """What the model is asked about a flow, or why it is not asked."""
    scene = scene_of(case)
    if isinstance(scene, Nothing):
        return scene
    seen = observe(scene)
    if isinstance(seen, str):
        return _refused(LaneReason.FEATURES_MISSING, f"the snapshot has no {seen}")
    return Question(scene=scene, text=prompt(levels(seen)))


def concluded(case: Case, asked: Question, heard: Spoken | Silent) -> Thought:
    """What was heard, rendered and judged; what was not said, refused with its figures."""
    if isinstance(heard, Silent):
        facts = (fact("mass", heard.mass), fact("margin", heard.margin))
        return Thought(opinion=_refused(heard.reason, f"asked {asked.text}", facts), heard=heard)
    return Thought(opinion=_judged(case, asked.scene, asked.text, heard), heard=heard)


def signable(case: Case, thought: Thought, salt: bytes) -> answers.Spoken:
    """The body of a thought, with what it cost and where an atom came from."""
    spoken = answers.answer(case, Answer(opinion=thought.opinion), salt)
    heard = thought.heard
    if heard is None:
        return spoken
    body = replace(spoken.body, usage=_usage(heard))
    if isinstance(body, Intent) and isinstance(heard, Spoken):
        body = replace(body, generation=_generation(heard))
    return replace(spoken, body=body)


def scene_of(case: Case) -> Scene | Nothing:
    """What a sentence would be rendered in, or why the flow is not this agent's to answer."""
    wanted, view, terms = case.instrument, case.view, case.terms.get(case.instrument)
    if wanted not in case.contract.allowed_instruments:
        return Nothing(reason=LaneReason.NOT_CONCERNED, explain=f"{wanted} is not in the contract")
    if view is None or terms is None:
        return _refused(LaneReason.FEATURES_MISSING, f"nothing is known of {wanted}")
    limits = resolved(case).limits
    return Scene(
        contract=case.contract,
        limits=limits,
        snapshot=case.flow.snapshot,
        view=view,
        terms=terms,
        mandate=case.mandate,
    )


def _judged(case: Case, scene: Scene, asked: str, heard: Spoken) -> Opinion:
    if _acts_without_mandate(case, heard.slots.action):
        return _outside(f"said {heard.text}, but the mandate of this flow stands no more", ())
    order = render(heard.slots, scene)
    if isinstance(order, NoRoom):
        facts = (fact("room", order.room), fact("size_pct", heard.slots.size))
        text = f"said {heard.text}, but the limits leave less than the smallest order"
        return Nothing(reason=LaneReason.NO_EDGE, facts=facts, explain=text)
    draft = _draft(scene, asked, heard, order)
    beyond = _beyond(case, draft)
    if beyond is not None:
        return _outside(f"said {heard.text}, which oversteps the {beyond.what} of its mandate", beyond.facts)
    broken = violations(heard.text, order, scene)
    names = broken or tuple(each.reason.name for each in limit_violations(case, draft))
    if names:
        text = f"said {heard.text}, which would break {', '.join(names)}"
        return _refused(LaneReason.OUTSIDE_CONTRACT, text, (fact("violations", len(names)),))
    return draft


def _acts_without_mandate(case: Case, action: str) -> bool:
    """Whether a child flow would trade although its frame is over or used up."""
    if case.flow.parent is None or Action(action) not in ACTING:
        return False
    return case.mandate is None or not in_force(case.mandate, case.flow.snapshot.taken_at)


def _beyond(case: Case, draft: Draft) -> Breach | None:
    """What the draft oversteps, by the rule that the kernel will ask again.

    A limit cut to the band passes it, but a market beyond the band cannot be met there: asking would only
    bring LIMIT_PRICE_EXCEEDED back, attempt after attempt.
    """
    frame, view = case.mandate, case.view
    if frame is None or draft.action not in ACTING:
        return None
    found = breach(
        frame,
        action=draft.action,
        instrument=draft.instrument,
        quantity=draft.quantity,
        price=draft.limit_price,
    )
    if found is not None or view is None:
        return found
    if draft.action is Action.BUY and view.ask is not None and view.ask > frame.price_high:
        return Breach(what="price", measured=view.ask, limit=frame.price_high)
    if draft.action is Action.SELL and view.bid is not None and view.bid < frame.price_low:
        return Breach(what="price", measured=view.bid, limit=frame.price_low)
    return None


def _outside(text: str, facts: tuple[Fact, ...]) -> Nothing:
    reason = LaneReason.OUTSIDE_MANDATE
    return Nothing(reason=reason, facts=facts, explain=f"{reason.name}: {text}")


def _draft(scene: Scene, asked: str, heard: Spoken, order: Order) -> Draft:
    return Draft(
        action=Action(order.action),
        instrument=scene.view.instrument,
        quantity=order.quantity,
        limit_price=order.limit_price,
        stop=order.stop,
        target_price=order.target_price,
        confidence=Decimal(heard.slots.confidence).scaleb(-2),
        explain=explained(asked, heard, order),
    )


def _refused(reason: LaneReason, text: str, facts: tuple[Fact, ...] = ()) -> Nothing:
    return Nothing(kind=ReportKind.REFUSED, reason=reason, facts=facts, explain=f"{reason.name}: {text}")


def _usage(heard: Spoken | Silent) -> Usage:
    return Usage(
        model_calls=1,
        tool_calls=0,
        tokens_in=heard.tokens_in,
        tokens_out=heard.tokens_out,
        rounds=0,
        inference_ms=0,
    )


def _generation(heard: Spoken) -> Generation:
    return Generation(
        model_hash=heard.model_hash,
        grammar_hash=heard.grammar_hash,
        prompt_hash=heard.prompt_hash,
        fingerprint=heard.fingerprint,
        text=heard.text,
        mass=heard.mass,
        margin=heard.margin,
    )
