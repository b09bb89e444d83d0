"""Atoms by the hundred thousand: chance and the shipped model speak under random contracts, three judges look."""
