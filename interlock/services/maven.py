"""Java archives by locked hash: fetched by jgo, and nothing is started whose SHA-256 is not in the lock file.

jgo's shortcuts, and what stands against them: it checks no hash that refuses (the lock file does), it writes
downloads in place, so that an interrupted one looks whole (we download aside and move), its `build` sorts
jars into modules and class path with a JDK it downloads (we name files only: Kafka wants all on the class
path), and its `resolve` walks every POM (we do that once, when the lock is made, not at each start).
Where archives come from and where they are kept is jgo's default or the machine's jgo settings.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interlock.services.faults import ServicesError

LOCK_FILE = Path(__file__).with_name("artifacts.lock")
_PARALLEL = 8
_TIMEOUT_S = 30  # of one answer, not of a whole archive
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """One locked file. `coordinate` is group:artifact:packaging[:classifier]:version."""

    part: str
    coordinate: str
    size_bytes: int
    sha256: str

    @property
    def path(self) -> Path:
        """Where a Maven repository keeps it, relative to its root."""
        group, artifact, packaging, *rest = self.coordinate.split(":")
        version, classifier = rest[-1], "".join(f"-{word}" for word in rest[:-1])
        name = f"{artifact}-{version}{classifier}.{packaging}"
        return Path(*group.split("."), artifact, version, name)


def read_lock(text: str) -> tuple[Archive, ...]:
    """Archives of a lock file's text, in its order; ValueError on a line that is none."""
    found = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        part, coordinate, size, sha256 = line.split()
        if len(sha256) != 64 or coordinate.count(":") not in {3, 4}:
            raise ValueError(f"not a locked archive: {line}")
        found.append(Archive(part=part, coordinate=coordinate, size_bytes=int(size), sha256=sha256))
    return tuple(found)


def locked(part: str | None = None) -> tuple[Archive, ...]:
    """The archives this checkout is locked to, all or those of one part (`kafka`, `registry`)."""
    everything = read_lock(LOCK_FILE.read_text(encoding="ascii"))
    return tuple(archive for archive in everything if part in {None, archive.part})


def repository() -> Path:
    """Root of the local Maven repository, by jgo's settings."""
    return Path(_settings().repo_cache)


def missing(archives: Iterable[Archive]) -> tuple[Archive, ...]:
    """Those of the archives that would have to be downloaded."""
    root = repository()
    return tuple(archive for archive in archives if not (root / archive.path).exists())


def fetch(archives: Iterable[Archive], *, say: Callable[[str], None]) -> list[Path]:
    """Files of the archives, in their order, each checked against its hash.

    Raises ServicesError when one can neither be found nor downloaded, or is not the locked one.
    """
    wanted = list(archives)
    root = repository()
    with ThreadPoolExecutor(_PARALLEL) as pool:
        good = list(pool.map(lambda archive: _matches(root / archive.path, archive), wanted))
        lacking = [archive for archive, is_good in zip(wanted, good, strict=True) if not is_good]
        if lacking:
            say(f"downloading {len(lacking)} archives, {sum(a.size_bytes for a in lacking) // 1_000_000} MB")
            root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".interlock-", dir=root) as aside:
                list(pool.map(lambda archive: _download(archive, Path(aside), root), lacking))
    return [root / archive.path for archive in wanted]


def _matches(path: Path, archive: Archive) -> bool:
    return path.exists() and path.stat().st_size == archive.size_bytes and sha256(path) == archive.sha256


def _download(archive: Archive, aside: Path, root: Path) -> None:
    # Imported here: a start with a filled cache needs neither the network nor half a second of imports.
    import requests
    from jgo.maven import MavenContext

    group, artifact, packaging, *rest = archive.coordinate.split(":")
    context = MavenContext(repo_cache=aside, timeout=_TIMEOUT_S)
    context.remote_repos.update(_settings().repositories)  # what the machine names, after jgo's default
    component = context.project(group, artifact).at_version(rest[-1])
    try:
        drafted = Path(component.artifact(rest[0] if len(rest) == 2 else "", packaging).resolve())
    except (RuntimeError, OSError, requests.RequestException) as error:
        raise ServicesError(
            f"cannot download {archive.coordinate}: {type(error).__name__}",
            fix="connect to the network once; afterwards the filled cache suffices",
        ) from error
    if not _matches(drafted, archive):
        raise ServicesError(
            f"{archive.coordinate} is not the archive this checkout is locked to",
            fix="ask where it came from before anything else; the lock file is the judge",
        )
    target = root / archive.path
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(drafted, target)


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _settings() -> Any:  # jgo ships no types
    try:
        from jgo.config import GlobalSettings
    except ImportError as error:
        raise ServicesError(
            "jgo is not installed", fix="pip install '.[local]', or give --bootstrap"
        ) from error
    return GlobalSettings.load()
