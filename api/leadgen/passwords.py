"""Passwords: which are taken, and what is computed of them. The database keeps SHA-256 of the digest."""

import secrets
import unicodedata
from typing import NamedTuple

from argon2.low_level import Type, hash_secret_raw

LEAST, MOST = 12, 128  # characters
MEMORY_KIB, PASSES, LANES = (
    65_536,
    3,
    4,
)  # RFC 9106 for little memory; identity.list_password_costs has the same
SALT_BYTES, DIGEST_BYTES = 16, 32
ALLOWED = f"{LEAST} to {MOST} characters, not the e-mail address, not one character over and over"


class Challenge(NamedTuple):
    """By which salt, and at which cost, Argon2id is computed."""

    salt: bytes  # 16 bytes
    memory_kib: int
    passes: int
    lanes: int


def make_challenge() -> Challenge:
    """For a new password: a random salt, and what identity.list_password_costs says that it costs."""
    return Challenge(secrets.token_bytes(SALT_BYTES), MEMORY_KIB, PASSES, LANES)


def compute_digest(password: str, challenge: Challenge) -> bytes:
    """The Argon2id digest, 32 bytes: some 50 ms, and 64 MB while it runs. Other threads go on meanwhile."""
    return hash_secret_raw(
        normalize(password).encode(),
        challenge.salt,
        time_cost=challenge.passes,
        memory_cost=challenge.memory_kib,
        parallelism=challenge.lanes,
        hash_len=DIGEST_BYTES,
        type=Type.ID,
    )


def normalize(password: str) -> str:
    """The same text, whichever keyboard wrote it (RFC 8265: NFC)."""
    return unicodedata.normalize("NFC", password)


def find_fault(password: str, email: str | None = None) -> str | None:
    """What is wrong with a new password, without repeating it; None: nothing."""
    text = normalize(password)
    if not LEAST <= len(text) <= MOST:
        return f"{len(text)} characters"
    if len(set(text)) == 1:
        return "one character over and over"
    if email is not None and text.strip().casefold() == email.strip().casefold():
        return "the e-mail address"
    return None
