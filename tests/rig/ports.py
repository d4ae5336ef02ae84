"""Ports for servers that tests start."""

import random
import socket

FIRST, LAST = 20_000, 32_000  # below those that the system gives to whoever asks for any


def free_port() -> int:
    """A port of the loopback interface that nobody has, and that no connection is given by chance."""
    while True:
        port = random.randint(FIRST, LAST)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
