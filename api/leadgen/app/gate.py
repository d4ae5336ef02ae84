"""The open connections of this process: how many there may be, and what happens at their deadlines."""

import asyncio
import resource
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import structlog

from leadgen.app.headers import Address, Networks, client_address, name_network, read_address
from leadgen.app.metrics import CONNECTIONS, REFUSED
from leadgen.app.problems import TOO_MANY, UNAVAILABLE, Problem
from leadgen.settings import load_settings

SWEEP_SECONDS = 0.5  # between two looks at the deadlines of all connections
RESERVED_FILES = 128  # for the database, DNS, the log and connections that are being refused
LOG_SECONDS = 60  # between two warnings of one kind

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one connection may send, and how long it may take. Bytes and seconds."""

    url_bytes: int = 8_192
    header_bytes: int = 16_384  # one header, name and value
    head_bytes: int = 32_768  # all headers; also trailers, and what comes between two pieces of a body
    headers: int = 100  # lines
    pipelined: int = 8  # requests that wait while one is answered
    head_seconds: float = 10
    body_seconds: float = 20  # and one second more for each body_rate bytes that came
    body_rate: int = 1_000
    write_seconds: float = 30  # until a client reads enough of its answer for more to be sent
    linger_seconds: float = 2  # a client may read its refusal before the connection is reset
    linger_bytes: int = 1_048_576  # of what it goes on sending meanwhile


class Connection(Protocol):
    """What the gate knows of a connection."""

    origin: str | None  # what it is counted under; None: a trusted proxy, or a socket file
    waits_since: float  # when it began to wait for a head

    @property
    def is_waiting(self) -> bool:
        """Whether it has no request under way: idle, or its head is incomplete."""

    def keep_time(self, now: float) -> None:
        """Do what is due when a deadline has passed."""

    def drop(self) -> None:
        """Cut the connection at once."""


class Gate:
    """The connections of one process."""

    def __init__(self, connections: int, per_address: int, trusted: Networks) -> None:
        self.bounds = Bounds()
        self._most = connections
        self._most_of_one = per_address
        self._trusted = trusted
        self._connections = set[Connection]()
        self._counts = Counter[str]()
        self._is_sweeping = False
        self._logged_at = float("-inf")

    def enter(self, connection: Connection, peer: str | None) -> Problem | None:
        """Count a new connection. Returns why it is refused, if it is; it leaves in either case."""
        address = read_address(peer) if peer else None
        connection.origin = None if address is None or self.trusts(address) else name_network(address)
        self._connections.add(connection)
        CONNECTIONS.set(len(self._connections))
        self._start_sweeping()
        if connection.origin is not None and not self.take(connection.origin):
            connection.origin = None
            self._warn(address)
            return self.too_many("connections")
        if len(self._connections) > self._most and not self._make_room(connection):
            return Problem(UNAVAILABLE, f"All {self._most} connections are in use")
        return None

    def leave(self, connection: Connection) -> None:
        """Forget a connection that is lost."""
        self._connections.discard(connection)
        CONNECTIONS.set(len(self._connections))
        if connection.origin is not None:
            self.give_back(connection.origin)

    def trusts(self, address: Address) -> bool:
        """Whether the address is a proxy's of TRUSTED_PROXIES."""
        return any(address in network for network in self._trusted)

    def find_origin(self, peer: str, forwarded: Sequence[bytes]) -> str | None:
        """What a request from a trusted proxy is counted under; None if the proxy names no client."""
        address = read_address(client_address(peer, list(forwarded), self._trusted) or "")
        return None if address is None or self.trusts(address) else name_network(address)

    def take(self, origin: str) -> bool:
        """Take one of the places of an origin. False: all are taken."""
        if self._counts[origin] >= self._most_of_one:
            return False
        self._counts[origin] += 1
        return True

    def give_back(self, origin: str) -> None:
        """Give back what `take` took."""
        self._counts[origin] -= 1
        if not self._counts[origin]:
            del self._counts[origin]

    def too_many(self, what: str) -> Problem:
        """The refusal when an origin's places are all taken."""
        detail = f"Too many {what} from one address at once; allowed: {self._most_of_one}"
        return Problem(TOO_MANY, detail)

    def _make_room(self, newcomer: Connection) -> bool:
        """Drop the connection that waits longest for a head, of whoever has most connections."""
        waiting = [one for one in self._connections if one is not newcomer and one.is_waiting]
        if not waiting:
            return False
        chosen = max(waiting, key=lambda one: (self._counts[one.origin or ""], -one.waits_since))
        REFUSED.labels("crowded-out").inc()
        chosen.drop()
        return True

    def _start_sweeping(self) -> None:
        if not self._is_sweeping:
            self._is_sweeping = True
            asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        for connection in list(self._connections):
            connection.keep_time(loop.time())
        self._is_sweeping = bool(self._connections)
        if self._is_sweeping:
            loop.call_later(SWEEP_SECONDS, self._sweep)

    def _warn(self, address: Address | None) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._logged_at < LOG_SECONDS:
            return
        self._logged_at = now
        is_private = address is not None and address.is_private
        hint = "if this is a proxy, name it in TRUSTED_PROXIES" if is_private else None
        log.warning(
            "too many connections from one address",
            allowed=self._most_of_one,
            is_private=is_private,
            hint=hint,
        )


@cache
def gate_of_process() -> Gate:
    """The one gate of this process, by its settings."""
    settings = load_settings()
    connections = afford_connections(settings.max_connections)
    return Gate(connections, settings.max_connections_per_address, settings.trusted_proxies)


def afford_connections(wanted: int) -> int:
    """As many of the connections as the system gives files for; its soft limit is raised for them."""
    soft, hard = (
        float("inf") if limit == resource.RLIM_INFINITY else limit
        for limit in resource.getrlimit(resource.RLIMIT_NOFILE)
    )
    files = min(wanted + RESERVED_FILES, hard)
    if soft < files:
        limits = int(files), resource.RLIM_INFINITY if hard == float("inf") else int(hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    affordable = max(1, int(files) - RESERVED_FILES)
    if affordable < wanted:
        log.warning("fewer connections than MAX_CONNECTIONS", allowed=affordable, open_files=files)
    return affordable
