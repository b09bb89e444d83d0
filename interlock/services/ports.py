"""Ports on loopback: the ones people know where they are free, others where they are not."""

import socket
from collections.abc import Sequence

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do it: a connection in TIME_WAIT does not make a port taken, a listener does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
        return True


def answers(port: int, *, timeout_s: float = 0.2) -> bool:
    """Whether something listens there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(timeout_s)
        return probe.connect_ex((HOST, port)) == 0


def choose(wanted: Sequence[int]) -> list[int]:
    """One distinct free port for each wanted one: itself where free, else one the system picks."""
    chosen: list[int] = []
    held: list[socket.socket] = []
    try:
        for port in wanted:
            if port not in chosen and is_free(port):
                chosen.append(port)
                continue
            spare = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            held.append(spare)
            spare.bind((HOST, 0))
            chosen.append(spare.getsockname()[1])
    finally:
        for spare in held:
            spare.close()
    return chosen
