"""The account an atom gives of itself: rendered from what was seen, said and measured, never generated."""

from typing import Final

from agents.model.render import Order
from agents.model.spoken import Spoken
from schemas.money import plain

TEXT_MAX: Final = 4096
"""Bytes of an explanation that `explanations` carries."""


def explained(asked: str, heard: Spoken, order: Order) -> str:
    """Why this atom, for people; at most TEXT_MAX bytes, the same for the same atom."""
    prices = {"limit": order.limit_price, "stop": order.stop, "target": order.target_price}
    absolute = "".join(f", {name} {plain(price)}" for name, price in prices.items() if price is not None)
    mass, margin = plain(heard.mass), plain(heard.margin)
    sure = f"sure: {mass} of belief inside the contract, the closest choice won by {margin}"
    lines = (
        f"saw: {asked}",
        f"said: {heard.text}",
        f"means: {order.action} {plain(order.quantity)}{absolute}",
        sure,
        f"by: model {heard.model_hash.hex()[:16]}, grammar {heard.grammar_hash.hex()[:16]}",
        f"on: {heard.fingerprint}",
    )
    text = "\n".join(lines)
    assert len(text.encode("utf-8")) <= TEXT_MAX
    return text
