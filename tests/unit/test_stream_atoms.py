"""The shipped model behind the stream thinker: the same flow gives the same signed bytes in any company."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from schemas.codec import decode
from schemas.models import Proposal
from schemas.wire import PREFIX
from tests.stream_scenes import FALLING, RISING, flow, snapshot
from tests.unit.test_stream_thinker import record, thinker
from topologies.stream.thinker import StreamThinker
from topologies.stream.voice import Voice
from topologies.thinker import Said
from transport.log import Record

pytestmark = pytest.mark.model
ROOT = Path(__file__).resolve().parents[2]


def speaking() -> StreamThinker:
    from topologies.stream.engine_edge import load

    return replace(thinker(), speaker=Voice(load(ROOT / "agents" / "model" / "weights")))


def asked() -> list[Record]:
    """Eleven flows on two markets: more than one batch."""
    opened = [replace(flow(snapshot(RISING if n % 3 else FALLING)), dfid=bytes([n]) * 16) for n in range(11)]
    return [record(each) for each in opened]


def digest(said: list[object]) -> str:
    """A hash over every body that would be sent."""
    bodies = []
    for each in said:
        assert isinstance(each, Said)
        ((proposed,),) = each.parts[1:]
        bodies.append(decode(Proposal, (proposed.value or b"")[PREFIX.size :]).body.payload)
    return sha256(b"".join(bodies)).hexdigest()


def test_alone_among_others_in_any_order_and_in_another_process_the_bytes_are_the_same():
    here, those = speaking(), asked()
    alone = [here.answer(each) for each in those]
    assert here.answer_all(those) == alone
    backwards = here.answer_all(those[::-1])
    assert backwards[::-1] == alone
    code = "from tests.unit.test_stream_atoms import *; print(digest(speaking().answer_all(asked())))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == digest(list(alone))


def test_every_atom_names_model_grammar_prompt_and_engine():
    here = speaking()
    (said,) = here.answer_all(asked()[1:2])
    assert isinstance(said, Said)
    assert b"single_pass/1 torch/" in (said.parts[1][0].value or b"")
