"""Personal data on its way to the database: sealed in this process, opened for whom it belongs to."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from msgspec import Raw
from msgspec.json import Decoder, decode, encode

from leadgen.app.problems import UNAVAILABLE, UNEXPECTED, Problem
from leadgen.app.queries import Queries
from leadgen.sealing.envelope import SealError
from leadgen.sealing.keyring import KeyRing
from leadgen.sealing.leads import add_sealing, guess_lead, open_lead, seal_wanted
from leadgen.sealing.store import VaultStore
from leadgen.sealing.vault import Vault

NOT_SEALED = "Personal data cannot be sealed now"
NOT_OPENED = "The lead's personal data cannot be opened"

_MEMBERS = Decoder(dict[str, Raw])  # numbers stay as the database writes them

log = structlog.get_logger()


class Sealer:
    """Seals what leads bring, with the keys of the database that `queries` calls."""

    def __init__(self, ring: KeyRing, queries: Queries) -> None:
        self._store = VaultStore(ring, queries.fetch)
        self._vault: Vault | None = None

    async def get_ready(self) -> None:
        """Have the keys at hand. Raises Problem where they cannot be had: nothing is stored clear instead."""
        try:
            self._vault = await self._store.get()
        except SealError as error:
            log.error("personal data cannot be sealed", cause=str(error))
            raise Problem(UNAVAILABLE, NOT_SEALED) from None

    @property
    def vault(self) -> Vault:
        """The keys. get_ready comes first."""
        if self._vault is None:
            raise Problem(UNEXPECTED, NOT_SEALED)
        return self._vault

    def guess(self, payload: str) -> dict[str, str]:
        """A lead sealed as it will probably be asked for."""
        return guess_lead(self.vault, payload)

    def seal_wanted(self, answer: str) -> dict[str, str]:
        """What the database asks for by the answer `seal`, sealed."""
        return seal_wanted(self.vault, answer)

    def seal_posts(self, documents: Mapping[str, Any]) -> dict[str, str]:
        """Leads of a network's post, sealed, under their digests."""
        return {
            digest: b64encode(self.vault.seal("post", encode(document))).decode()
            for digest, document in documents.items()
        }

    def write_context(self, context: str, blobs: Mapping[str, str]) -> str:
        """A context with the digest key and these sealed texts."""
        return add_sealing(context, self.vault, blobs)

    async def seal_text(self, context: Mapping[str, Any], document: Mapping[str, Any]) -> str:
        """A context (JSON) with a submission that is refused, sealed under the name `text`."""
        await self.get_ready()
        sealed = self.vault.seal("submission", encode(document))
        return add_sealing(json.dumps(context), self.vault, {"text": b64encode(sealed).decode()})

    async def open_contact(self, sealed: bytes, digests: Sequence[str]) -> dict[str, Any]:
        """The contact of a sealed lead, by its fields; digests: phone and e-mail of its row.

        Raises Problem where it cannot be opened, or is of another row.
        """
        try:
            vault = await self._store.get_for([sealed])
            contact, _ = open_lead(vault, sealed, digests)
        except SealError as error:
            log.error("a sealed lead cannot be opened", cause=str(error))
            raise Problem(UNAVAILABLE, NOT_OPENED) from None
        return contact._asdict()

    async def open_submission(self, sealed: bytes) -> Any:
        """What a sealed submission in quarantine says. Raises Problem where it cannot be opened."""
        try:
            vault = await self._store.get_for([sealed])
            return json.loads(vault.open("submission", sealed))
        except (SealError, ValueError) as error:
            log.error("a sealed submission cannot be opened", cause=type(error).__name__)
            raise Problem(UNAVAILABLE, NOT_OPENED) from None

    async def open_sale(self, sale: str) -> str:
        """A sale (JSON of leadgen.show_sale) with its lead's contact. Raises Problem where it cannot be opened."""
        shown = _MEMBERS.decode(sale)
        if "sealed" not in shown:
            return sale
        lead = _MEMBERS.decode(shown["lead"])
        digests = [decode(lead[name], type=str) for name in ("phone", "email")]
        sealed = bytes.fromhex(decode(shown.pop("sealed"), type=str))
        opened: dict[str, object] = {**lead, **await self.open_contact(sealed, digests)}
        return encode({**shown, "lead": opened}).decode()
