"""The headlines of the last hour: digests go into snapshots, texts beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256

from schemas.canonical import jcs
from schemas.models import HeadlineDigest, HeadlineText, MarketSignal, News
from topologies.selector.bounds import HEADLINES_KEPT, HEADLINES_SHOWN, HORIZON_US
from transport.log import StateChange

BUCKET = "headlines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """One headline; ``at`` is its event time, micros UTC."""

    text: str
    source: str
    at: int
    about: tuple[str, ...]  # instruments

    @property
    def digest(self) -> bytes:
        """What stands in a signed snapshot in the text's place."""
        return sha256(self.text.encode("utf-8")).digest()


class Headlines:
    """The last ones, bounded by count and by age."""

    def __init__(self) -> None:
        self._kept: list[Headline] = []
        self._dirty = False

    def add(self, signal: MarketSignal, news: News, now: int) -> None:
        """Take a headline in; ``now`` in micros UTC."""
        about = tuple(sorted({signal.instrument, *news.symbols}))
        one = Headline(text=news.headline, source=signal.source, at=signal.event_time, about=about)
        fresh = [each for each in (*self._kept, one) if each.at > now - HORIZON_US]
        self._kept = sorted(fresh, key=lambda each: (each.at, each.source, each.text))[-HEADLINES_KEPT:]
        self._dirty = True

    def shown(self, instruments: Iterable[str], now: int) -> list[Headline]:
        """The last ones about any of ``instruments``, oldest first."""
        wanted = set(instruments)
        found = [each for each in self._kept if each.at > now - HORIZON_US and wanted & set(each.about)]
        return found[-HEADLINES_SHOWN:]

    def changes(self) -> Iterator[StateChange]:
        """The state record, when it changed since the last call."""
        if self._dirty:
            value = jcs([{**asdict(each), "about": list(each.about)} for each in self._kept])
            yield StateChange(key=BUCKET.encode(), value=value)
        self._dirty = False

    def load(self, value: bytes) -> None:
        """Rebuild from the record ``headlines``."""
        self._kept = [Headline(**{**each, "about": tuple(each["about"])}) for each in json.loads(value)]

    def state(self) -> object:
        """Everything a restart must give back, for comparison."""
        return tuple(self._kept)


def digests(shown: Iterable[Headline]) -> tuple[HeadlineDigest, ...]:
    """What is signed of the headlines."""
    return tuple(HeadlineDigest(digest=each.digest, at=each.at, source=each.source) for each in shown)


def texts(shown: Iterable[Headline]) -> tuple[HeadlineText, ...]:
    """What travels beside the signed flow."""
    return tuple(HeadlineText(digest=each.digest, text=each.text) for each in shown)
