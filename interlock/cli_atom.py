"""Commands on atoms: the same model asked again, byte for byte."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer

from interlock.atom import UNASKED, NotFound, Recorded, recorded, said_again
from interlock.atom_diff import Difference, differences
from interlock.cli_look import dfid_of
from interlock.context import Context, context
from interlock.models import load_engine
from interlock.say import Exit, Stop, as_json, command, data, say
from ledger.envelope import payload_of
from ledger.hashes import explain_commitment
from schemas.models import Explanation, Intent, Report
from schemas.reasons import LaneReason
from schemas.wire import Refused, unframed
from topologies.stream.released import folder_of

JsonOption = Annotated[bool, typer.Option("--json", help="as one JSON document")]
LedgerOption = Annotated[str | None, typer.Option("--ledger", help="the current one unless said")]

app = typer.Typer(no_args_is_help=True, help="Decision atoms of the stream road.")


@app.callback()
def atoms() -> None:
    """Decision atoms of the stream road."""


@app.command()
@command
def reproduce(
    dfid: Annotated[str, typer.Argument(help="32 hex digits, or last")],
    attempt: Annotated[int | None, typer.Option(help="which attempt; the last unless said")] = None,
    model: Annotated[
        Path | None, typer.Option(help="a folder, if the model is not in the state folder")
    ] = None,
    ledger: LedgerOption = None,
    json_: JsonOption = False,
) -> None:
    """Ask the same model on the ledger's own flow: the same bytes, or the first difference and exit 3."""
    there = context(ledger)
    found = _found(there, dfid_of(there, dfid), attempt)
    if isinstance(found.said, Report) and LaneReason(found.said.reason) in UNASKED:
        raise Stop(Exit.FAILED, f"the answer is {LaneReason(found.said.reason).name}",
                   why="it came of the moment, not of the model: nothing can say it again")  # fmt: skip
    salt = _salt(there, found)
    now = said_again(found, load_engine(_folder(there, found, model), found.mode), salt)
    _tell(found, now, differences(found.said, now), json_=json_, whole=salt is not None)


def _found(there: Context, dfid: bytes, attempt: int | None) -> Recorded:
    why = "the ledger has no such flow"
    for partition in range(there.card.shards):
        try:
            return recorded(there.ledger(partition), there.card.root, dfid, attempt)
        except NotFound as error:
            why = str(error) if "no such" not in str(error) else why
    raise Stop(Exit.FAILED, f"no atom about {dfid.hex()}", why=why, fix="interlock decisions")


def _folder(there: Context, found: Recorded, named: Path | None) -> Path:
    """Where the model lies. Raises Stop when it does not; a folder named is taken as it is."""
    if named is not None:
        return named
    wanted = found.model_hash
    folder = None if wanted is None else folder_of(wanted, there.running.root)
    if folder is None:
        name = "no model" if wanted is None else f"model {wanted.hex()}"
        raise Stop(Exit.FAILED, f"{name} spoke, and it does not lie here",
                   fix="interlock atom reproduce DFID --model PATH")  # fmt: skip
    return folder


def _salt(there: Context, found: Recorded) -> bytes | None:
    """The salt of the explanation, if what stands beside opens the commitment; None where it was erased."""
    said = found.said
    key = f"{said.dfid.hex()}:{said.step_id}:{said.attempt}:{said.agent_id}".encode()
    salt = None
    for partition in range(there.card.shards):
        for record in there.read("explanations", partition):
            if record.key == key:
                try:
                    told = unframed(Explanation, record.value)
                except Refused:
                    continue
                if explain_commitment(told.text, told.salt) == said.explain_commitment:
                    salt = told.salt
    return salt


def _tell(
    found: Recorded, now: Intent | Report, differing: list[Difference], *, json_: bool, whole: bool
) -> None:
    payload = payload_of(now)
    if json_:
        as_json(_plain(found, payload, differing, whole=whole))
    else:
        for name, value in _about(found):
            data(f"{name:<12} {value}")
        if not differing:
            data(f"same bytes   {len(payload)}, SHA-256 {sha256(payload).hexdigest()}")
        for each in differing:
            data(f"differs      {each.field}: recorded {each.recorded}, now {each.now}")
    if not whole:
        say("the explanation was erased or is not here: its commitment was taken as recorded")
    if differing:
        first = differing[0]
        say(f"interlock: not the same bytes; the first difference is {first.field}")
        raise typer.Exit(int(Exit.VERIFICATION))


def _about(found: Recorded) -> list[tuple[str, str]]:
    said, model = found.said, found.model
    lines = [("answer", f"{said.dfid.hex()} attempt {said.attempt}, ledger seq {found.seq}")]
    if model is not None:
        lines.append(("model", f"{model.model_hash.hex()} record {model.version}, ledger seq {model.seq}"))
        lines += [("weights", f"{digest} {name}") for name, digest in model.weights.items()]
    made = said.generation if isinstance(said, Intent) else None
    if made is None:
        assert isinstance(said, Report), "an atom names what generated it"
        return [*lines, ("said", LaneReason(said.reason).name)]
    return [
        *lines,
        ("grammar", made.grammar_hash.hex()),
        ("prompt", made.prompt_hash.hex()),
        ("fingerprint", made.fingerprint),
        ("said", f"{made.text} (mass {made.mass}, margin {made.margin})"),
    ]


def _plain(found: Recorded, payload: bytes, differing: list[Difference], *, whole: bool) -> dict[str, Any]:
    model = found.model
    return {
        "dfid": found.said.dfid.hex(), "attempt": found.said.attempt, "seq": found.seq,
        "model": None if model is None else {
            "hash": model.model_hash.hex(), "weights": model.weights,
            "record": model.version, "seq": model.seq,
        },
        "same": not differing, "commitment_checked": whole, "sha256": sha256(payload).hexdigest(),
        "differences": [{"field": e.field, "recorded": e.recorded, "now": e.now} for e in differing],
    }  # fmt: skip
