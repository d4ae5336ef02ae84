"""Files and commands that settings name, read within bounds: none without end stops or fills a program."""

import errno
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

SECONDS = 20.0
MOST_BYTES = 65_536
PORTION = 16_384  # bytes of one read


def read_file(path: str | Path, most: int = MOST_BYTES) -> bytes:
    """A file's bytes. Raises OSError for a longer one, for a pipe that takes over 20 seconds, and as open does."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return _read_all(descriptor, time.monotonic() + SECONDS, most)
    finally:
        os.close(descriptor)


def run_command(command: Sequence[str], text: bytes, most: int = MOST_BYTES) -> bytes:
    """What a command answers on its standard output to a short text on its standard input.

    The command and its children are ended after 20 seconds, and as soon as it answers more than `most` bytes.

    Raises:
        OSError: it cannot be started, takes longer, or says more.
        CalledProcessError: it ended with another status than 0.
    """
    deadline = time.monotonic() + SECONDS
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            answer = _talk(process, text, deadline, most)
            status = process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            raise _too_slow() from None
        finally:
            with suppress(
                ProcessLookupError, PermissionError
            ):  # its children as well: they are of its session
                os.killpg(process.pid, signal.SIGKILL)
    if status != 0:
        raise subprocess.CalledProcessError(status, command)
    return answer


def _talk(process: subprocess.Popen[bytes], text: bytes, deadline: float, most: int) -> bytes:
    to, back = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
    with suppress(BrokenPipeError):  # it does not ask for it: its answer counts
        to.write(text)  # shorter than a pipe holds
        to.close()
    return _read_all(back.fileno(), deadline, most)


def _read_all(descriptor: int, deadline: float, most: int) -> bytes:
    found = b""
    with selectors.PollSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while True:
            if not selector.select(max(deadline - time.monotonic(), 0)):
                raise _too_slow()
            try:
                part = os.read(descriptor, PORTION)
            except BlockingIOError:
                continue
            if not part:
                return found
            found += part
            if len(found) > most:
                raise OSError(errno.EFBIG, f"more than {most:,} bytes")


def _too_slow() -> OSError:
    return TimeoutError(errno.ETIMEDOUT, f"it took more than {SECONDS:g} s")
