"""Sealed texts: AES-256-GCM under a data key, with the id of the key in front.

A sealed text is a byte for its form (1), eight for the id of its data key, twelve of random nonce, the ciphertext and
the tag of sixteen. Form, id and kind are authenticated: a submission cannot be opened as a lead.
"""

import secrets
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from leadgen.errors import LeadGenError

FORM = 1
HEAD = 9  # bytes: the form and the id of the data key
NONCE = 12
TAG = 16
KEY = 32


class SealError(LeadGenError):
    """A text that cannot be opened, or keys that do not fit; the message says which, and nothing of the text."""


class DataKey(NamedTuple):
    """A data key, ready for use."""

    id: int
    cipher: AESGCM


def seal(key: DataKey, kind: str, text: bytes) -> bytes:
    """Seal a text of a kind (lead, submission, post)."""
    head = bytes([FORM]) + key.id.to_bytes(8, "big")
    nonce = secrets.token_bytes(NONCE)
    return head + nonce + key.cipher.encrypt(nonce, text, head + kind.encode())


def find_key_id(sealed: bytes) -> int:
    """The id of the data key that sealed a text. Raises SealError for what is no sealed text."""
    if len(sealed) < HEAD + NONCE + TAG or sealed[0] != FORM:
        raise SealError("a sealed text is torn: it is too short, or of an unknown form")
    return int.from_bytes(sealed[1:HEAD], "big")


def open_sealed(key: DataKey, kind: str, sealed: bytes) -> bytes:
    """The text. Raises SealError where it was altered, is of another kind, or the key is another."""
    head, nonce = sealed[:HEAD], sealed[HEAD : HEAD + NONCE]
    try:
        return key.cipher.decrypt(nonce, sealed[HEAD + NONCE :], head + kind.encode())
    except InvalidTag:
        raise SealError(
            f"a sealed {kind} cannot be opened by data key {key.id}: it was altered, or is of another kind"
        ) from None
