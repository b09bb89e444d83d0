"""What the kernel's gates cost an atom, beside a pass that looks at drift alone."""

from __future__ import annotations

import time

from kernel.gates import GATES
from kernel.gates.drift import drift
from tests.gate_bench import case_of


def gates_beside_drift(rounds: int) -> None:
    """Print microseconds of all gates and of drift alone over one honest BUY; the signature check is in 1."""
    case, spent = case_of(), dict.fromkeys((number for number, _ in GATES), 0.0)
    for _ in range(rounds):
        for number, gate in GATES:
            mark = time.thread_time()
            answer = gate(case)
            spent[number] += time.thread_time() - mark
            assert answer is None, f"gate {number} refuses the honest case: {answer}"
    alone = 0.0
    for _ in range(rounds):
        mark = time.thread_time()
        drift(case)
        alone += time.thread_time() - mark
    whole = sum(spent.values())
    names = {number: gate.__name__ for number, gate in GATES}
    print(
        f"\nall gates {1e6 * whole / rounds:.0f} us an atom, drift alone {1e6 * alone / rounds:.0f} us:"
        f" {whole / alone:.1f} x"
    )
    dearest = sorted(spent, key=lambda number: -spent[number])
    print("  " + ", ".join(f"{names[n]} {1e6 * spent[n] / rounds:.0f}" for n in dearest))
