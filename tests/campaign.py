"""How many examples a law tries: a few in every check, ``LAWS=n`` of them in a campaign."""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("LAWS", "12"))
FEW = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
