"""Sealed leads are opened to be delivered; what was stored clear is sealed."""

import asyncio
import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import structlog
from msgspec import Struct
from msgspec.json import Decoder

from leadgen.sealing.envelope import SealError
from leadgen.sealing.leads import Contact, fill_body, open_lead
from leadgen.sealing.store import VaultStore
from leadgen.sealing.vault import Vault
from leadgen.worker.attempt import Delivery
from leadgen.worker.queries import Session, Unsealed, keep_trying

PORTION = 100  # leads that are sealed in a transaction
PAUSE_SECONDS = 10.0  # while there is nothing to seal
NO_KEYS = "the lead is sealed, and this worker has no PII_KEYS"

LEAD = "lead.assigned"


class _Lead(Struct):
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    message: str | None = None


class _Data(Struct):
    lead: _Lead


class _Body(Struct):
    data: _Data


_BODY = Decoder(_Body)

log = structlog.get_logger("leadgen.worker")


class Opener:
    """Puts the contacts of sealed leads into their deliveries. `store` None: this worker has no keys."""

    def __init__(self, store: VaultStore | None) -> None:
        self._store = store

    async def open(self, deliveries: list[Delivery]) -> list[Delivery]:
        """The deliveries, each with its contact, or with the reason why it has none."""
        if self._store is not None:
            deliveries = [one if one.sealed else note_personal(one) for one in deliveries]
        sealed = [one.sealed for one in deliveries if one.sealed is not None]
        if not sealed:
            return deliveries
        if self._store is None:
            return [one if one.sealed is None else replace(one, fault=NO_KEYS) for one in deliveries]
        try:
            vault = await self._store.get_for(sealed)
        except SealError as error:
            log.error("sealed leads cannot be opened", cause=str(error))
            return [one if one.sealed is None else replace(one, fault=str(error)) for one in deliveries]
        return [one if one.sealed is None else self._open(vault, one, one.sealed) for one in deliveries]

    def _open(self, vault: Vault, delivery: Delivery, sealed: bytes) -> Delivery:
        try:
            contact, _ = open_lead(vault, sealed, delivery.contact_digests or ())
            body = fill_body(delivery.body, contact)
        except SealError as error:
            log.error("a sealed lead cannot be opened", delivery_id=delivery.delivery_id, cause=str(error))
            return replace(delivery, fault=str(error))
        return replace(delivery, body=body, sealed=None, personal=tuple(list_personal(contact)))


def note_personal(delivery: Delivery) -> Delivery:
    """A delivery of a clear lead, which may be sealed by the time that its answer is recorded."""
    if delivery.kind != LEAD:
        return delivery
    lead = _BODY.decode(delivery.body).data.lead
    contact = Contact(lead.name, lead.email, lead.phone, None, lead.message)
    return replace(delivery, personal=tuple(list_personal(contact)))


def list_personal(contact: Contact) -> Iterator[str]:
    """What of a contact an answer may repeat."""
    yield from (text for text in (contact.name, contact.email, contact.phone, contact.message) if text)


class Sealer:
    """Seals what is stored clear, portion by portion. What a worker had that died is handed out again."""

    def __init__(self, session: Session, store: VaultStore) -> None:
        self._session = session
        self._store = store

    async def run(self) -> None:
        """Seal, and pause while there is nothing to do. Runs until cancelled."""
        while True:
            if not await keep_trying("sealing", self.take_turn):
                await keep_trying("looking for suppressed leads", self.check_held)
                await asyncio.sleep(PAUSE_SECONDS)

    async def take_turn(self) -> int:
        """Seal one portion. How many were taken."""
        try:
            vault = await self._store.get()
            unsealed = await self._session.list_unsealed(PORTION)
            if not unsealed:
                return 0
            vault = await self._store.get_for([one.sealed for one in unsealed if one.sealed])
            items = seal_each(vault, unsealed)
        except SealError as error:
            log.error("personal data cannot be sealed", cause=str(error))
            return 0
        return await self._session.keep_sealed(items, vault.hash_key) if items else 0

    async def check_held(self) -> int:
        """End the holds of sealed leads whose contact was suppressed meanwhile. How many."""
        held = await self._session.list_held_unchecked(PORTION)
        contacts, fault = [], None
        try:
            vault = await self._store.get_for([sealed for _, sealed, _ in held])
        except SealError as error:
            log.error("held leads cannot be opened", cause=str(error))
            return 0
        for lead_id, sealed, digests in held:
            try:
                contact, _ = open_lead(vault, sealed, digests)
            except SealError as error:
                fault = error  # it stops no other
            else:
                contacts.append({"lead_id": lead_id, "phone": contact.phone, "email": contact.email})
        if fault is not None:
            log.error("held leads cannot be opened", cause=str(fault))
        return await self._session.end_suppressed_holds(contacts) if contacts else 0


def seal_each(vault: Vault, unsealed: Sequence[Unsealed]) -> list[dict[str, object]]:
    """What `leadgen.keep_sealed` takes.

    What cannot be opened to be sealed anew is logged. Where this worker has its data key nobody can open it, and it is
    handed back without a blob, so that the rest does not wait for it.
    """
    items: list[dict[str, object]] = []
    for kind, row_id, digest, document, sealed in unsealed:
        item: dict[str, object] = {"kind": kind, "id": row_id, "digest": digest}
        try:
            if document is not None:
                text = document.encode()
            else:
                text = vault.open(kind, sealed or b"")
                if kind != "lead":
                    item["document"] = text.decode()
        except (SealError, ValueError) as error:
            log.error("a sealed text cannot be sealed anew", kind=kind, id=row_id, cause=describe(error))
            if vault.lacks_key_of(sealed or b""):
                continue
        else:
            item["blob"] = base64.b64encode(vault.seal(kind, text)).decode()
        items.append(item)
    return items


def describe(error: Exception) -> str:
    """What is wrong with a sealed text, and nothing of the text."""
    return str(error) if isinstance(error, SealError) else "it is no JSON"


def read_post(vault: Vault, sealed: bytes) -> str:
    """The lead of a network's post, as JSON. Raises SealError."""
    try:
        return json.dumps(json.loads(vault.open("post", sealed))["lead"])
    except (ValueError, KeyError):
        raise SealError("a sealed post has another form than this release knows") from None
