"""Commands on grants: contracts are written as YAML, linted, compared, signed and pushed."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from interlock.context import Context, context
from interlock.genesis import Message, send
from interlock.grants import CONTRACTS, Release
from interlock.say import Exit, Stop, as_json, command, data, say
from ledger.entry import decode_entry
from ledger.envelope import opened
from ledger.hashes import contract_hash
from ledger.signing import Signer
from rules.contract import Contract
from rules.contract_json import canonical, from_yaml
from schemas.codec import decode
from schemas.kinds import EntryKind
from schemas.models import DocumentEntry, DocumentKind, RegistryDocument
from transport.card import seed

LedgerOption = Annotated[str | None, typer.Option("--ledger", help="the current one unless said")]
FORCE_S = 15.0

app = typer.Typer(no_args_is_help=True, help="Responsibility contracts: what each agent may do.")


def read_contract(path: Path) -> Contract:
    """A contract file. Raises Stop when there is none, ConfigError naming field and fix."""
    try:
        return from_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Stop(Exit.FAILED, f"{path}: {error.strerror}", fix=f"contracts lie in {CONTRACTS}") from None


@app.command("ls")
@command
def list_contracts(ledger: LedgerOption = None) -> None:
    """Every released contract and its versions."""
    registry = context(ledger).registry()
    for agent in registry.ids(DocumentKind.CONTRACT):
        data(f"{agent:<16} {' '.join(registry.contract_versions(agent))}")


@app.command()
@command
def show(agent: str, ledger: LedgerOption = None) -> None:
    """The contract in force for new flows."""
    body = context(ledger).registry().body(DocumentKind.CONTRACT, agent)
    if body is None:
        raise Stop(Exit.FAILED, f"no contract of {agent}", fix="interlock contract ls")
    as_json(json.loads(body))


@app.command()
@command
def lint(path: Path) -> None:
    """Read a contract strictly and say what is wrong with it."""
    contract = read_contract(path)
    digest = contract_hash(canonical(contract))
    say(f"{contract.agent_id} {contract.version} is well formed")
    data(f"H_contract {digest.hex()}")


@app.command()
@command
def diff(path: Path, ledger: LedgerOption = None) -> None:
    """What a contract file would change against the version in force, field by field."""
    contract = read_contract(path)
    body = context(ledger).registry().body(DocumentKind.CONTRACT, contract.agent_id)
    old = {} if body is None else json.loads(body)
    for field, before, after in changes(old, json.loads(canonical(contract))):
        data(f"{field}: {before} -> {after}")


@app.command()
@command
def sign(path: Path, ledger: LedgerOption = None) -> None:
    """Sign a contract with the registry key and show the document, without releasing it."""
    there = context(ledger)
    _, envelope = _signed(there, read_contract(path))
    as_json({"payload": envelope.payload.hex(), "keyid": envelope.signatures[0].keyid.hex(),
             "signature": envelope.signatures[0].sig.hex()})  # fmt: skip


@app.command()
@command
def push(path: Path, ledger: LedgerOption = None) -> None:
    """Sign and release a contract; prints the ledger sequence from which it is in force."""
    there = context(ledger)
    contract = read_contract(path)
    if contract.version in there.registry().contract_versions(contract.agent_id):
        raise Stop(Exit.REFUSED, f"{contract.agent_id} {contract.version} is released already",
                   fix="raise the version: one version, one contract, for ever")  # fmt: skip
    key, envelope = _signed(there, contract)
    value = there.schema_ids().pack(envelope)
    send(there.running, "release", there.name, [Message(topic="registry", partition=0, key=key, value=value)])
    deadline = time.monotonic() + FORCE_S
    while time.monotonic() < deadline:
        seq = in_force(there, contract)
        if seq is not None:
            say(f"{contract.agent_id} {contract.version} is in force for new flows")
            data(f"in force from ledger seq {seq}")
            return
        time.sleep(0.2)
    raise Stop(Exit.TIMED_OUT, "released, but no kernel has taken it", fix="interlock start")


def in_force(there: Context, contract: Contract) -> int | None:
    """The sequence of the CONTRACT entry that holds this version, None while there is none."""
    for value in there.ledger():
        leaf = decode_entry(value)
        if leaf.kind == EntryKind.CONTRACT:
            document = opened(decode(DocumentEntry, leaf.body).document, RegistryDocument)
            if (document.id, document.version) == (contract.agent_id, contract.version):
                return leaf.seq
    return None


def changes(old: Any, new: Any, path: str = "") -> list[tuple[str, str, str]]:
    """(field, before, after) wherever two JSON values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            change
            for name in sorted(old.keys() | new.keys())
            for change in changes(old.get(name), new.get(name), f"{path}.{name}" if path else name)
        ]
    return [] if old == new else [(path, json.dumps(old), json.dumps(new))]


def _signed(there: Context, contract: Contract) -> tuple[bytes, Any]:
    signer = Signer(seed(there.running.root, there.name, "registry"))
    release = Release(signer, serial=time.time_ns() // 1000)
    return release.sign(DocumentKind.CONTRACT, contract.agent_id, contract.version, canonical(contract))
