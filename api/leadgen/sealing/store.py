"""The vault of a program: loaded when it is first needed, looked at again from time to time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg

from leadgen.sealing.keyring import KeyRing
from leadgen.sealing.vault import ADD, LIST, Row, Vault

FRESH_SECONDS = 30.0  # a key that was retired or made elsewhere is noticed by then

Fetch = Callable[[LiteralString, Sequence[Any]], Awaitable[list[tuple[Any, ...]]]]


class VaultStore:
    """Keeps the vault of a process up to date; `fetch` runs a query and returns its rows."""

    def __init__(self, ring: KeyRing, fetch: Fetch) -> None:
        self._vault = Vault(ring)
        self._fetch = fetch
        self._fresh_until = 0.0
        self._lock = asyncio.Lock()

    async def get(self) -> Vault:
        """The vault, with all that is needed to seal. Raises SealError, or what `fetch` raises."""
        if time.monotonic() >= self._fresh_until:
            async with self._lock:
                if time.monotonic() >= self._fresh_until:
                    await self._refresh()
        return self._vault

    async def get_for(self, sealed: Sequence[bytes]) -> Vault:
        """The vault, with the keys of these sealed texts where the database has them."""
        vault = await self.get()
        if not all(vault.knows(one) for one in sealed):
            async with self._lock:
                await self._refresh()
        return vault

    async def _refresh(self) -> None:
        await self._load()
        missing = self._vault.list_missing(datetime.now(UTC))
        for purpose in missing:
            new = await asyncio.to_thread(self._vault.make, purpose)
            await self._fetch(ADD, new)
        if missing:
            await self._load()
        self._fresh_until = time.monotonic() + FRESH_SECONDS

    async def _load(self) -> None:
        rows = [Row(*row) for row in await self._fetch(LIST, ())]
        await asyncio.to_thread(self._vault.load, rows)


def load_vault(connection: psycopg.Connection[Any], ring: KeyRing) -> Vault:
    """The vault of a command; it makes no key, so that looking does not switch sealing on. Raises SealError."""
    vault = Vault(ring)
    vault.load(Row(*row) for row in connection.execute(LIST).fetchall())
    return vault


def fill_vault(connection: psycopg.Connection[Any], ring: KeyRing) -> Vault:
    """The vault of a command that hands leads in, with all that is needed to seal. Raises SealError."""
    vault = load_vault(connection, ring)
    for purpose in vault.list_missing(datetime.now(UTC)):
        connection.execute(ADD, vault.make(purpose))
    vault.load(Row(*row) for row in connection.execute(LIST).fetchall())
    return vault
