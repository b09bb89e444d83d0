"""Lean's one-minute crypto zips (trade and quote) as groups.

Bars carry the start of their minute and are known at its end. The 2017 quotes are snapshots at the start of
theirs, so a quote and the bar that closed at the same instant belong to one group.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

from interlock.tape.group import MINUTE_US, BarRow, Group, QuoteRow

NAME = re.compile(r"(\d{8})_(trade|quote)\.zip")
SIZE_STEP = Decimal("0.00000001")  # sizes come with binary noise; the exchange itself has eight decimals
ZIP_BYTES_MAX = 64 * 1024 * 1024


class BadTape(ValueError):
    """A file that is no tape; the text names the file, the row and what was expected."""


def rows(path: Path) -> Iterator[list[str]]:
    """Rows of the one CSV file inside. Raises BadTape on another shape."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if len(names) != 1 or archive.getinfo(names[0]).file_size > ZIP_BYTES_MAX:
            raise BadTape(f"{path}: one CSV file of at most {ZIP_BYTES_MAX} bytes belongs in it")
        with archive.open(names[0]) as raw:
            yield from csv.reader(io.TextIOWrapper(raw, encoding="ascii"))


def midnight_us(day: str) -> int:
    """Micros UTC of the start of a day written YYYYMMDD."""
    moment = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000


def size(text: str) -> Decimal:
    """A size at the exchange's eight decimals."""
    return Decimal(text).quantize(SIZE_STEP, rounding=ROUND_HALF_EVEN)


def day(folder: Path, date: str, instrument: str) -> list[Group]:
    """Groups of one instrument and day from a folder that holds both zips. Raises BadTape or OSError."""
    start = midnight_us(date)
    bars: dict[int, BarRow] = {}
    quotes: dict[int, QuoteRow] = {}
    for row in rows(folder / f"{date}_trade.zip"):
        if len(row) != 6:
            raise BadTape(f"{folder}: a trade row has 6 columns, not {len(row)}")
        at, prices = start + int(row[0]) * 1000 + MINUTE_US, [Decimal(cell) for cell in row[1:5]]
        bars[at] = BarRow(open=prices[0], high=prices[1], low=prices[2], close=prices[3], volume=size(row[5]))
    for row in rows(folder / f"{date}_quote.zip"):
        if len(row) != 11:
            raise BadTape(f"{folder}: a quote row has 11 columns, not {len(row)}")
        quotes[start + int(row[0]) * 1000] = QuoteRow(
            bid=Decimal(row[1]), ask=Decimal(row[6]), bid_size=size(row[5]), ask_size=size(row[10])
        )
    return [
        Group(at=at, instrument=instrument, quote=quotes.get(at), bar=bars.get(at))
        for at in sorted(bars.keys() | quotes.keys())
    ]
