"""Atoms by the hundred thousand: chance and the shipped model speak, three judges look."""
