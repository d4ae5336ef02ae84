"""A DNS server on loopback whose answers a test chooses."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from leadgen.settings import DnsServer

Zone = dict[
    str, dict[str, list[str]]
]  # domain: {record type: [record, …]}; a domain that is absent does not exist

ZONE: Zone = {
    "mail.example": {"MX": ["20 backup.mail.example.", "10 mx.mail.example."]},
    "null-mx.example": {"MX": ["0 ."], "A": ["192.0.2.1"]},
    "address.example": {"A": ["192.0.2.1"]},
    "address6.example": {"AAAA": ["2001:db8::1"]},
    "text-only.example": {"TXT": ["nothing"]},
    "alias.example": {"CNAME": ["mail.example."]},
}
BROKEN = {
    "servfail.example": dns.rcode.SERVFAIL,
    "refused.example": dns.rcode.REFUSED,
    "notimp.example": dns.rcode.NOTIMP,
}
SILENT = "silent.example"
GARBLED = "garbled.example"
LOST_ONCE = "lost-once.example"
SLOW = "slow.example"
SLOW_SECONDS = 0.3


@dataclass
class DnsRig:
    """A running server and what it was asked: Counter of (domain, record type)."""

    server: DnsServer
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def setting(self) -> str:
        """What DNS_SERVERS says to use it."""
        return f"{self.server.address}:{self.server.port}"


@contextmanager
def dns_server() -> Iterator[DnsRig]:
    """Answers from ZONE and BROKEN, over UDP, until the end of the `with`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.bind(("127.0.0.1", 0))
        rig = DnsRig(DnsServer(ip_address("127.0.0.1"), endpoint.getsockname()[1]))
        stop = threading.Event()
        thread = threading.Thread(target=_serve, args=(endpoint, rig, stop))
        thread.start()
        try:
            yield rig
        finally:
            stop.set()
            endpoint.sendto(b"stop", endpoint.getsockname())
            thread.join()


def _serve(endpoint: socket.socket, rig: DnsRig, stop: threading.Event) -> None:
    with ThreadPoolExecutor(16) as answering:
        while True:
            data, client = endpoint.recvfrom(4096)
            if stop.is_set():
                return
            answering.submit(_answer, endpoint, rig, dns.message.from_wire(data), client)


def _answer(
    endpoint: socket.socket, rig: DnsRig, query: dns.message.Message, client: tuple[str, int]
) -> None:
    question = query.question[0]
    domain = question.name.to_text(omit_final_dot=True)
    kind = dns.rdatatype.to_text(question.rdtype)
    rig.asked[domain, kind] += 1
    if domain == SILENT or (domain == LOST_ONCE and rig.asked[domain, kind] == 1):
        return
    if domain == GARBLED:
        endpoint.sendto(query.to_wire()[:2] + b"\xff" * 30, client)
        return
    if domain == SLOW:
        time.sleep(SLOW_SECONDS)
    endpoint.sendto(reply(query, domain, kind).to_wire(), client)


def reply(query: dns.message.Message, domain: str, kind: str) -> dns.message.Message:
    """The message that answers a query from ZONE and BROKEN; a CNAME is followed one step."""
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    records = {LOST_ONCE: {"MX": ["10 mx.example."]}, SLOW: {"MX": ["10 mx.example."]}} | ZONE
    if domain in BROKEN:
        response.set_rcode(BROKEN[domain])
    elif domain not in records:
        response.set_rcode(dns.rcode.NXDOMAIN)
    else:
        while alias := records[domain].get("CNAME"):
            response.answer.append(dns.rrset.from_text(f"{domain}.", 60, "IN", "CNAME", alias[0]))
            domain = alias[0].rstrip(".")
        if found := records[domain].get(kind):
            response.answer.append(dns.rrset.from_text(f"{domain}.", 60, "IN", kind, *found))
    return response
