"""Fixtures of more than one folder."""

from tests.brokers import broker
from tests.services import services, undisturbed

__all__ = ["broker", "services", "undisturbed"]
