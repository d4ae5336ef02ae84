"""leadgen.app.headers, without a server."""

from contextlib import suppress
from hashlib import sha256
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadgen.app.headers import (
    MAX_HEADER_TEXT,
    NO_KEY_HASH,
    check_body_type,
    client_address,
    group,
    read_context,
    read_key_hash,
)
from leadgen.app.problems import Problem

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


def key_hash(**headers: str) -> str | None:
    return read_key_hash(
        {name.replace("_", "-").encode(): [value.encode()] for name, value in headers.items()}
    )


def test_a_key_is_hashed_wherever_it_is_presented() -> None:
    expected = sha256(b"lg_key").hexdigest()
    assert key_hash(authorization="Bearer lg_key") == expected
    assert key_hash(authorization="bearer   lg_key ") == expected
    assert key_hash(x_api_key="lg_key") == expected
    assert key_hash(authorization="Bearer lg_key", x_api_key="lg_key") == expected
    assert key_hash() is None


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Basic lg_key", "lg_key", "Bearer a b", "Bearerlg_key"]
)
def test_a_malformed_authorization_is_a_key_that_nobody_has(value: str) -> None:
    assert key_hash(authorization=value) == NO_KEY_HASH


@pytest.mark.parametrize("other", ["lg_other", ""])
def test_different_keys_are_refused(other: str) -> None:
    with pytest.raises(Problem):
        key_hash(authorization="Bearer lg_key", x_api_key=other)


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["203.0.113.9"], "192.0.2.1"),  # not a proxy of ours: it may claim what it likes
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["203.0.113.9", "10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.7, 203.0.113.9"], "203.0.113.9"),  # the left one is only a claim
        ("10.0.0.1", ["10.0.0.3"], "10.0.0.3"),
        ("10.0.0.1", ["unknown"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, <script>"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        ("fd00::1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("fe80::1%eth0", [], "fe80::1"),
        ("not an address", [], None),
    ],
)
def test_only_a_trusted_proxy_may_name_the_client(
    peer: str, forwarded: list[str], client: str | None
) -> None:
    assert client_address(peer, [value.encode() for value in forwarded], PROXIES) == client


def test_nobody_is_trusted_by_default() -> None:
    assert client_address("127.0.0.1", [b"203.0.113.9"], ()) == "127.0.0.1"


def test_texts_of_the_head_are_cut_and_cleaned() -> None:
    headers = group(
        [(b"user-agent", b"a\tb\x1b[31m" + b"x" * 1_000), (b"origin", b"\xff"), (b"referer", b"")]
    )
    context = read_context(headers, None, ())
    assert context["user_agent"].startswith("ab[31mxxx")
    assert len(context["user_agent"]) == MAX_HEADER_TEXT
    assert context["origin"] == "\N{REPLACEMENT CHARACTER}"


NAMES = st.sampled_from(
    [b"content-type", b"content-encoding", b"authorization", b"x-api-key", b"idempotency-key"]
)
NAMES_OF_TEXTS = st.sampled_from([b"origin", b"referer", b"user-agent", b"x-forwarded-for"])


@given(
    pairs=st.lists(st.tuples(NAMES | NAMES_OF_TEXTS, st.binary(max_size=200))),
    peer=st.none() | st.tuples(st.text(), st.just(1)),
)
def test_no_header_causes_anything_but_a_problem(pairs: list[tuple[bytes, bytes]], peer: object) -> None:
    headers = group(pairs)
    with suppress(Problem):
        check_body_type(headers)
    with suppress(Problem):
        read_context(headers, peer, PROXIES)
