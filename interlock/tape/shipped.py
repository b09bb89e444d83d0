"""The tape format of the repository: one gzipped CSV a day, and the readers that choose by what a path is."""

from __future__ import annotations

import csv
import gzip
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

from interlock.tape import lean
from interlock.tape.group import BarRow, Group, QuoteRow
from interlock.tape.lean import BadTape

SHIPPED = Path(__file__).parent / "2017-09-04.csv.gz"
COLUMNS = (
    "at_us",
    "instrument",
    "bid",
    "ask",
    "bid_size",
    "ask_size",
    "open",
    "high",
    "low",
    "close",
    "volume",
)
ROWS_MAX = 5_000_000


def read(path: Path = SHIPPED) -> list[Group]:
    """Groups of a tape in order of time, then instrument.

    A CSV (plain or .gz) has the columns of COLUMNS; a folder holds Lean zips of one instrument named
    ``<instrument>`` without its dash (btcusd). Raises BadTape naming the row, or OSError.
    """
    try:
        groups = list(_lean(path)) if path.is_dir() else list(_table(path))
    except (EOFError, zlib.error, zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise BadTape(f"{path} is damaged: {error}") from None
    return sorted(groups, key=lambda group: (group.at, group.instrument))


def _lean(folder: Path) -> Iterator[Group]:
    found = False
    for inner in [folder, *sorted(each for each in folder.iterdir() if each.is_dir())]:
        name = inner.name.lower()
        instrument = f"{name[:-3]}-{name[-3:]}"
        dates = {
            m[1] for path in inner.glob("*.zip") if (m := lean.NAME.fullmatch(path.name)) and m[2] == "quote"
        }
        for date in sorted(dates):
            found = True
            yield from lean.day(inner, date, instrument)
    if not found:
        raise BadTape(f"{folder}: no YYYYMMDD_trade.zip beside a YYYYMMDD_quote.zip")


def _table(path: Path) -> Iterator[Group]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        head = next(reader, [])
        if tuple(head) != COLUMNS:
            raise BadTape(f"{path}: its first line must be {','.join(COLUMNS)}")
        for number, row in enumerate(reader, 2):
            if number > ROWS_MAX:
                raise BadTape(f"{path}: more than {ROWS_MAX} rows")
            yield _group(row, f"{path} line {number}")


def _group(row: list[str], where: str) -> Group:
    if len(row) != len(COLUMNS):
        raise BadTape(f"{where}: {len(row)} columns where {len(COLUMNS)} belong")
    try:
        quote = [Decimal(cell) for cell in row[2:6]] if row[2] else None
        bar = [Decimal(cell) for cell in row[6:11]] if row[6] else None
        at = int(row[0])
    except (InvalidOperation, ValueError):
        raise BadTape(f"{where}: a cell is no number") from None
    return Group(
        at=at,
        instrument=row[1].lower(),
        quote=None
        if quote is None
        else QuoteRow(bid=quote[0], ask=quote[1], bid_size=quote[2], ask_size=quote[3]),
        bar=None
        if bar is None
        else BarRow(open=bar[0], high=bar[1], low=bar[2], close=bar[3], volume=bar[4]),
    )


def write(path: Path, groups: Iterable[Group]) -> None:
    """Write a tape whose bytes depend on its groups alone."""
    lines = [",".join(COLUMNS)]
    for group in groups:
        quote, bar = group.quote, group.bar
        cells = [str(group.at), group.instrument]
        cells += ["", "", "", ""] if quote is None else [
            f"{cell:f}" for cell in (quote.bid, quote.ask, quote.bid_size, quote.ask_size)
        ]  # fmt: skip
        cells += ["", "", "", "", ""] if bar is None else [
            f"{cell:f}" for cell in (bar.open, bar.high, bar.low, bar.close, bar.volume)
        ]  # fmt: skip
        lines.append(",".join(cells))
    packed = gzip.compress(("\n".join(lines) + "\n").encode(), compresslevel=9, mtime=0)
    path.write_bytes(packed)
