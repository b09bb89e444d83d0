"""Atoms a second of one core, and where the time of one goes."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import replace

from agents.grammar import EVERYTHING
from agents.model.check import violations
from agents.model.engines import load
from agents.model.evaluate import spread_out
from agents.model.prompt import prompt
from agents.model.render import NoRoom, render
from agents.model.spoken import Spoken
from agents.sovereign import answer
from ledger.envelope import seal
from ledger.signing import Signer
from schemas.models import Intent
from tests.stream_scenes import RISING, account, case, scene, snapshot

STAGES = ("speak", "render", "check", "signature")
SALT = bytes(32)


def atoms_a_second(batches: int) -> float:
    """Print rates by batch size and the time of each stage; the rate at batch 8 by the thread's own time.

    speak: prompt to sentence with mass, margin and thresholds; check: the independent judge; signature:
    the intent with its generation encoded, and signed in this process.
    """
    print("\natoms of the shipped model, single pass, with mass, margin, render, check and signature")
    print(f"{'batch':>6} {'atoms':>7} {'wall/s':>8} {'cpu/s':>8}  microseconds of an atom (cpu)")
    rates = {size: _timed(size, batches * 8 // size) for size in (1, 8)}
    _whole_agent(batches * 2)
    return rates[8]


def _timed(size: int, batches: int) -> float:
    speaking, signer = load(), Signer(bytes(range(32)))
    seen = snapshot(RISING, account())
    there = scene(seen=seen)
    body = answer(case(seen), speaking, EVERYTHING, SALT).body
    assert isinstance(body, Intent)
    texts = [prompt(row) for row in spread_out(123, 256)]
    draw, spent, made = random.Random(1), Counter[str](), 0
    began, own = time.perf_counter(), time.thread_time()
    for _ in range(batches):
        mark = time.thread_time()
        heard = speaking.speak_many([(draw.choice(texts), EVERYTHING) for _ in range(size)])
        spent["speak"] += time.thread_time() - mark
        for said in heard:
            mark = time.thread_time()
            assert isinstance(said, Spoken)
            order = render(said.slots, there)
            spent["render"] += time.thread_time() - mark
            if isinstance(order, NoRoom):  # nothing held to sell: as dear as an order, but for the signature
                order = render(replace(said.slots, action="HOLD"), there)
                assert not isinstance(order, NoRoom)
            else:
                mark = time.thread_time()
                assert violations(said.text, order, there) == ()
                spent["check"] += time.thread_time() - mark
            mark = time.thread_time()
            seal(replace(body, quantity=order.quantity, limit_price=order.limit_price), signer)
            spent["signature"] += time.thread_time() - mark
            made += 1
    wall, cpu = time.perf_counter() - began, time.thread_time() - own
    stages = " ".join(f"{name} {1e6 * spent[name] / made:.0f}" for name in STAGES)
    print(f"{size:>6} {made:>7} {made / wall:>8,.0f} {made / cpu:>8,.0f}  {stages}")
    return made / cpu


def _whole_agent(count: int) -> None:
    """The agent as its worker calls it: look, sentence, render, both checks, explanation, body, seal."""
    speaking, signer = load(), Signer(bytes(range(32)))
    given = case(snapshot(RISING, account()))
    own = time.thread_time()
    for _ in range(count):
        seal(answer(given, speaking, EVERYTHING, SALT).body, signer)
    spent = time.thread_time() - own
    print(
        f"the whole agent at batch 1, explanation and law's checker too: {count / spent:,.0f} a second (cpu)"
    )
