"""Whether a domain takes mail, asked of a DNS server on loopback."""

import asyncio
import time
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from api.dns_server import GARBLED, LOST_ONCE, SILENT, SLOW, DnsRig, dns_server
from leadgen import mail_domains
from leadgen.mail_domains import MailDomains
from leadgen.settings import DnsServer

SECONDS = 1.0


@pytest.fixture(scope="module")
def shared_rig() -> Iterator[DnsRig]:
    with dns_server() as rig:
        yield rig


@pytest.fixture
def rig(shared_rig: DnsRig) -> DnsRig:
    shared_rig.asked.clear()
    return shared_rig


@pytest.mark.parametrize(
    ("domain", "status"),
    [
        ("mail.example", "has_mail"),
        ("null-mx.example", "no_mail"),
        ("address.example", "has_mail"),
        ("address6.example", "has_mail"),
        ("alias.example", "has_mail"),
        ("text-only.example", "no_mail"),
        ("no-such.example", "no_mail"),
        (f"{'x' * 64}.example", "no_mail"),
        ("two..dots.example", "no_mail"),
        ("servfail.example", "unknown"),
        ("refused.example", "unknown"),
        ("notimp.example", "unknown"),
        (GARBLED, "unknown"),
    ],
)
async def test_what_the_dns_says(domain: str, status: str, rig: DnsRig) -> None:
    assert await MailDomains(SECONDS, [rig.server]).look_up(domain) == status


async def test_a_name_that_exists_without_mx_is_asked_for_its_addresses(rig: DnsRig) -> None:
    domains = MailDomains(SECONDS, [rig.server])
    await domains.look_up("text-only.example")
    assert set(rig.asked) == {("text-only.example", kind) for kind in ("MX", "A", "AAAA")}
    rig.asked.clear()
    await domains.look_up("no-such.example")
    assert set(rig.asked) == {("no-such.example", "MX")}


async def test_a_silent_server_is_unknown_at_the_deadline(rig: DnsRig) -> None:
    started = time.monotonic()
    assert await MailDomains(0.2, [rig.server]).look_up(SILENT) == "unknown"
    assert 0.1 < time.monotonic() - started < SECONDS


async def test_the_deadline_is_for_all_questions_together(rig: DnsRig) -> None:
    """`slow` answers each in 0.3 s: in time for 1 s, too late for 0.2 s."""
    assert await MailDomains(SECONDS, [rig.server]).look_up(SLOW) == "has_mail"
    assert await MailDomains(0.2, [rig.server]).look_up(SLOW) == "unknown"


async def test_a_lost_datagram_is_asked_again_within_the_deadline(rig: DnsRig) -> None:
    assert await MailDomains(SECONDS, [rig.server]).look_up(LOST_ONCE) == "has_mail"


async def test_nobody_at_the_port_is_unknown() -> None:
    with dns_server() as gone:
        pass
    assert await MailDomains(0.3, [gone.server]).look_up("mail.example") == "unknown"


async def test_a_dead_server_before_a_living_one_costs_half_of_the_deadline(rig: DnsRig) -> None:
    with dns_server() as gone:
        pass
    assert await MailDomains(SECONDS, [gone.server, rig.server]).look_up("mail.example") == "has_mail"


async def test_who_asks_for_a_domain_in_flight_shares_its_answer(rig: DnsRig) -> None:
    domains = MailDomains(SECONDS, [rig.server])
    assert await asyncio.gather(*(domains.look_up(SLOW) for _ in range(20))) == ["has_mail"] * 20
    assert rig.asked[SLOW, "MX"] == 1
    await domains.look_up(SLOW)
    assert rig.asked[SLOW, "MX"] == 2, "a finished lookup is not kept here: the database keeps it"


async def test_a_caller_who_leaves_takes_nothing_from_the_others(rig: DnsRig) -> None:
    domains = MailDomains(SECONDS, [rig.server])
    first = asyncio.create_task(domains.look_up(SLOW))
    second = asyncio.create_task(domains.look_up(SLOW))
    await asyncio.sleep(0.05)
    first.cancel()
    assert await second == "has_mail"


async def test_lookups_in_flight_are_bounded_and_waiting_counts(
    rig: DnsRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_domains, "AT_ONCE", 2)
    domains = MailDomains(
        3.0, [rig.server]
    )  # long beside the tenth below, also where the loop stands for a while
    silent = [asyncio.create_task(domains.look_up(SILENT))]
    silent.append(asyncio.create_task(domains.look_up(SLOW)))
    await asyncio.sleep(0)
    monkeypatch.setattr(domains, "_seconds", 0.1)
    assert await domains.look_up("mail.example") == "unknown", "both places were taken until its deadline"
    assert rig.asked["mail.example", "MX"] == 0
    assert await asyncio.gather(*silent) == ["unknown", "unknown"]
    monkeypatch.setattr(domains, "_seconds", SECONDS)
    assert await domains.look_up("mail.example") == "has_mail", "the places are free again"


async def test_without_any_configured_server_every_domain_is_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mail_domains, "make_resolver", lambda *_: None)
    assert await MailDomains(SECONDS).look_up("mail.example") == "unknown"


def test_a_server_at_an_ipv6_address_is_asked_there() -> None:
    resolver = mail_domains.make_resolver(2, [DnsServer(ip_address("2001:db8::53"), 5353)])
    assert resolver is not None
    assert [str(server) for server in resolver.nameservers] == ["Do53:2001:db8::53@5353"]
