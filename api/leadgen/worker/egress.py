"""Whom a webhook may reach: the public internet, and in development this machine as well.

The rule is enforced where it cannot be evaded: on the addresses that a name resolved to (one bad address
refuses the name), and on the address of every socket about to be connected, where literals of any spelling
end too. The address that was vetted is the one that is connected.
"""

import asyncio
import ipaddress
import re
import socket
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Network, IPv6Network
from threading import Thread
from urllib.parse import quote

from aiohttp import TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType
from yarl import URL

from leadgen.answer import BoundedConnector
from leadgen.worker.attempt import Refused

DNS_CACHE_SECONDS = 10
LOOKUPS = 32  # at once: names that hang hold up no others
URL_TEXT = re.compile(
    r"[!-\[\]-~]+"
)  # printable ASCII without space and backslash, as check_webhook_url wants it
NOT_OF_A_URL = re.compile(r'["<>^`{|}]')
IDLE_SECONDS = 4  # many servers close after 5: a request that crosses the closing would end as unknown

# The IANA special-purpose registry. `ipaddress.is_global` has holes in Python 3.11 (NAT64, 6to4 and others).
NOT_PUBLIC_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own services, at an address of the internet (Azure)
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Only 2000::/3 is handed out; what wraps IPv4 (mapped, NAT64) lies outside of it, Teredo and 6to4 inside.
PUBLIC_V6 = IPv6Network("2000::/3")
NOT_PUBLIC_V6 = tuple(
    IPv6Network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


class Egress:
    """The rule, for one environment."""

    def __init__(self, development: bool, names: AbstractResolver | None = None) -> None:
        self._development = development
        self._names = names

    def check_url(self, url: str) -> URL:
        """The parsed URL, to be sent as it is written: a signed URL holds in one spelling only.

        Raises Refused when it is malformed or of a scheme that is not allowed.
        """
        try:
            parsed = URL(NOT_OF_A_URL.sub(lambda found: quote(found[0]), url), encoded=True)
            usable = bool(URL_TEXT.fullmatch(url)) and bool(parsed.host) and parsed.port is not None
        except ValueError:
            usable = False
        if not usable:
            raise Refused("the URL is not valid", "egress")
        if parsed.scheme not in (("https", "http") if self._development else ("https",)):
            raise Refused("the URL is not https", "egress")
        return parsed

    def check_address(self, address: str) -> None:
        """Raises Refused unless this literal address, as the socket will use it, may be connected to."""
        ip = ipaddress.ip_address(address.partition("%")[0])
        if not (is_public(address) or (self._development and any(ip in block for block in LOOPBACK))):
            raise Refused("the address is not public", "egress")

    def connector(self) -> TCPConnector:
        """A connector for aiohttp that reaches only what the rule allows."""
        return BoundedConnector(
            limit=0,
            resolver=self.resolver(),
            ttl_dns_cache=DNS_CACHE_SECONDS,
            keepalive_timeout=IDLE_SECONDS,
            socket_factory=self._open_socket,
        )

    def resolver(self) -> "VettingResolver":
        """A resolver that refuses names with an address that the rule does not allow."""
        return VettingResolver(self, self._names or ThreadedNames())

    def _open_socket(self, addr_info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = addr_info
        self.check_address(str(address[0]))
        return socket.socket(family, kind, protocol)


class VettingResolver(AbstractResolver):
    """Resolves a name, and refuses it when any of its addresses may not be connected to."""

    def __init__(self, egress: Egress, names: AbstractResolver) -> None:
        self._egress = egress
        self._names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._names.resolve(host, port, family)
        for result in found:
            self._egress.check_address(result["host"])
        return found

    async def close(self) -> None:
        await self._names.close()


class ThreadedNames(AbstractResolver):
    """The system's resolver, in threads of its own that no exit waits for.

    The event loop's threads are few: some buyers' dead name servers would stop the lookups of all others.
    """

    def __init__(self, lookups: int = LOOKUPS) -> None:
        self._places = asyncio.Semaphore(lookups)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[ResolveResult]] = loop.create_future()
        Thread(target=self._look_up, args=(loop, answer, host, port, family), daemon=True).start()
        return await answer

    async def close(self) -> None:
        pass

    def _look_up(
        self,
        loop: asyncio.AbstractEventLoop,
        answer: asyncio.Future[list[ResolveResult]],
        host: str,
        port: int,
        family: socket.AddressFamily,
    ) -> None:
        try:
            tell = partial(answer.set_result, look_up(host, port, family))
        except OSError as error:
            tell = partial(answer.set_exception, error)
        except UnicodeError:  # a label that is no host name's
            tell = partial(answer.set_exception, socket.gaierror(socket.EAI_NONAME, "no host name"))
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(self._hand_over, answer, tell)

    def _hand_over(self, answer: asyncio.Future[list[ResolveResult]], tell: partial[None]) -> None:
        self._places.release()
        if not answer.done():
            tell()


def look_up(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
    """The addresses of a name; blocks. Raises OSError."""
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [
        ResolveResult(
            hostname=host,
            host=str(address[0]),
            port=int(address[1]),
            family=kind,
            proto=protocol,
            flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
        )
        for kind, _, protocol, _, address in found
    ]


def is_public(address: str) -> bool:
    """True for an address of the public internet. Takes canonical literals, as sockets give them."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in block for block in NOT_PUBLIC_V4)
    return ip in PUBLIC_V6 and not any(ip in block for block in NOT_PUBLIC_V6)
