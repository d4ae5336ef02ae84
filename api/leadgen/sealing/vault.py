"""A database's data keys, unwrapped: what seals and opens, and what digests are made with."""

import base64
import hashlib
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import LiteralString, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from leadgen.sealing.envelope import KEY, DataKey, SealError, find_key_id, open_sealed, seal
from leadgen.sealing.keyring import KeyRing

LIST: LiteralString = (
    "select id, purpose, wrapped, wrapped_by, created_at, is_retired from leadgen.list_data_keys()"
)
ADD: LiteralString = "select leadgen.add_data_key(%s, %s, %s)"
LIFE = timedelta(days=1)  # for which a data key seals: far fewer texts than random nonces allow


class Row(NamedTuple):
    """A row of `leadgen.list_data_keys`."""

    id: int
    purpose: str
    wrapped: bytes
    wrapped_by: str
    created_at: datetime
    is_retired: bool


class Vault:
    """The keys of one database."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring
        self._unwrapped: dict[tuple[int, bytes], bytes] = {}
        self._keys: dict[int, DataKey] = {}
        self._faults: dict[int, SealError] = {}
        self._current: DataKey | None = None
        self._until = datetime.min.replace(tzinfo=UTC)
        self._hash_key: str | None = None

    def load(self, rows: Iterable[Row]) -> None:
        """Take the keys of the database.

        Raises SealError where the digest key cannot be unwrapped. A data key that cannot is no fault until a text of
        it is to be opened.
        """
        current, until = None, self._until
        for row in rows:
            place = (row.id, bytes(row.wrapped))
            if place not in self._unwrapped:
                try:
                    self._unwrapped[place] = self.ring.unwrap(place[1], row.wrapped_by, row.purpose)
                except SealError as error:
                    if row.purpose == "digest":
                        raise
                    self._faults[row.id] = error
                    continue
                self._faults.pop(row.id, None)
            key = self._unwrapped[place]
            if row.purpose == "digest":
                self._hash_key = pad(key).hex()
                continue
            self._keys.setdefault(row.id, DataKey(row.id, AESGCM(key)))
            if not row.is_retired:  # the newest comes last
                current, until = self._keys[row.id], row.created_at + LIFE
        self._current, self._until = current, until

    def list_missing(self, now: datetime) -> list[str]:
        """Which keys the database has still to get: digest, data."""
        missing = ["digest"] if self._hash_key is None else []
        return missing + (["data"] if self._current is None or now >= self._until else [])

    def make(self, purpose: str) -> tuple[str, bytes, str]:
        """A new key, as `leadgen.add_data_key` takes it."""
        return purpose, self.ring.wrap(secrets.token_bytes(KEY), purpose), self.ring.current

    @property
    def hash_key(self) -> str:
        """The digest key as SQL takes it: the two blocks of its HMAC in hex."""
        if self._hash_key is None:
            raise SealError("the database has no digest key yet: no program with PII_KEYS has started")
        return self._hash_key

    def digest(self, text: str) -> str:
        """The keyed digest of a text in base64, as `ref.digest_contact` makes it."""
        blocks = bytes.fromhex(self.hash_key)
        inner = hashlib.sha256(blocks[:64] + text.encode()).digest()
        return base64.b64encode(hashlib.sha256(blocks[64:] + inner).digest()).decode()

    @property
    def faults(self) -> list[str]:
        """Why data keys cannot be unwrapped."""
        return [str(error) for error in self._faults.values()]

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever sealed."""
        return self._hash_key is None

    def knows(self, sealed: bytes) -> bool:
        """Whether the key of a sealed text is loaded; one that is torn names none, and needs none."""
        try:
            return find_key_id(sealed) in self._keys
        except SealError:
            return True

    def lacks_key_of(self, sealed: bytes) -> bool:
        """Whether a sealed text names a data key that is in the database and cannot be unwrapped here."""
        try:
            key_id = find_key_id(sealed)
        except SealError:
            return False
        return key_id in self._faults and key_id not in self._keys

    def seal(self, kind: str, text: bytes) -> bytes:
        """Seal a text of a kind: lead, submission, post."""
        if self._current is None:
            raise SealError("the database has no data key yet")
        return seal(self._current, kind, text)

    def open(self, kind: str, sealed: bytes) -> bytes:
        """The text. Raises SealError."""
        key_id = find_key_id(sealed)
        if key_id not in self._keys:
            if key_id in self._faults:
                raise self._faults[key_id]
            raise SealError(f"data key {key_id}, which sealed a {kind}, is not in leadgen.data_keys")
        return open_sealed(self._keys[key_id], kind, sealed)


def pad(key: bytes) -> bytes:
    """The inner and the outer block of HMAC-SHA-256 with a key (RFC 2104)."""
    block = key.ljust(64, b"\0")
    return bytes(byte ^ 0x36 for byte in block) + bytes(byte ^ 0x5C for byte in block)
