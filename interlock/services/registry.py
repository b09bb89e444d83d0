"""The schema registry on loopback: Apicurio with its database as one file in the state folder."""

import http.client
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

from interlock.services import detached, java, maven
from interlock.services.faults import ServicesError
from interlock.services.ports import HOST
from interlock.services.state import State
from interlock.services.versions import HEAP_REGISTRY_MB, REGISTRY

API = "/apis/ccompat/v7"  # what confluent-kafka's SchemaRegistryClient speaks
DATABASE = "DB_CLOSE_ON_EXIT=FALSE;WRITE_DELAY=0"
_PROBE_S = 1.0


def pid_file(state: State) -> Path:
    """The file the running registry holds locked."""
    return state.run / "registry.pid"


def url(port: int) -> str:
    """Address of the Confluent-compatible API."""
    return f"http://{HOST}:{port}{API}"


def unpacked(say: Callable[[str], None]) -> Path:
    """Folder of the unpacked registry, in the user's cache, made on first use."""
    (archive,) = maven.locked("registry")
    folder = _cache() / f"apicurio-{REGISTRY}-{archive.sha256[:12]}"
    if (folder / "quarkus-run.jar").exists():
        return folder
    (packed,) = maven.fetch([archive], say=say)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    with tarfile.open(packed) as source:
        source.extractall(draft, filter="data")
    try:
        draft.rename(folder)  # whole or not at all
    except OSError:
        shutil.rmtree(draft)  # another one was faster
        if not (folder / "quarkus-run.jar").exists():
            raise
    return folder


def settings(state: State, port: int) -> dict[str, str]:
    """System properties: loopback, a file database (the default forgets its ids), a bounded log."""
    return {
        "quarkus.http.host": HOST,
        "quarkus.http.port": str(port),
        # Left alone it opens its management pages on port 9000 of every interface, and a second one cannot.
        "quarkus.management.host": HOST,
        "quarkus.management.port": "0",
        "apicurio.storage.kind": "sql",
        "apicurio.storage.sql.kind": "h2",
        # Without WRITE_DELAY=0 an answered id is in memory only for half a second, and a crash forgets it.
        "apicurio.datasource.url": f"jdbc:h2:file:{state.registry / 'registry'};{DATABASE}",
        "quarkus.log.level": "WARN",
        'quarkus.log.category."io.apicurio".level': "WARN",
        "quarkus.http.access-log.enabled": "false",
        "quarkus.log.console.enabled": "false",
        "quarkus.log.file.enabled": "true",
        "quarkus.log.file.path": str(state.logs / "registry.log"),
        "quarkus.log.file.rotation.max-file-size": "4M",
        "quarkus.log.file.rotation.max-backup-index": "1",
        "quarkus.banner.enabled": "false",
    }


def start(state: State, port: int, folder: Path) -> None:
    """Start the registry; it answers three to four seconds later."""
    argv = java.command(
        ["-jar", str(folder / "quarkus-run.jar")], heap_mb=HEAP_REGISTRY_MB, properties=settings(state, port)
    )
    detached.spawn(pid_file(state), argv, log=state.logs / "registry.out", cwd=state.registry)


def is_ready(port: int) -> bool:
    """Whether its API answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=_PROBE_S)
    try:
        connection.request("GET", f"{API}/subjects")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(base) if base else Path.home() / ".cache") / "interlock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ServicesError(
            f"cannot write {folder}", fix="set XDG_CACHE_HOME to a folder you can write"
        ) from error
    return folder
