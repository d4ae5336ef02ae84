"""What the head of a request says: its body's type, who calls, from where, under which idempotency key."""

import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from leadgen.app.problems import UNSUPPORTED, Problem

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]
Headers = dict[bytes, list[bytes]]

MAX_IDEMPOTENCY_KEY = 128
SUBNET = 64  # bits: the least that a holder of IPv6 has
MAX_HEADER_TEXT = 500
UTF_8 = (b"charset=utf-8", b"charset=utf8")

# Presented in place of a key that is missing or malformed: nobody knows a key with this digest, so the
# database refuses it as it refuses a wrong one, with the same words in the same time.
NO_KEY_HASH = sha256(secrets.token_bytes(32)).hexdigest()

_BEARER = re.compile(rb"bearer +(\S+)", re.IGNORECASE)


def group(pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
    """The raw headers of a request by name, in the order they came."""
    headers: Headers = {}
    for name, value in pairs:
        headers.setdefault(name, []).append(value)
    return headers


def check_body_type(headers: Headers) -> None:
    """Raise Problem (415) unless the body is announced as plain JSON in UTF-8."""
    _check_type(headers, _is_json_in_utf8, "application/json, in UTF-8")


def check_lead_type(headers: Headers) -> None:
    """Raise Problem (415) unless the body is announced as plain JSON in UTF-8; a form is another's to read."""
    _check_type(headers, _is_json_in_utf8, "application/json in UTF-8, or an HTML form")


def check_encoding(headers: Headers) -> None:
    """Raise Problem (415) for a compressed body."""
    if b"content-encoding" in headers:
        found = "an encoded (compressed) body"
        raise Problem.of_field("Content-Encoding", found, "none", UNSUPPORTED, Accept_Encoding="identity")


def check_form_type(headers: Headers) -> None:
    """Raise Problem (415) unless the body is announced as a form, URL-encoded in UTF-8."""
    _check_type(headers, _is_form_in_utf8, "application/x-www-form-urlencoded, in UTF-8")


def read_context(headers: Headers, peer: Any, trusted: Networks) -> dict[str, str]:
    """The `context` of leadgen.submit_lead: what the request says of its sender.

    Keys: api_key_hash, idempotency_key, origin, referer, user_agent, ip_address; absent where nothing is
    said. Raises Problem for a header that is malformed or ambiguous.
    """
    context = {
        name: _clean(headers[header][0])
        for name, header in (("origin", b"origin"), ("referer", b"referer"), ("user_agent", b"user-agent"))
        if header in headers
    }
    if b"idempotency-key" in headers:
        context["idempotency_key"] = read_idempotency_key(headers[b"idempotency-key"])
    return context | read_caller(headers, peer, trusted)


def read_caller(headers: Headers, peer: Any, trusted: Networks) -> dict[str, str]:
    """Who calls: api_key_hash and ip_address, absent where nothing is said. Raises Problem for two different keys."""
    caller = read_address_of_caller(headers, peer, trusted)
    if (key_hash := read_key_hash(headers)) is not None:
        caller["api_key_hash"] = key_hash
    return caller


def read_address_of_caller(headers: Headers, peer: Any, trusted: Networks) -> dict[str, str]:
    """From where somebody calls, of whom no key is asked: ip_address, absent where nothing is known."""
    forwarded = headers.get(b"x-forwarded-for", [])
    address = client_address(peer[0], forwarded, trusted) if peer else None
    return {"ip_address": address} if address else {}


def read_idempotency_key(values: list[bytes]) -> str:
    """The one key in the Idempotency-Key headers."""
    name = "Idempotency-Key"
    allowed = f"1 to {MAX_IDEMPOTENCY_KEY} characters, none of them control characters"
    if len(values) > 1:
        raise Problem.of_field(name, f"{len(values)} headers", "one header")
    try:
        key = values[0].decode()
    except UnicodeDecodeError:
        raise Problem.of_field(name, "bytes that are not UTF-8", allowed) from None
    if not key.strip():
        raise Problem.of_field(name, "an empty text", allowed)
    if len(key) > MAX_IDEMPOTENCY_KEY:
        raise Problem.of_field(name, f"text of {len(key)} characters", allowed)
    if not key.isprintable():
        raise Problem.of_field(name, "control characters", allowed)
    return key


def read_key_hash(headers: Headers) -> str | None:
    """The SHA-256 of the API key in Authorization or X-API-Key, hexadecimal; None when no key is presented.

    What is malformed hashes to NO_KEY_HASH. Raises Problem when two different keys are presented.
    """
    presented = {_bearer(value) for value in headers.get(b"authorization", [])}
    presented.update(value.strip() for value in headers.get(b"x-api-key", []))
    if not presented:
        return None
    if len(presented) > 1:
        raise Problem.of_field("Authorization, X-API-Key", "two different keys", "one key")
    key = presented.pop()
    return sha256(key).hexdigest() if key else NO_KEY_HASH


def key_hash_of(caller: dict[str, str]) -> str:
    """The hash of the key that a caller presented; where it presented none, one that nobody's key has."""
    return caller.get("api_key_hash", NO_KEY_HASH)


def client_address(peer: str, forwarded: list[bytes], trusted: Networks) -> str | None:
    """The address of the client: the socket's peer, or whom a trusted proxy names in X-Forwarded-For.

    The list is read from its right end, as each proxy appends; the first address that is not a trusted
    proxy's counts.
    """
    address = read_address(peer)
    if address is None:
        return None
    hops = b",".join(forwarded).decode("latin-1").split(",") if forwarded and trusted else []
    while hops and any(address in network for network in trusted):
        before = read_address(hops.pop())
        if before is None:
            break
        address = before
    return str(address)


def read_address(text: str) -> Address | None:
    """The address in a text, without a zone (`%eth0`), unwrapped from IPv6 where it is IPv4; or None."""
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def name_network(address: Address) -> str:
    """Whose an address is: itself, or its /64 in IPv6, all of which is one customer's (intake.name_network)."""
    if address.version == 4:
        return str(address)
    return str(IPv6Network((int(address), SUBNET), strict=False))


def _check_type(headers: Headers, is_allowed: Callable[[bytes], bool], allowed: str) -> None:
    check_encoding(headers)
    types = headers.get(b"content-type", [])
    if len(types) != 1 or not is_allowed(types[0]):
        found = "another type" if types else "none"
        raise Problem.of_field("Content-Type", found, allowed, UNSUPPORTED)


def _is_json_in_utf8(content_type: bytes) -> bool:
    kind, in_utf8 = read_type(content_type)
    is_json = kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))
    return is_json and in_utf8


def _is_form_in_utf8(content_type: bytes) -> bool:
    kind, in_utf8 = read_type(content_type)
    return kind == b"application/x-www-form-urlencoded" and in_utf8


def read_type(content_type: bytes) -> tuple[bytes, bool]:
    """The media type, and whether its charset, if it has one, is UTF-8."""
    kind, *parameters = content_type.lower().replace(b" ", b"").replace(b'"', b"").split(b";")
    return kind, all(p in UTF_8 for p in parameters if p.startswith(b"charset="))


def _bearer(value: bytes) -> bytes:
    found = _BEARER.fullmatch(value.strip())
    return found[1] if found else b""


def _clean(value: bytes) -> str:
    text = value.decode("utf-8", "replace")
    if not text.isprintable():
        text = "".join(c for c in text if c.isprintable())
    return text[:MAX_HEADER_TEXT]
