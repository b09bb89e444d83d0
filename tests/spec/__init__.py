"""The law written a second time, as short as it can be: what `kernel/` is compared with.

It shares no code with `kernel/` or `rules/`; it knows their words (`schemas.models`, `schemas.reasons`) and
the design. Nothing here is fast, bounded or careful: lists are scanned, figures are Fractions. What only
cryptography can say (whose signature, which hash) is told as a fact of the event, see ``Claim``.
"""

from tests.spec.case import Claim
from tests.spec.fold import Spec

__all__ = ["Claim", "Spec"]
