"""What a start will take, said before it takes it: downloads, disk, platform."""

import os
import platform
import shutil
from collections.abc import Callable
from pathlib import Path

from interlock.services import maven
from interlock.services.faults import ServicesError
from interlock.services.state import State
from interlock.services.versions import DISK_NEEDED_MB, KAFKA, PLATFORMS, REGISTRY

MB = 1_000_000


def text() -> list[str]:
    """Lines for a person: what would be downloaded, the disk needed, the platforms."""
    absent = maven.missing(maven.locked())
    size = sum(archive.size_bytes for archive in absent) // MB
    fetched = (
        f"downloads {size} MB of Java archives" if absent else "downloads nothing (all archives are here)"
    )
    return [
        f"local services: Apache Kafka {KAFKA} and Apicurio Registry {REGISTRY} on loopback; {fetched}",
        f"disk: {DISK_NEEDED_MB} MB free wanted; memory: about 0.7 GB; platforms: {PLATFORMS}",
    ]


def free_mb(path: Path) -> int:
    """Free disk in MB where a folder is or will be."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free // MB


def check(state: State, say: Callable[[str], None]) -> None:
    """Refuse a start that cannot end well: too little disk, or a platform without a Java wheel."""
    if os.name != "posix":
        raise ServicesError(
            f"no local services on {platform.system()}",
            fix="use docker compose --profile core up, and --bootstrap",
        )
    free = free_mb(state.root)
    if free < DISK_NEEDED_MB:
        raise ServicesError(f"{free} MB free beside {state.root}", fix=f"free {DISK_NEEDED_MB} MB of disk")
    for line in text():
        say(line)
