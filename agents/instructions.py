"""The closed grammar of an instruction: what is not one of its sentences is unreadable, never guessed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from schemas.models import Action, Side

TEXT_MAX = 200
PRICES = ("LIMIT", "STOP", "TARGET")
WORK = "WORK"
SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
MINUTES_MAX = 24 * 60  # what the law lets a frame stand
VERBS = {"BUY": Action.BUY, "SELL": Action.SELL, "CLOSE": Action.CLOSE}
FRAME_WORDS = ((4, "BETWEEN"), (6, "AND"), (8, "FOR"), (10, "MINUTES"))
WORK_WORDS = 11
DIGITS_MAX = 20
PLACES_MAX = 18  # decimal(38,18)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One instruction as read. Quantity is None for CLOSE: all that is held; absent prices are None."""

    action: Action
    instrument: str
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop: Decimal | None = None
    target_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A frame as read: up to ``quantity`` in total, each price within the band, for so many minutes."""

    side: Side
    instrument: str
    quantity: Decimal
    price_low: Decimal
    price_high: Decimal
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRead:
    """Where reading stopped: the number of the word (0-based) and why, for people."""

    word: int
    why: str


def read(text: str) -> Order | Work | NotRead:
    """``BUY 0.25 btc-usd LIMIT 4600 STOP 4300 TARGET 5200``, ``SELL …``, ``CLOSE eth-usd``,
    ``WORK BUY 2 btc-usd BETWEEN 4200 AND 4300 FOR 30 MINUTES``.

    Words are divided by single spaces; the prices may be left out but keep their order; nothing follows.
    """
    if len(text) > TEXT_MAX or not text.isascii():
        return NotRead(word=0, why=f"at most {TEXT_MAX} ASCII characters are read")
    words = text.split(" ")
    if words[0] == WORK:
        return _worked(words)
    action = VERBS.get(words[0])
    if action is None:
        return NotRead(word=0, why=f"it begins with one of {', '.join(sorted((*VERBS, WORK)))}")
    if action is Action.CLOSE:
        if len(words) != 2 or not words[1]:
            return NotRead(word=2, why="CLOSE names an instrument and nothing more")
        return Order(action=action, instrument=words[1])
    return _sized(action, words)


def _sized(action: Action, words: list[str]) -> Order | NotRead:
    quantity = _amount(words[1]) if len(words) > 1 else None
    if quantity is None:
        return NotRead(word=1, why="a quantity above zero in plain digits comes second")
    if len(words) < 3 or not words[2]:
        return NotRead(word=2, why="an instrument comes third")
    prices = _prices(words)
    if isinstance(prices, NotRead):
        return prices
    return Order(
        action=action,
        instrument=words[2],
        quantity=quantity,
        limit_price=prices.get("LIMIT"),
        stop=prices.get("STOP"),
        target_price=prices.get("TARGET"),
    )


def _worked(words: list[str]) -> Work | NotRead:
    """Eleven words, each at its place: a frame is too strong a permission for anything to be left out."""
    said = [*words, *[""] * (WORK_WORDS - len(words))]
    side, quantity = SIDES.get(said[1]), _amount(said[2])
    low, high, minutes = _amount(said[5]), _amount(said[7]), _minutes(said[9])
    if side is None:
        return NotRead(word=1, why=f"WORK goes on with one of {', '.join(sorted(SIDES))}")
    if quantity is None:
        return NotRead(word=2, why="a total above zero in plain digits comes third")
    if not said[3]:
        return NotRead(word=3, why="an instrument comes fourth")
    for place, word in FRAME_WORDS:
        if said[place] != word:
            return NotRead(word=place, why=f"{word} is wanted here")
    if low is None or high is None or low > high:
        return NotRead(word=5 if low is None else 7, why="two prices above zero, the lower one first")
    if minutes is None:
        return NotRead(word=9, why=f"a whole number of minutes from 1 to {MINUTES_MAX} is wanted")
    if len(words) > WORK_WORDS:
        return NotRead(word=WORK_WORDS, why="nothing follows MINUTES")
    return Work(
        side=side, instrument=said[3], quantity=quantity, price_low=low, price_high=high, minutes=minutes
    )


def _minutes(word: str) -> int | None:
    plain = word.isascii() and word.isdigit() and len(word) <= len(str(MINUTES_MAX)) and word[0] != "0"
    return int(word) if plain and int(word) <= MINUTES_MAX else None


def _prices(words: list[str]) -> dict[str, Decimal] | NotRead:
    found: dict[str, Decimal] = {}
    allowed = list(PRICES)
    for place in range(3, len(words), 2):
        name = words[place]
        if name not in allowed:
            return NotRead(word=place, why=f"one of {', '.join(allowed) or 'nothing'} may stand here")
        del allowed[: allowed.index(name) + 1]
        price = _amount(words[place + 1]) if place + 1 < len(words) else None
        if price is None:
            return NotRead(word=place + 1, why=f"a price above zero follows {name}")
        found[name] = price
    return found


def _amount(word: str) -> Decimal | None:
    """A positive decimal in plain digits, one spelling per value apart from trailing zeros; else None."""
    whole, dot, places = word.partition(".")
    if not (whole.isascii() and whole.isdigit()) or len(whole) > DIGITS_MAX:
        return None
    if (len(whole) > 1 and whole[0] == "0") or (dot and not (places.isascii() and places.isdigit())):
        return None
    if len(places) > PLACES_MAX:
        return None
    value = Decimal(word)
    return value if value > 0 else None
