"""The API and the worker as processes of their own, forked from one that has imported them already.

A start takes 0.6 s of CPU time and more, nearly all of it imports; a fork takes a third of that. Its environment,
arguments, output, signals and end are those of a command. What the interpreter does before is the same each time, and
is tested where a command is started as its users do: rig/cli.py, tests/demo, tests/docs.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Mapping
from multiprocessing import forkserver
from multiprocessing.reduction import DupFd
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any
from unittest import mock

from rig.waiting import PATIENCE, wait_until, wait_until_async

TESTS = Path(__file__).parents[1]
WORKER = "from leadgen.cli import main; main()"  # with the argument `worker`
_SERVER = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    [
        "leadgen.cli",
        "leadgen.worker.process",
        "leadgen.app.main",
        "leadgen.app.server",
        "uvicorn.loops.uvloop",  # this and the rest: what uvicorn and Litestar import only when they start
        "anyio._backends._asyncio",
        "litestar.plugins.attrs",
        "litestar.plugins.pydantic",
        "rig.warm",
    ]
)
_ONE_AT_A_TIME = Lock()  # a start looks at all of them, and an end can be read once


class Fork:
    """A running process. Names and meanings are those of subprocess.Popen."""

    def __init__(
        self, code: str, arguments: list[str], environment: Mapping[str, str], stdout: int, stderr: int
    ) -> None:
        job = _Job(code, ["-c", *arguments], dict(environment), stdout, stderr)
        self._process = _SERVER.Process(target=job)
        with _ONE_AT_A_TIME, mock.patch.dict(os.environ, PYTHONPATH=str(TESTS)):
            forkserver.ensure_running()
        # Without a main module, or the fork would import ours: pytest.
        with _ONE_AT_A_TIME, mock.patch.dict(sys.modules, __main__=ModuleType("__main__")):
            self._process.start()
        assert self._process.pid
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status, the number of the signal below zero, or None while it runs."""
        return self.poll()

    def poll(self) -> int | None:
        """The same."""
        with _ONE_AT_A_TIME:
            return self._process.exitcode

    def wait(self, timeout: float = PATIENCE) -> int:
        """The exit status, as soon as there is one."""
        wait_until(self._has_ended, self._complain, timeout)
        return self._process.exitcode or 0

    async def ended(self, patience: float = PATIENCE) -> int:
        """The same on an event loop."""
        await wait_until_async(self._has_ended, self._complain, patience)
        return self._process.exitcode or 0

    def _has_ended(self) -> bool:
        return self.poll() is not None

    def _complain(self) -> str:
        return f"process {self.pid} still runs"

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


class _Job:
    """What runs in the fork. The numbers of files are ours until it is pickled, and the fork's afterwards."""

    def __init__(
        self, code: str, argv: list[str], environment: dict[str, str], stdout: int, stderr: int
    ) -> None:
        self._code, self._argv, self._environment = code, argv, environment
        self._outputs: list[Any] = [stdout, stderr]

    def __reduce__(self) -> tuple[Any, ...]:
        stdout, stderr = (DupFd(number) for number in self._outputs)
        return _Job, (self._code, self._argv, self._environment, stdout, stderr)

    def __call__(self) -> None:
        for number, file in enumerate(self._outputs, start=1):
            os.dup2(file.detach(), number)
        os.environ.clear()
        os.environ.update(self._environment)
        time.tzset()
        sys.argv = self._argv
        exec(compile(self._code, "<fork>", "exec"), {"__name__": "__main__"})  # noqa: S102
