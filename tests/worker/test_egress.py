"""Whom a webhook may reach: every spelling of an address that is not public is refused."""

import asyncio
import socket
import threading
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from leadgen.worker import checks, egress
from leadgen.worker.attempt import Refused, attempt_delivery
from leadgen.worker.checks import find_fault
from leadgen.worker.egress import Egress, ThreadedNames, VettingResolver, is_public
from leadgen.worker.webhook import WebhookSender
from rig.waiting import PATIENCE
from worker.receivers import delivery, raw_server

PRODUCTION = Egress(development=False)
DEVELOPMENT = Egress(development=True)

NOT_PUBLIC = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
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
    "168.63.129.15",
    "168.63.129.17",
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


async def connects(rule: Egress, host: str) -> bool:
    """Whether a delivery to this host opens a connection to this machine."""
    connected = asyncio.Event()

    async def talk(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        connected.set()

    async with raw_server(talk) as port, WebhookSender(2, rule) as sender:
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


class Changing(AbstractResolver):
    """A resolver whose answer changes at each question, as an attacker's does."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return await Names(answer).resolve(host, port, family)

    async def close(self) -> None:
        pass


async def contacted(names: AbstractResolver, development: bool = False, times: int = 1) -> tuple[Any, bool]:
    """The last result of deliveries to a name, and whether this machine was contacted."""
    connected = asyncio.Event()

    async def talk(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        connected.set()

    async with raw_server(talk) as port, WebhookSender(1, Egress(development, names)) as sender:
        for _ in range(times):
            result = await attempt_delivery(sender, delivery(f"https://buyer.example:{port}/leads"))
    return result, connected.is_set()


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("::1",),
        ("10.1.2.3",),
        ("169.254.169.254",),
        ("::ffff:127.0.0.1",),
        ("93.184.216.34", "127.0.0.1"),
        ("127.0.0.1", "93.184.216.34"),
        ("2606:4700::1111", "::1"),
    ],
)
async def test_name_that_resolves_to_a_private_address_or_to_both_is_refused(
    addresses: tuple[str, ...],
) -> None:
    """FAULTS 25."""
    result, was_contacted = await contacted(Names(*addresses))
    assert (result["outcome"], result["error"]) == ("refused", "the address is not public")
    assert result["error_class"] == "egress"
    assert not was_contacted


async def test_name_that_was_public_when_it_was_vetted_is_vetted_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """FAULTS 25: public when it was saved, private when it is connected."""
    monkeypatch.setattr(egress, "DNS_CACHE_SECONDS", 0)
    names = Changing("93.184.216.34", "127.0.0.1")
    assert (
        await find_fault("https://buyer.example/leads", PRODUCTION, VettingResolver(PRODUCTION, names))
        is None
    )
    result, was_contacted = await contacted(names)
    assert (result["outcome"], result["error"]) == ("refused", "the address is not public")
    assert names.asked == 2
    assert not was_contacted


async def test_address_that_was_vetted_is_the_one_that_is_connected() -> None:
    """The name is asked for once a connection: there is no second answer to slip in."""
    names = Changing("127.0.0.1", "10.0.0.1")
    _, was_contacted = await contacted(names, development=True)
    assert names.asked == 1
    assert was_contacted


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("https://buyer.example/leads", None),
        ("http://buyer.example/leads", "the URL is not https"),
        ("https://", "the URL is not valid"),
        ("https://10.0.0.1/", "the address is not public"),
        ("https://[::1]:8443/", "the address is not public"),
    ],
)
async def test_check_of_an_endpoint(target: str, fault: str | None) -> None:
    class Literal(Names):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
        ) -> list[ResolveResult]:
            self.addresses = ("8.8.8.8",) if host == "buyer.example" else (host,)
            return await super().resolve(host, port, family)

    assert await find_fault(target, PRODUCTION, VettingResolver(PRODUCTION, Literal())) == fault


@pytest.mark.parametrize("error", [socket.gaierror(-2, "unknown"), OSError("no route"), TimeoutError()])
async def test_name_that_cannot_be_looked_up_is_no_fault(error: Exception) -> None:
    class Dead(Names):
        async def resolve(self, *_: object) -> list[ResolveResult]:
            raise error

    assert await find_fault("https://buyer.example/", PRODUCTION, VettingResolver(PRODUCTION, Dead())) is None


async def test_check_of_a_name_that_hangs_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(Names):
        async def resolve(self, *_: object) -> list[ResolveResult]:
            await asyncio.sleep(60)
            return []

    monkeypatch.setattr(checks, "CHECK_SECONDS", 0.05)
    async with asyncio.timeout(30):
        names = VettingResolver(PRODUCTION, Silent())
        assert await find_fault("https://buyer.example/", PRODUCTION, names) is None


async def test_lookups_that_hang_hold_up_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """FAULTS 22: more dead name servers than the event loop has threads."""
    release = threading.Event()
    real = egress.look_up

    def look_up(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
        if host.startswith("dead"):
            release.wait(PATIENCE)
        return real(host, port, family)

    monkeypatch.setattr(egress, "look_up", look_up)
    names = ThreadedNames()
    hanging = [asyncio.create_task(names.resolve(f"dead{i}.localhost")) for i in range(egress.LOOKUPS - 1)]
    try:
        await asyncio.sleep(0.05)
        async with asyncio.timeout(PATIENCE / 2):
            assert (await names.resolve("127.0.0.1", 443))[0]["host"] == "127.0.0.1"
    finally:
        release.set()
        await asyncio.gather(*hanging, return_exceptions=True)


async def test_name_that_is_no_name_does_not_resolve() -> None:
    for name in ("a" * 300, "x..y", "\ud800"):
        with pytest.raises(socket.gaierror):
            await ThreadedNames().resolve(name, 443)


async def test_one_private_address_refuses_the_name() -> None:
    mixed = VettingResolver(PRODUCTION, Names("8.8.8.8", "10.0.0.1"))
    with pytest.raises(Refused):
        await mixed.resolve("both.example", 443)
    clean = VettingResolver(PRODUCTION, Names("8.8.8.8"))
    assert [found["host"] for found in await clean.resolve("good.example", 443)] == ["8.8.8.8"]
