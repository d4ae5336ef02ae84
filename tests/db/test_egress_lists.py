"""The database vets a URL when it is saved, the worker when it connects: both by the same list of networks."""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address

import pytest

from leadgen.worker import egress
from rig.cluster import Connect

EVERY_FORM = (
    "::ffff:8.8.8.8",
    "::8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
    "2001::1",
    "fe80::1",
    "::1",
    "8.8.8.8",
)


def test_the_lists_are_the_same(connect: Connect) -> None:
    found = connect().execute("select unnest(catalog.list_special_networks())::text").fetchall()
    assert {network for (network,) in found} == {str(n) for n in egress.NOT_PUBLIC_V4 + egress.NOT_PUBLIC_V6}


def edges() -> Iterator[str]:
    """The first and last address of each network, and their neighbours."""
    networks: tuple[IPv4Network | IPv6Network, ...] = (
        *egress.NOT_PUBLIC_V4,
        *egress.NOT_PUBLIC_V6,
        egress.PUBLIC_V6,
    )
    for network in networks:
        for edge, step in ((network.network_address, -1), (network.broadcast_address, 1)):
            yield str(edge)
            if 0 <= int(edge) + step < 2**network.max_prefixlen:
                yield str(type(edge)(int(edge) + step))


@pytest.mark.parametrize("addresses", [list(edges()), list(EVERY_FORM)], ids=["edges", "forms"])
def test_both_say_the_same_of_an_address(connect: Connect, addresses: list[str]) -> None:
    query = "select host(a), catalog.is_public_address(a) from unnest(%s::inet[]) a"
    found = connect().execute(query, (addresses,)).fetchall()
    assert len(found) == len(addresses)
    wrong = [address for address, public in found if public != egress.is_public(str(ip_address(address)))]
    assert wrong == []
