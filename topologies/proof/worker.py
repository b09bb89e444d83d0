"""``faust -A topologies.proof.worker worker`` runs the prover: from instruction to claim."""

from __future__ import annotations

import os

from topologies.thinker_worker import thinker_app

app = thinker_app(os.environ.get("INTERLOCK_AGENT", "prover"))
