"""Fixtures of more than one folder."""

from tests.brokers import broker

__all__ = ["broker"]
