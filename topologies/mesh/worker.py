"""``faust -A topologies.mesh.worker worker`` runs the one mesh agent that INTERLOCK_AGENT names."""

from __future__ import annotations

import os

from topologies.thinker_worker import thinker_app

app = thinker_app(os.environ.get("INTERLOCK_AGENT", "strategy"))
