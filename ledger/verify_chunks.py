"""Many processes verify one ledger: first its bytes are hashed, which gives the state before every chunk.

Then each chunk is read by the very code that reads a whole partition, begun in that state, so that what is
found, and in which order, does not depend on how many read. With one process the same is done in this one.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import Pool
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ledger.chunks import Chunk, Surveyed, cut, grown, leaf_of, survey
from ledger.facts import Facts
from ledger.findings import FINDINGS_PER_CODE_MAX, Code, Findings
from ledger.ilk import Broken
from ledger.resumed import Start, begun, grounded, stand
from ledger.spill import Spilled
from ledger.verify import Common, Partition
from schemas.kind_table import EntryKind

CHUNK_ENTRIES, FEW_ENTRIES, FEW_BYTES = 1 << 14, 1 << 10, 1 << 26
GROUND_MAX = 1 << 26  # bytes of keys and schemas that are held while reading; more than any shard has

Told = Callable[[int], None]
Run = Callable[..., Iterator[Any]]


class TooMuch(OSError):
    """More keys and schemas than many processes are told: one process alone can read this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A chunk and the state before it; of the source's ground, the first `known` entries lie before it."""

    chunk: Chunk
    start: Start
    known: int


@dataclass(slots=True, kw_only=True)
class Source:
    """One file: the state where it is begun, and after every chunk whose bytes were hashed."""

    path: Path
    start: Start
    place: int
    jobs: list[Job] = field(default_factory=list)
    ground: list[bytes] = field(default_factory=list)
    broken: Broken | None = None

    def survey(self, run: Run, length: int, told: Told) -> None:
        """Hash all chunks. Raises TooMuch."""
        self.ground, begin = list(self.start.ground), (self.start.offset, self.start.frontier.size)
        held = sum(map(len, self.ground))
        self.start = replace(self.start, ground=())
        try:
            for found in run(survey, cut(self.path, self.place, begin, length)):
                told(found.chunk.size)
                self.jobs.append(Job(chunk=found.chunk, start=self.start, known=len(self.ground)))
                self.start = _after(self.start, found)
                self.ground += found.ground
                held += sum(map(len, found.ground))
                if held > GROUND_MAX:
                    raise TooMuch(f"{self.path.name}: keys and schemas of more than {GROUND_MAX} bytes")
        except Broken as error:
            self.broken = error

    def check(self, run: Run, common: Common, told: Told) -> Partition:
        """Read all chunks, each from its own state; say what the end tells."""
        vouched, since = [self.start], self.start.frontier.size
        for job, (findings, found) in zip(self.jobs, run(_check, self.jobs), strict=True):
            told(job.chunk.size)
            add_all(common.findings, findings)
            vouched.append(found)
            since = min(since, job.start.frontier.size)
        self.start = replace(
            self.start,
            signed=max(each.signed for each in vouched),
            witnesses={name: size for each in vouched for name, size in each.witnesses.items()},
            ground=tuple(self.ground),
        )
        read = begun(self.path.name, self.place, common, self.start)
        read.since = since
        if self.broken is not None:
            common.findings.add(
                read.source, read.frontier.size, Code.ARCHIVE_BROKEN, "whole frames", self.broken
            )
        read.finish()
        self.start = replace(self.start, witnesses=read.witnesses)
        return read


def verify_chunks(
    paths: Sequence[Path], common: Common, jobs: int, starts: Sequence[Start], told: Told
) -> tuple[list[Partition], list[Start]]:
    """Verify each archive from its start on; return the partitions and where each ended.

    told: called with numbers of bytes done, each byte twice. Raises OSError; TooMuch before anything is said.
    """
    size = sum(path.stat().st_size - start.offset for path, start in zip(paths, starts, strict=True))
    length = FEW_ENTRIES if size < FEW_BYTES else CHUNK_ENTRIES
    pairs = zip(paths, starts, strict=True)
    sources = [Source(path=path, start=start, place=at) for at, (path, start) in enumerate(pairs)]
    with _processes(jobs, _idle) as run:
        for source in sources:
            source.survey(run, length, told)
    grounds = [source.ground for source in sources]
    with TemporaryDirectory(prefix="ledger-verify-") as folder:
        shared = replace(common, facts=Facts(Spilled(Path(folder))))
        with _processes(jobs, _ready, shared, grounds) as run:
            read = [source.check(run, common, told) for source in sources]
            shared.facts.settle([each.end() for each in read], common.findings, run)
    return read, [source.start for source in sources]


def add_all(findings: Findings, later: Findings) -> None:
    """Add what was found behind it: the first of each code, and the count of all."""
    room = {code: FINDINGS_PER_CODE_MAX - findings.counts[code] for code in later.counts}
    for one in later.kept:
        room[one.code] -= 1
        if room[one.code] >= 0:
            findings.kept.append(one)
    findings.counts.update(later.counts)


def _after(start: Start, found: Surveyed) -> Start:
    """The state behind a chunk; keys and schemas are counted, not kept in each."""
    closes = any(entry.kind == EntryKind.CLOSE for entry in map(leaf_of, found.ground) if entry is not None)
    return Start(
        offset=found.chunk.offset + found.chunk.size,
        frontier=grown(start.frontier, found),
        prev=found.prev,
        tail=found.tail,
        last=found.last or start.last,
        closed=start.closed or closes,
    )


class _Reader:
    """What one process keeps between chunks: the keys and shapes of a source, as far as it has come."""

    def __init__(self, common: Common, grounds: Sequence[Sequence[bytes]]) -> None:
        self._common, self._grounds = common, grounds
        self._known, self._stands = 0, Partition(source="", common=common, place=-1)

    def check(self, job: Job) -> tuple[Findings, Start]:
        """Read one chunk in the state before it; chunks come in order."""
        source, common = job.chunk.source, replace(self._common, findings=Findings())
        read = begun(job.chunk.path.name, source, common, job.start)
        if self._stands.place != source:
            self._known, self._stands = 0, Partition(source="", common=common, place=source)
        grounded(self._stands, self._grounds[source][self._known : job.known])
        self._known = job.known
        stand(read, self._stands)
        read.follow(job.chunk.values())
        common.facts.spilled.take(common.facts.held)
        return common.findings, Start(signed=read.signed, witnesses=read.witnesses)


_reader: _Reader


def _ready(common: Common, grounds: Sequence[Sequence[bytes]]) -> None:
    global _reader  # a process is told once what all its chunks need
    _reader = _Reader(common, grounds)


def _check(job: Job) -> tuple[Findings, Start]:
    return _reader.check(job)


@contextmanager
def _processes(jobs: int, begin: Callable[..., None], *told: Any) -> Iterator[Run]:
    """Give what maps work to processes, in order; with one job it is done here."""
    if jobs == 1:
        begin(*told)
        yield map
        return
    with Pool(jobs, begin, told) as pool:
        yield pool.imap


def _idle() -> None:
    pass
