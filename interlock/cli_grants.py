"""Commands on grants: contracts are written as YAML, linted, compared, signed and pushed."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

from interlock.context import Context, context
from interlock.contract_changes import changes, is_newer, widened
from interlock.grants import CONTRACTS
from interlock.releasing import release, signed
from interlock.say import Exit, Stop, as_json, command, data, say
from ledger.hashes import contract_hash
from rules.config_error import ConfigError
from rules.contract import Contract
from rules.contract_json import canonical, from_yaml, parse
from rules.contract_message import contract_message, contract_of
from rules.resolve import Regime, resolve
from schemas.codec import decode, encode
from schemas.models import DocumentKind, Envelope, ResponsibilityContract

JsonOption = Annotated[bool, typer.Option("--json", help="as one JSON document")]
LedgerOption = Annotated[str | None, typer.Option("--ledger", help="the current one unless said")]

app = typer.Typer(no_args_is_help=True, help="Responsibility contracts: what each agent may do.")


def read_contract(path: Path) -> Contract:
    """A contract file. Raises Stop when there is none, or naming the field at fault and the fix."""
    try:
        return from_yaml(path.read_text(encoding="utf-8"))
    except ConfigError as error:
        raise Stop(Exit.FAILED, f"CONFIG_ERROR {error.field}", where=f"{path}, field {error.field}",
                   why=error.fault, fix=error.fix) from None  # fmt: skip
    except OSError as error:
        raise Stop(Exit.FAILED, f"{path}: {error.strerror}", fix=f"contracts lie in {CONTRACTS}") from None


@app.command("ls")
@command
def list_contracts(ledger: LedgerOption = None, json_: JsonOption = False) -> None:
    """Every released contract and its versions."""
    registry = context(ledger).registry()
    if json_:
        ids = registry.ids(DocumentKind.CONTRACT)
        as_json({agent: list(registry.contract_versions(agent)) for agent in ids})
        return
    for agent in registry.ids(DocumentKind.CONTRACT):
        data(f"{agent:<16} {' '.join(registry.contract_versions(agent))}")


@app.command()
@command
def show(
    agent: str,
    regime: Annotated[str | None, typer.Option(help="low_vol, high_vol or unknown")] = None,
    volatility: Annotated[str | None, typer.Option(help="a fraction, as 0.02")] = None,
    profit: Annotated[str | None, typer.Option(help="of the base, as 0.045: it says the phase")] = None,
    ledger: LedgerOption = None,
) -> None:
    """The contract in force for new flows; with an overlay's flag, its limits as they would hold then."""
    overlay = overlay_of(regime, volatility, profit)
    body = context(ledger).registry().body(DocumentKind.CONTRACT, agent)
    if body is None:
        raise Stop(Exit.FAILED, f"no contract of {agent}", fix="interlock contract ls")
    if overlay is None:
        as_json(json.loads(body))
        return
    contract = parse(body)
    held = resolve(contract.limits, **overlay)
    as_json(
        {
            "regime": held.regime.value,
            "phase": held.phase.value,
            "limits": json.loads(canonical(replace(contract, limits=held.limits)))["limits"],
        }
    )


@app.command()
@command
def lint(path: Path, json_: JsonOption = False) -> None:
    """Read a contract strictly and say what is wrong with it."""
    contract = read_contract(path)
    digest = contract_hash(canonical(contract))
    # As bytes of its Avro shape and back: what no release could read is found before it is signed.
    said = decode(ResponsibilityContract, encode(contract_message(contract)))
    assert contract_of(said) == contract, "the two shapes of a contract differ"
    if json_:
        as_json({"agent": contract.agent_id, "version": contract.version, "h_contract": digest.hex()})
        return
    say(f"{contract.agent_id} {contract.version} is well formed")
    data(f"H_contract {digest.hex()}")


@app.command()
@command
def diff(path: Path, ledger: LedgerOption = None, json_: JsonOption = False) -> None:
    """What a contract file would change against the version in force; what widens the grant says so."""
    contract = read_contract(path)
    body = context(ledger).registry().body(DocumentKind.CONTRACT, contract.agent_id)
    old = {} if body is None else json.loads(body)
    wider = set() if body is None else widened(parse(body), contract)
    found = changes(old, json.loads(canonical(contract)))
    if json_:
        as_json([
            {"field": field, "before": before, "after": after, "widens": field in wider}
            for field, before, after in found
        ])  # fmt: skip
        return
    for field, before, after in found:
        data(f"{field}: {before} -> {after}{'  WIDENS' if field in wider else ''}")


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
    released = there.registry().contract_versions(contract.agent_id)
    if contract.version in released:
        raise Stop(Exit.REFUSED, f"{contract.agent_id} {contract.version} is released already",
                   fix="raise the version: one version, one contract, for ever")  # fmt: skip
    seq = release(there, *_signed(there, contract))
    say(f"{contract.agent_id} {contract.version} is in force for new flows")
    newer = [each for each in released if is_newer(each, contract.version)]
    if newer:
        say(f"warning: it is older than {newer[-1]} by number, yet it holds now: the last pushed does")
    data(f"in force from ledger seq {seq}")


def overlay_of(regime: str | None, volatility: str | None, profit: str | None) -> dict[str, Any] | None:
    """What `resolve` is told; None when no overlay is asked for. Raises Stop on what is no such figure."""
    if regime is None and volatility is None and profit is None:
        return None
    try:
        figures = [None if each is None else Decimal(each) for each in (volatility, profit)]
        said = Regime.LOW_VOL if regime is None else Regime(regime)
    except (InvalidOperation, ValueError):
        raise Stop(Exit.USAGE, "no such overlay",
                   fix=f"--regime {'|'.join(Regime)} --volatility 0.02 --profit 0.045") from None  # fmt: skip
    # What is not asked for lays nothing: figures give a regime of their own only to the kernel.
    return {"regime": said, "volatility": figures[0], "profit_pct": figures[1] or Decimal(0)}


def _signed(there: Context, contract: Contract) -> tuple[bytes, Envelope]:
    return signed(there, DocumentKind.CONTRACT, contract.agent_id, contract.version, canonical(contract))
