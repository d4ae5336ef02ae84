"""Processes of ours beside the server: started with a clean environment, always stopped."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

STOP_SECONDS = 20
LONGEST_SECONDS = 60  # of a measurement


def free_port() -> int:
    """A port of the loopback interface that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running(code: str, *arguments: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process of the code with these settings; its standard output is a pipe.

    What it logged is shown when the body raises.
    """
    environment = os.environ | settings
    command = [sys.executable, "-c", code, *arguments]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            yield process
        except Exception:
            log.seek(0)
            sys.stderr.write(log.read())
            raise
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
    return subprocess.run(
        command, stdout=subprocess.PIPE, text=True, check=True, timeout=LONGEST_SECONDS
    ).stdout
