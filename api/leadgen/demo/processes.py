"""The API and the worker as processes of their own, each as its database role."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

import aiohttp
from tenacity import AsyncRetrying, retry_if_result, wait_fixed

from leadgen.errors import LeadGenError
from leadgen.settings import known_names

SERVE = "from leadgen.app.server import serve; serve('127.0.0.1', 0, 1)"
WORK = "from leadgen.settings import load_settings; from leadgen.worker import run; run(load_settings())"

START_SECONDS = 30.0
STOP_SECONDS = 15.0
LOOK_SECONDS = 0.05  # between two looks at something that is about to happen
LOG_TAIL = 5  # lines shown of a process that failed

T = TypeVar("T")


@dataclass(frozen=True)
class Service:
    """A running process and its log."""

    name: str
    process: Process
    log: Path

    def check(self) -> None:
        """Raise LeadGenError, with the end of its log, when it is gone."""
        if self.process.returncode is not None:
            raise self.failure(f"ended with status {self.process.returncode}")

    def failure(self, what: str) -> LeadGenError:
        """An error about it, with the end of its log."""
        tail = "\n".join(self.log.read_text().splitlines()[-LOG_TAIL:])
        return LeadGenError(f"the {self.name} {what}\n{tail}")


@asynccontextmanager
async def running(name: str, code: str, settings: Mapping[str, str], logs: Path) -> AsyncIterator[Service]:
    """A Python process with these settings and no others; it gets SIGTERM at the end.

    It has a session of its own, so that Ctrl-C reaches us alone and everything is stopped in order.
    """
    known = known_names()
    inherited = {key: value for key, value in os.environ.items() if key.upper() not in known}
    log = logs / f"{name}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, env=inherited | dict(settings), stdin=asyncio.subprocess.DEVNULL,
            stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield Service(name, process, log)
    finally:
        await stop(process)


async def stop(process: Process) -> None:
    """SIGTERM, and SIGKILL if that does not help or nobody wants to wait."""
    if process.returncode is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except (TimeoutError, asyncio.CancelledError):
        process.kill()
        await process.wait()


async def wait_for_port(api: Service) -> str:
    """The URL that the API says it listens on."""

    async def find_address() -> str | None:
        api.check()
        found = re.search(r"running on (http://[\d.]+:\d+)", api.log.read_text())
        return found and found[1]

    async with patience(api, "does not listen"):
        return await looking(find_address)


async def wait_until_ready(api: Service, url: str) -> None:
    """Until the API takes leads, that is, its role can use the database."""
    problem = "cannot reach the database as leadgen_api: a server that wants passwords needs API_DB_PASSWORD"
    async with patience(api, problem), aiohttp.ClientSession() as client:

        async def is_ready() -> bool:
            api.check()
            async with client.get(f"{url}/health/ready") as answer:
                return answer.status == 200

        await looking(is_ready)


async def looking(look: Callable[[], Awaitable[T | None]]) -> T:
    """The first answer that is true. It looks again and again: whoever calls sets the time-out."""
    again = AsyncRetrying(retry=retry_if_result(lambda found: not found), wait=wait_fixed(LOOK_SECONDS))
    return cast(T, await again(look))


@asynccontextmanager
async def patience(service: Service, problem: str) -> AsyncIterator[None]:
    """START_SECONDS for a start; then LeadGenError."""
    try:
        async with asyncio.timeout(START_SECONDS):
            yield
    except TimeoutError:
        raise service.failure(problem) from None
