"""The keys of PII_KEYS, which wrap data keys, or the command that does it for a key management service."""

import base64
import binascii
import re
import secrets
import shlex
import subprocess
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from leadgen.bounded import read_file, run_command
from leadgen.sealing.envelope import KEY, NONCE, SealError

KEY_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
COMMAND = "command"  # the id of what PII_KEY_COMMAND wraps
LONGEST_ANSWER = 16_384  # bytes: a wrapped key has 8,192 at most


class Wrapper(Protocol):
    """Wraps and unwraps data keys."""

    id: str

    def wrap(self, key: bytes, purpose: str) -> bytes:
        """A key, wrapped. Raises SealError."""

    def unwrap(self, wrapped: bytes, purpose: str) -> bytes:
        """A wrapped key. Raises SealError."""


class LocalKey:
    """A key of PII_KEYS."""

    def __init__(self, key_id: str, key: bytes) -> None:
        self.id = key_id
        self._cipher = AESGCM(key)

    def wrap(self, key: bytes, purpose: str) -> bytes:
        """A data key under this key: the nonce, then AES-256-GCM."""
        nonce = secrets.token_bytes(NONCE)
        return nonce + self._cipher.encrypt(nonce, key, _describe(purpose))

    def unwrap(self, wrapped: bytes, purpose: str) -> bytes:
        """The data key. Raises SealError where this is not the key that wrapped it."""
        try:
            return self._cipher.decrypt(wrapped[:NONCE], wrapped[NONCE:], _describe(purpose))
        except InvalidTag:
            raise SealError(
                f"setting PII_KEYS: key {self.id} is another than the one of that id that wrapped the data keys"
            ) from None


class KeyCommand:
    """A command that wraps and unwraps: base64 on its standard input, base64 on its standard output.

    It is called with `wrap` or `unwrap`, and the purpose of the key, as its last arguments.
    """

    id = COMMAND

    def __init__(self, command: str) -> None:
        try:
            self._command = shlex.split(command)
        except ValueError:
            self._command = []
        if not self._command:
            raise SealError("setting PII_KEY_COMMAND: a command is needed, with its quotes closed")

    def wrap(self, key: bytes, purpose: str) -> bytes:
        """A data key, as the command wraps it. Raises SealError."""
        return self._run("wrap", key, purpose)

    def unwrap(self, wrapped: bytes, purpose: str) -> bytes:
        """The data key, as the command unwraps it. Raises SealError."""
        return self._run("unwrap", wrapped, purpose)

    def _run(self, what: str, value: bytes, purpose: str) -> bytes:
        try:
            answer = run_command(
                [*self._command, what, purpose], base64.b64encode(value) + b"\n", LONGEST_ANSWER
            )
            return base64.b64decode(answer.strip(), validate=True)
        except subprocess.CalledProcessError as error:
            raise SealError(
                f"setting PII_KEY_COMMAND: the command to {what} a key ended with status {error.returncode}"
            ) from None
        except (OSError, binascii.Error) as error:
            why = error.strerror if isinstance(error, OSError) else "its answer is not base64"
            raise SealError(f"setting PII_KEY_COMMAND: the command to {what} a key failed: {why}") from None


class KeyRing:
    """All that can wrap and unwrap; the first wraps what is new."""

    def __init__(self, wrappers: list[Wrapper]) -> None:
        self._wrappers = {wrapper.id: wrapper for wrapper in wrappers}
        self._first = wrappers[0]

    @property
    def current(self) -> str:
        """The id of what wraps new data keys."""
        return self._first.id

    def wrap(self, key: bytes, purpose: str) -> bytes:
        """A key, wrapped by the first."""
        return self._first.wrap(key, purpose)

    def unwrap(self, wrapped: bytes, wrapped_by: str, purpose: str) -> bytes:
        """A wrapped key. Raises SealError where the key that wrapped it is missing, or another."""
        wrapper = self._wrappers.get(wrapped_by)
        if wrapper is None:
            missing = "PII_KEY_COMMAND" if wrapped_by == COMMAND else f"PII_KEYS with key {wrapped_by}"
            raise SealError(
                f"a data key is wrapped by {wrapped_by}, which is not among the keys here "
                f"({', '.join(self._wrappers)}): set {missing}"
            )
        key = wrapper.unwrap(wrapped, purpose)
        if len(key) != KEY:
            raise SealError(f"{wrapped_by} unwraps a data key of {len(key)} bytes, not {KEY}")
        return key


def read_keys(text: str) -> list[Wrapper]:
    """The keys in `id:base64,id:base64`. Raises ValueError, without repeating a key."""
    wrappers: list[Wrapper] = []
    for number, part in enumerate(filter(None, (one.strip() for one in re.split(r"[,\n]", text))), start=1):
        key_id, _, value = part.partition(":")
        try:
            key = base64.b64decode(value.strip(), validate=True)
        except binascii.Error:
            key = b""
        if not KEY_ID.fullmatch(key_id) or len(key) != KEY or key_id == COMMAND:
            raise ValueError(
                f"key {number} is not id:base64 of 32 random bytes, as `leadgen sealing new-key` prints it"
            )
        if any(one.id == key_id for one in wrappers):
            raise ValueError(f"two keys have the id {key_id}")
        wrappers.append(LocalKey(key_id, key))
    return wrappers


def load_ring(keys: str | None, keys_file: str | None, command: str | None) -> KeyRing | None:
    """The keys of the settings; None: personal data is not sealed. Raises SealError for what cannot be read."""
    wrappers: list[Wrapper] = [KeyCommand(command)] if command else []
    try:
        if keys:
            wrappers += read_keys(keys)
        if keys_file:
            wrappers += read_keys(read_file(keys_file).decode("ascii"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not plain text"
        raise SealError(f"setting PII_KEYS_FILE: {keys_file}: {why}") from None
    except ValueError as error:
        raise SealError(f"setting {'PII_KEYS' if keys else 'PII_KEYS_FILE'}: {error}") from None
    return KeyRing(wrappers) if wrappers else None


def make_key(key_id: str) -> str:
    """A new key as PII_KEYS takes it."""
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(KEY)).decode()}"


def _describe(purpose: str) -> bytes:
    return b"leadgen data key: " + purpose.encode()
