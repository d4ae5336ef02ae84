"""leadgen.app.gate, without a server."""

import resource
from ipaddress import ip_address

import pytest

from leadgen.app.gate import RESERVED_FILES, afford_connections
from leadgen.app.headers import name_network

RLIM_INFINITY = resource.RLIM_INFINITY


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("203.0.113.9", "203.0.113.9", True),
        ("203.0.113.9", "203.0.113.10", False),
        ("2001:db8::1", "2001:db8:0:0:ffff:ffff:ffff:ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
    ],
)
def test_an_origin_is_an_address_or_a_subnet(one: str, other: str, is_same: bool) -> None:
    assert (name_network(ip_address(one)) == name_network(ip_address(other))) is is_same


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "raised"),
    [
        (1024, 4096, 1000, 1000 + RESERVED_FILES),
        (1024, RLIM_INFINITY, 1000, 1000 + RESERVED_FILES),
        (RLIM_INFINITY, RLIM_INFINITY, 1000, None),
        (4096, 4096, 1000, None),
        (512, 1024, 1024 - RESERVED_FILES, 1024),
        (64, 64, 1, None),
    ],
)
def test_there_are_as_many_connections_as_files(
    monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, connections: int, raised: int | None
) -> None:
    limits = [(soft, hard)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, both: limits.append(both))
    assert afford_connections(1000) == connections
    assert limits[1:] == ([] if raised is None else [(raised, hard)])
