"""API keys as they are made: lg_b_k7m2x9qa_ and 32 letters. The database gets the prefix and SHA-256 of the whole."""

import secrets
from hashlib import sha256
from typing import NamedTuple

LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # 32, so 5 bits each; none that reads like another
PREFIX, SECRET = 8, 32  # letters: the secret has 160 bits
KINDS = {"source": "s", "buyer": "b", "operator": "o", "user": "u"}


class NewKey(NamedTuple):
    """A key that was just made, and what is kept of it."""

    text: str
    prefix: str
    digest: str


def make_key(kind: str) -> NewKey:
    """A new key of a kind of KINDS."""
    prefix, secret = (_pick(length) for length in (PREFIX, SECRET))
    text = f"{show_prefix(kind, prefix)}_{secret}"
    return NewKey(text, prefix, digest(text))


def show_prefix(kind: str, prefix: str) -> str:
    """The part of a key by which it may be named."""
    return f"lg_{KINDS[kind]}_{prefix}"


def digest(key: str) -> str:
    """SHA-256 in hex, as the database keeps it."""
    return sha256(key.encode()).hexdigest()


def _pick(length: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(length))
