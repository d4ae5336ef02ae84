"""Whether a domain takes mail, asked of the DNS before a lead's transaction; the database keeps the answer.

An MX record says yes, unless it is the null MX (RFC 7505). Without any, an address record is an MX of itself
(RFC 5321, section 5.1). A name that does not exist, or has neither, takes none. A resolver that is silent,
fails or refuses says nothing: `unknown`.
"""

import asyncio
from collections.abc import Sequence
from typing import Literal

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
import structlog
from dns.nameserver import Do53Nameserver
from dns.rrset import RRset
from prometheus_client import Counter

from leadgen.settings import DnsServer

Status = Literal["has_mail", "no_mail", "unknown"]

AT_ONCE = 64  # lookups in flight in one process
TRIES = 2  # within the deadline: a lost datagram, or a dead server before a living one

LOOKUPS = Counter("leadgen_mail_domain_lookups", "Domains asked for their mail servers.", ["status"])

log = structlog.get_logger()


class MailDomains:
    """Looks domains up, each at most once at a time."""

    def __init__(self, seconds: float, servers: Sequence[DnsServer] = ()) -> None:
        self._seconds = seconds
        self._resolver = make_resolver(seconds, servers)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._in_flight: dict[str, asyncio.Task[Status]] = {}

    async def look_up(self, domain: str) -> Status:
        """What the DNS says of a domain (ASCII form) within the deadline, waiting for a free place included."""
        task = self._in_flight.get(domain)
        if task is None:
            task = asyncio.create_task(self._look_up(domain))
            self._in_flight[domain] = task
            task.add_done_callback(lambda _: self._in_flight.pop(domain))
        return await asyncio.shield(task)  # others wait for it too

    async def _look_up(self, domain: str) -> Status:
        try:
            async with asyncio.timeout(self._seconds), self._places:
                status = await self._ask(domain)
        except (TimeoutError, OSError, dns.exception.DNSException) as error:
            log.info("mail domain unknown", cause=type(error).__name__)
            status = "unknown"
        LOOKUPS.labels(status).inc()
        return status

    async def _ask(self, domain: str) -> Status:
        try:
            name = dns.name.from_text(domain)
        except dns.exception.DNSException:
            return "no_mail"  # a name that the DNS cannot hold
        try:
            servers = await self._records(name, "MX")
            if servers is not None:
                is_null = all(record.exchange == dns.name.root for record in servers)
                return "no_mail" if is_null else "has_mail"
            for kind in ("A", "AAAA"):
                if await self._records(name, kind) is not None:
                    return "has_mail"
        except dns.resolver.NXDOMAIN:
            pass
        return "no_mail"

    async def _records(self, name: dns.name.Name, kind: str) -> RRset | None:
        """The records of a kind, None where the name has none of it. Raises NXDOMAIN, or for no answer."""
        if self._resolver is None:
            raise dns.resolver.NoResolverConfiguration
        answer = await self._resolver.resolve(name, kind, raise_on_no_answer=False)
        return answer.rrset


def make_resolver(seconds: float, servers: Sequence[DnsServer]) -> dns.asyncresolver.Resolver | None:
    """A resolver that asks these servers, else the system's; None where the system names none."""
    try:
        resolver = dns.asyncresolver.Resolver(configure=not servers)
    except dns.resolver.NoResolverConfiguration:
        log.warning("no DNS server is configured: every mail domain is unknown")
        return None
    if servers:
        resolver.nameservers = [Do53Nameserver(str(server.address), server.port) for server in servers]
    resolver.lifetime = seconds
    resolver.timeout = seconds / TRIES
    return resolver
