"""A grammar over one model's tokens: forks where something is chosen, and forced runs between them.

Only the canonical tokenisation of a sentence is in it. With every spelling allowed, a model of subwords
chooses between spellings of one word, and its mass says nothing about the word (measured: with free digits
and free spelling 210 of 1,000 decisions were at least five times too large). A gap's words are spelled
together with what is forced behind them, because tokenizers join `=BUY` or `;band`; what stands before a gap
must be spelled alike whatever follows, which is checked word by word.

The action is asked for even where the contract grants one alone: a model that would buy and may only hold has
no mass there, and without asking its HOLD would pass for an opinion (measured: 1,400 of 7,800 answers).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from agents.emit import Gap, Path, program
from agents.grammar import EVERYTHING, DecisionGrammar
from agents.model.manifest import ModelChanged
from agents.model.tongue import Tongue, unspelled

Ids: TypeAlias = tuple[int, ...]
Way: TypeAlias = "tuple[Ids, Run | None]"
"""Tokens and what follows them; None where the contract does not grant them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Tokens that are said without being asked for, then the next fork, or the end of the sentence."""

    forced: Ids
    then: "Fork | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """Tokens allowed here, ascending, and what each leads to. Only an action may be without a rival."""

    allowed: Ids
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelled:
    """A whole language. budget: tokens of its longest sentence with the end mark."""

    start: Run
    budget: int
    end: int


class Walk:
    """A position in a language while another engine speaks it: which tokens are canonical next."""

    def __init__(self, language: Spelled) -> None:
        self._end = language.end
        self._run, self._at = language.start, 0

    @property
    def allowed(self) -> Ids:
        if self._at < len(self._run.forced):
            return (self._run.forced[self._at],)
        return (self._end,) if self._run.then is None else self._run.then.allowed

    @property
    def asked(self) -> bool:
        """Whether the model is asked here, or the token is forced."""
        return self._at == len(self._run.forced) and self._run.then is not None

    def step(self, token: int) -> None:
        """Go on by a token; behind one that is not allowed, nothing is."""
        fork = self._run.then
        if token not in self.allowed:
            self._run, self._at = Run(forced=(), then=Fork(allowed=(), runs=())), 0
        elif self._at < len(self._run.forced):
            self._at += 1
        elif fork is not None:
            self._run, self._at = fork.runs[fork.allowed.index(token)], 0


def spelled(grammar: DecisionGrammar, tongue: Tongue) -> Spelled:
    """Raises ModelChanged if the tongue cannot say the language, or joins words over the edge of a gap."""
    missing = unspelled(tongue, grammar.words)
    if missing:
        raise ModelChanged(f"the vocabulary does not spell {missing[:5]}: choose another model or contract")
    known: dict[tuple[Gap, ...], Run] = {(): Run(forced=(), then=None)}
    paths = program(grammar)
    granted = {path.lead[:2] for path in paths}
    ways: list[Way] = [(tongue.spell(p.lead), _rest(p.lead, p.gaps, tongue, known)) for p in paths]
    ways += [(tongue.spell(p.lead), None) for p in program(EVERYTHING) if p.lead[:2] not in granted]
    longest = max(len(tongue.spell(path.lead)) + _longest(path, tongue) for path in paths)
    return Spelled(start=_merged(ways), budget=longest + 1, end=tongue.end)


def _longest(path: Path, tongue: Tongue) -> int:
    return sum(max(len(tongue.spell((word, *gap.after))) for word in gap.words) for gap in path.gaps)


def _rest(
    before: Sequence[str], gaps: tuple[Gap, ...], tongue: Tongue, known: dict[tuple[Gap, ...], Run]
) -> Run:
    """What follows `before`, which ends where the first of `gaps` begins; made once for equal rests."""
    if not gaps:
        return known[()]
    gap, stem = gaps[0], tongue.spell(before)
    ways = [(word, tongue.spell((word, *gap.after))) for word in gap.words]
    for word, ids in ways:
        if tongue.spell((*before, word, *gap.after)) != stem + ids:
            raise ModelChanged(f"the tokenizer joins {before[-1]!r} with {word!r}: choose another model")
    if gaps not in known:
        then = _rest(gap.after, gaps[1:], tongue, known)
        known[gaps] = _merged([(ids, then) for _, ids in ways])
    return known[gaps]


def _merged(ways: list[Way]) -> Run:
    """What all ways share is forced; where they part is a fork. No way is the beginning of another."""
    ids, then = ways[0]
    if len(ways) == 1:
        assert then is not None, "a way that is not granted is never gone alone"
        return Run(forced=ids + then.forced, then=then.then)
    shared = next(at for at in range(len(ids)) if any(way[at] != ids[at] for way, _ in ways))
    return Run(forced=ids[:shared], then=_fork([(way[shared:], run) for way, run in ways]))


def _fork(ways: list[Way]) -> Fork:
    heads = sorted({ids[0] for ids, run in ways if run is not None})
    runs = tuple(_merged([(ids[1:], run) for ids, run in ways if ids[0] == head]) for head in heads)
    return Fork(allowed=tuple(heads), runs=runs)
