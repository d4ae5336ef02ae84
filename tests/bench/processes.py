"""Processes of ours beside the server: started with a clean environment, always stopped."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

STOP_SECONDS = 20


def free_port() -> int:
    """A port of the loopback interface that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running(code: str, *arguments: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process of the code with these settings; its standard output is a pipe."""
    environment = os.environ | {"LOG_LEVEL": "WARNING"} | settings
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def run_module(name: str, *arguments: str) -> str:
    """Run a module of this package to its end; returns what it printed."""
    command = [sys.executable, "-m", f"{__package__}.{name}", *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
