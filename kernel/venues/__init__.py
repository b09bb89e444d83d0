"""Venues: adapters behind one protocol; only the executor calls them."""
