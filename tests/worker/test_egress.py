"""Whom a webhook may reach: every spelling of an address that is not public is refused."""

import asyncio
import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from leadgen.worker.attempt import Refused, attempt_delivery
from leadgen.worker.egress import Egress, VettingResolver, is_public
from leadgen.worker.webhook import WebhookSender
from worker.receivers import delivery, raw_server

PRODUCTION = Egress(development=False)
DEVELOPMENT = Egress(development=True)

NOT_PUBLIC = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "172.32.0.1",
    "192.0.1.1",
    "2606:4700::1111",
    "2a00:1450:4001::1",
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_address_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_wrapped_addresses_are_never_public(address: object) -> None:
    """Mapped, compatible and NAT64 forms reach IPv4 by a side door."""
    for wrapped in (f"::ffff:{address}", f"::{address}", f"64:ff9b::{address}"):
        assert not is_public(wrapped)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "leads",
        "https://",
        "http://x/",
        "ftp://x/",
        "https://x:99999/",
        "https:///x",
        "https://[::1/",
        "file:///x",
    ],
)
def test_url_is_refused(url: str) -> None:
    with pytest.raises(Refused):
        PRODUCTION.check_url(url)


def test_http_is_for_development_only() -> None:
    assert DEVELOPMENT.check_url("http://127.0.0.1:8000/x").port == 8000
    assert PRODUCTION.check_url("https://buyer.example/x").host == "buyer.example"


@pytest.mark.parametrize("address", ["10.0.0.1", "169.254.169.254", "fe80::1", "0.0.0.0"])
def test_development_opens_loopback_and_no_more(address: str) -> None:
    DEVELOPMENT.check_address("127.0.0.1")
    DEVELOPMENT.check_address("::1")
    with pytest.raises(Refused):
        DEVELOPMENT.check_address(address)


LOOPBACK = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "localhost",
    "localhost.",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[0:0:0:0:0:0:0:1]",
    "\N{FULLWIDTH DIGIT ONE}\N{FULLWIDTH DIGIT TWO}\N{FULLWIDTH DIGIT SEVEN}.0.0.1",
    "\N{CIRCLED DIGIT ONE}\N{CIRCLED DIGIT TWO}\N{CIRCLED DIGIT SEVEN}.0.0.1",
]


async def connects(egress: Egress, host: str) -> bool:
    """Whether a delivery to this host opens a connection to this machine."""
    connected = asyncio.Event()

    async def talk(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        connected.set()

    async with raw_server(talk) as port, WebhookSender(2, egress) as sender:
        result = await attempt_delivery(sender, delivery(f"https://{host}:{port}/leads"))
    assert result["outcome"] in ("refused", "failed")
    return connected.is_set()


@pytest.mark.parametrize("host", LOOPBACK)
async def test_no_spelling_reaches_this_machine(host: str) -> None:
    assert not await connects(PRODUCTION, host)


async def test_development_does_reach_it() -> None:
    """What the test above would see if the guard were open."""
    assert await connects(DEVELOPMENT, "localhost")


async def test_private_address_is_refused_with_a_reason() -> None:
    async with WebhookSender(2, PRODUCTION) as sender:
        result = await attempt_delivery(sender, delivery("https://localhost:1/leads"))
    assert (result["outcome"], result["error"]) == ("refused", "the address is not public")


class Names(AbstractResolver):
    """A resolver that gives these addresses for any name."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)
            for address in self.addresses
        ]

    async def close(self) -> None:
        pass


async def test_one_private_address_refuses_the_name() -> None:
    mixed = VettingResolver(PRODUCTION, Names("8.8.8.8", "10.0.0.1"))
    with pytest.raises(Refused):
        await mixed.resolve("both.example", 443)
    clean = VettingResolver(PRODUCTION, Names("8.8.8.8"))
    assert [found["host"] for found in await clean.resolve("good.example", 443)] == ["8.8.8.8"]
