"""Commands on keys: who may sign what, a new key, and one that no longer counts."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from interlock.context import Context, context
from interlock.operators import signer_of
from interlock.releasing import release, signed
from interlock.rotation import NotRotated, rotated
from interlock.say import Exit, Stop, as_json, command, data, say
from ledger.keys import Key, KeyDocument, enroller
from ledger.signing import Signer
from schemas.kinds import Role
from schemas.models import DocumentKind
from transport.card import WHO, key_path, seed, write_seed

LedgerOption = Annotated[str | None, typer.Option("--ledger", help="the current one unless said")]
JsonOption = Annotated[bool, typer.Option("--json", help="as one JSON document")]

ENROLLED, REVOKED = "1", "2"  # the two versions a KEY document can have
# Bound to a name: an agent or attestor to its own, a principal to the accounts it may speak for.
BOUND = (Role.AGENT, Role.ATTESTOR)
ROLES = tuple(role for role in Role if enroller(role) is Role.REGISTRY)

app = typer.Typer(no_args_is_help=True, help="Keys: who may sign what.")


def role_of(text: str) -> Role:
    """A role the registry key may enrol. Raises Stop naming them."""
    found = next((each for each in ROLES if each.name == text.upper().replace("-", "_")), None)
    if found is None:
        raise Stop(Exit.USAGE, f"no role {text!r} to enrol", fix=f"one of {', '.join(r.name for r in ROLES)}")
    return found


def bound_of(role: Role, name: str, accounts: list[str]) -> tuple[str, ...]:
    """What a key is bound to. Raises Stop when a principal has no account, or another role has some."""
    if (role is Role.PRINCIPAL) != bool(accounts):
        raise Stop(Exit.USAGE, f"{role.name} and --account", fix="a PRINCIPAL needs them, no other takes any")
    return tuple(sorted(set(accounts))) if accounts else (name,) if role in BOUND else ()


@app.command("ls")
@command
def list_keys(ledger: LedgerOption = None, json_: JsonOption = False) -> None:
    """Every enrolled key: id, role, what it is bound to, whether it holds, and its name if it lies here."""
    there = context(ledger)
    names = _names(there)
    keys = sorted(there.registry().keys.keys.values(), key=lambda key: (key.role, key.keyid))
    if json_:
        as_json([_plain(key, names) for key in keys])
        return
    for key in keys:
        state = "in force" if key.revoked_seq is None else "revoked"
        bound = f" for {', '.join(key.bound)}" if key.bound else ""
        data(f"{key.keyid.hex()} {key.role.name:<13} {state:<8} {names.get(key.keyid, '-')}{bound}")
    say(f"{len(keys)} keys")


@app.command()
@command
def new(
    role: Annotated[str, typer.Argument(help="OPERATOR, AGENT, PRINCIPAL …")],
    name: Annotated[str, typer.Argument(help="its file here; an agent's or attestor's own id")],
    account: Annotated[list[str] | None, typer.Option(help="of a PRINCIPAL: what it speaks for")] = None,
    ledger: LedgerOption = None,
    json_: JsonOption = False,
) -> None:
    """Draw a key, keep its secret here, and enrol its public half under the registry's signature."""
    wanted = role_of(role)
    bound = bound_of(wanted, name, account or [])
    if WHO.fullmatch(name) is None:
        raise Stop(Exit.USAGE, f"{name!r} is no key's name", fix="up to 64 of a-z, 0-9, dot, dash, _")
    there = context(ledger)
    signer_of(there, "registry")  # without it nothing is drawn
    signer = _drawn(there, name)
    document = KeyDocument(public=signer.public, role=wanted, bound=bound)
    seq = _enrol(there, document, signer.keyid, ENROLLED)
    if json_:
        as_json({"keyid": signer.keyid.hex(), "role": wanted.name, "name": name, "seq": seq})
        return
    say(f"{name} is {wanted.name}; its secret lies in {key_path(there.running.root, there.name, name)}")
    data(f"{signer.keyid.hex()} in force from ledger seq {seq}")


@app.command()
@command
def revoke(
    keyid: Annotated[str, typer.Argument(metavar="KEYID", help="64 hex digits: keys ls")],
    ledger: LedgerOption = None,
    json_: JsonOption = False,
) -> None:
    """Let a key count no more, from now on: what it signed before stays signed."""
    there = context(ledger)
    key = next((k for k in there.registry().keys.keys.values() if k.keyid.hex() == keyid.lower()), None)
    if key is None:
        raise Stop(Exit.FAILED, f"no key {keyid}", fix="interlock keys ls")
    if key.role not in ROLES:
        raise Stop(Exit.USAGE, f"a {key.role.name} key", fix="the registry may revoke what it enrolled")
    if key.revoked_seq is not None:
        raise Stop(Exit.REFUSED, f"{keyid} is revoked already", fix="interlock keys ls")
    gone = KeyDocument(public=key.public, role=key.role, bound=key.bound, revoked=True)
    seq = _enrol(there, gone, key.keyid, REVOKED)
    if json_:
        as_json({"keyid": key.keyid.hex(), "role": key.role.name, "seq": seq})
        return
    data(f"{keyid} revoked from ledger seq {seq}")


@app.command()
@command
def rotate(
    name: Annotated[str, typer.Argument(help="kernel-log, selector, an agent's id …: keys ls")],
    compromised: Annotated[bool, typer.Option("--compromised", help="revoke the old one at once")] = False,
    ledger: LedgerOption = None,
    json_: JsonOption = False,
) -> None:
    """Put a new key in the place of one: same role, same bounds; what the old one signed stays signed."""
    there = context(ledger)
    try:
        turned = rotated(there, name, _enrol)
    except NotRotated as error:
        raise Stop(Exit.REFUSED, str(error), fix="interlock keys ls") from None
    gone = _enrol(there, turned.revocation, turned.old.keyid, REVOKED) if compromised else None
    if json_:
        as_json({"keyid": turned.new.keyid.hex(), "old": turned.old.keyid.hex(), "name": name,
                 "seq": turned.seq, "revoked_seq": gone})  # fmt: skip
        return
    since = "already" if turned.seq is None else f"from ledger seq {turned.seq}"
    data(f"{turned.new.keyid.hex()} in force {since}")
    say(f"1. restart what signs with it ({name}): interlock stop, interlock start")
    if gone is None:
        say(f"2. then: interlock keys revoke {turned.old.keyid.hex()}")
    else:
        say(f"the old key counts no more from seq {gone}: until the restart what it signs is refused")


def _enrol(there: Context, document: KeyDocument, keyid: bytes, version: str) -> int:
    return release(there, *signed(there, DocumentKind.KEY, keyid.hex(), version, document.body()))


def _drawn(there: Context, name: str) -> Signer:
    """A new key; or the one drawn before whose enrolment never got through. Raises Stop on one in use."""
    try:
        write_seed(there.running.root, there.name, name, os.urandom(32))
    except FileExistsError:
        signer = signer_of(there, name)
        if signer.keyid in there.registry().keys.keys:
            raise Stop(
                Exit.REFUSED, f"{name} has its key", fix="another name: a key has one role for ever"
            ) from None
        return signer
    return Signer(seed(there.running.root, there.name, name))


def _names(there: Context) -> dict[bytes, str]:
    folder = key_path(there.running.root, there.name, "x").parent
    return {signer_of(there, path.stem).keyid: path.stem for path in sorted(folder.glob("*.key"))}


def _plain(key: Key, names: dict[bytes, str]) -> dict[str, Any]:
    return {
        "keyid": key.keyid.hex(),
        "public": key.public.hex(),
        "role": key.role.name,
        "bound": list(key.bound),
        "in_force": key.revoked_seq is None,
        "name": names.get(key.keyid),
    }
