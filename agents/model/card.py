"""The model card, written from measured figures by `python -m agents.model.evaluate --write`."""

from typing import Final

VIOLENT: Final = "20170904"
"""The day the market fell: ETH-USD lost 19 % between its high and its low."""

COUNTED: Final = ("asked", "answered", "right", "action_right", "new", "new_right", "refused")
ACTIONS: Final = ("BUY", "SELL", "CLOSE", "HOLD")
COLUMNS: Final = (*COUNTED, *ACTIONS)

_HEAD: Final = """\
# Interlock stream model

A Llama-type causal model of about 350,000 parameters that says one decision per market snapshot, in a
closed vocabulary, under a grammar compiled from a signed contract. Plain
`AutoModelForCausalLM.from_pretrained` loads it.

- **Sees**: eight quantised features (short and long return, gap to the average, RSI, volatility, drawdown,
  what is held, spread). No price, name, headline or free text reaches it.
- **Says**: action, size, price band, stop, target and confidence, in percent of what the contract leaves;
  exact code renders them, an independent checker judges them.
- **Taught by**: `agents/model/teacher.py`, a deterministic momentum scalper, on seeded rows of levels
  (`agents/model/lessons.py`). No market data was used for training, so every real day is unseen.
- **Hears** its own labels but not its own values: all values have one input row, so that six slots read from
  one forward and a sentence spoken word by word are the same arithmetic.
- **Made by**: `python -m agents.model.train`; hashes, seed and steps stand in `manifest.json`.

## Agreement with its teacher

Measured by `python -m agents.model.evaluate` in one mode
({fingerprint}).
`right` means that all six slots agree; what the engine refused (low mass or margin) is counted apart.
`new` are the rows whose exact levels never stood in training: levels are coarse, so some real minutes
look like a taught row.

| asked | rows | answered | right | action right | new | new right | refused | BUY | SELL | CLOSE | HOLD |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""

_TAIL: Final = """
`{violent}` is the violent day; the others are quieter. Holding alternates every half hour in these rows.

## Calibration

What the feasible mass is worth: the same unseen rows under each of the 31 languages a contract can have.
`sayable` are those whose language holds the teacher's answer; where it does not, nothing said can be right.

| mass | asked | sayable | said | right |
|---|---|---|---|---|
{calibration}

## Must not be used for

Trading real money on its judgement: it imitates a simple rule and has no edge of its own. Agreement with the
teacher says nothing about profit. Its confidence is the teacher's formula, not a probability. Without the
grammar, the mass and margin thresholds and the checker around it, its output means nothing.
"""


def card(found: dict[str, dict[str, int]], trust: dict[str, dict[str, int]], fingerprint: str) -> str:
    """The whole card; `found` maps a set's name to its counts, `trust` a span of mass to its own."""
    lines = [
        f"| {name} | " + " | ".join(str(counts.get(column, 0)) for column in COLUMNS) + " |"
        for name, counts in sorted(found.items())
    ]
    spans = [
        f"| {span} | " + " | ".join(str(n) for n in counts.values()) + " |" for span, counts in trust.items()
    ]
    tail = _TAIL.format(violent=VIOLENT, calibration="\n".join(spans))
    return _HEAD.format(fingerprint=fingerprint) + "\n".join(lines) + "\n" + tail
