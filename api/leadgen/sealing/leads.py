"""What of a lead is sealed, and how a call of the database brings it.

The database normalises a contact; this process seals it. So the database answers `seal` with the text, and the call
comes again with the text sealed. Most contacts are normalised in plain ways: they are guessed here, sealed with the
first call, and the guess is right if the database finds the same. No rule depends on it.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from leadgen.sealing.envelope import SealError
from leadgen.sealing.vault import Vault

NATIONAL = 10  # digits of a number of the North American plan
HOME = (None, "", "US", "CA")
LONGEST_EMAIL = 200  # characters that a row keeps; the digest is of all
MOVED = "a sealed lead is of another row: the contact is not the one that the row has digests of"


class Contact(NamedTuple):
    """Who a lead is, in the order in which it is sealed (`intake.list_contact`)."""

    name: str | None
    email: str | None
    phone: str | None
    phone_extension: str | None
    message: str | None


class _Wanted(msgspec.Struct):
    kind: str
    digest: str
    document: msgspec.Raw


class _Payload(msgspec.Struct):
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    country_code: str | None = None
    message: str | None = None


_WANTED = msgspec.json.Decoder(_Wanted)
_PAYLOAD = msgspec.json.Decoder(_Payload)


def guess_lead(vault: Vault, payload: str) -> dict[str, str]:
    """A lead's sealed text under the digest of its contact as it is likely to be normalised; {}: no guess."""
    try:
        contact = guess_contact(_PAYLOAD.decode(payload))
    except msgspec.DecodeError:
        return {}
    if contact is None:
        return {}
    text = json.dumps(contact, ensure_ascii=False)
    document = f'{{"contact": {text}, "submitted": {payload}}}'
    try:
        digest = hashlib.sha256(text.encode()).hexdigest()
        return {digest: _encode(vault.seal("lead", document.encode()))}
    except UnicodeEncodeError:
        return {}


def guess_contact(payload: _Payload) -> Contact | None:
    """The contact as the database will probably normalise it; None: hard to say."""
    phone = re.sub(r"[ ().-]", "", payload.phone or "")
    if not phone.startswith("+"):
        if payload.country_code not in HOME or not phone.isdecimal():
            return None
        phone = f"+1{phone[-NATIONAL:]}"
    lines = [" ".join(line.split()) for line in (payload.message or "").strip().splitlines()]
    return Contact(
        " ".join((payload.name or "").split()),
        (payload.email or "").strip().lower(),
        phone,
        None,
        "\n".join(lines) or None,
    )


def seal_wanted(vault: Vault, answer: str | bytes) -> dict[str, str]:
    """The sealed text that the database asks for by the answer `seal`, under its digest."""
    wanted = _WANTED.decode(answer)
    return {wanted.digest: _encode(vault.seal(wanted.kind, bytes(wanted.document)))}


def add_sealing(context: str, vault: Vault, blobs: Mapping[str, str]) -> str:
    """A context of leadgen.submit_lead (JSON, an object) with the digest key and sealed texts."""
    sealing = f'"sealing": {{"hash_key": "{vault.hash_key}", "blobs": {json.dumps(blobs)}}}}}'
    inside = context.strip()[:-1].rstrip()
    return f"{inside}{sealing}" if inside.endswith("{") else f"{inside}, {sealing}"


def open_lead(vault: Vault, sealed: bytes, digests: Sequence[str]) -> tuple[Contact, Any]:
    """A sealed lead's contact, and what was sent.

    Args:
        digests: what its row has in the place of phone and e-mail.

    Raises:
        SealError: it cannot be opened, or was sealed for another row.
    """
    try:
        document = json.loads(vault.open("lead", sealed))
        contact = Contact(*document["contact"])
        submitted = document["submitted"]
    except (ValueError, KeyError, TypeError):
        raise SealError("a sealed lead has another form than this release knows") from None
    if not is_of_row(vault, contact, *digests):
        raise SealError(MOVED)
    return contact, submitted


def is_of_row(vault: Vault, contact: Contact, phone: str, email: str) -> bool:
    """Whether these are the digests that a row has of a contact (`ref.seal_phone`, `ref.seal_address`)."""
    phone_digest = f"#{vault.digest(f'phone:{contact.phone}')[:16]}*" if contact.phone else ""
    email_digest = f"#{vault.digest(f'email:{contact.email}')[:24]} " if contact.email else ""
    is_cut = contact.email is not None and len(contact.email) >= LONGEST_EMAIL
    return _starts(phone, phone_digest) and (is_cut or _starts(email, email_digest))


HEAD = '"lead" : {"name" : null, "email" : null, "phone" : null, "phone_extension" : null, '
MESSAGE = ', "message" : null, "attributes" : '


def fill_body(body: str, contact: Contact) -> str:
    """The body of lead.assigned with the contact put in, byte for byte as the database writes a clear lead's.

    In a text of JSON a bare quotation mark never stands inside of a string, so what is looked for is found once.
    """
    head, found, rest = body.partition(HEAD)
    before, also_found, after = rest.partition(MESSAGE)
    if not found or not also_found:
        raise SealError("the body of a sealed lead has no place for its contact")
    name, email, phone, extension, message = (json.dumps(value, ensure_ascii=False) for value in contact)
    return (
        f'{head}"lead" : {{"name" : {name}, "email" : {email}, "phone" : {phone}, "phone_extension" : {extension}, '
        f'{before}, "message" : {message}, "attributes" : {after}'
    )


def _starts(text: str, digest: str) -> bool:
    return text.startswith(digest) if digest else not text


def _encode(sealed: bytes) -> str:
    return base64.b64encode(sealed).decode()
