"""What commands open of sealed leads, with the keys of the settings. An event says who asked, for what and why."""

from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg

from leadgen.cli.console import err
from leadgen.cli.rows import read_rows
from leadgen.cli.target import database_url
from leadgen.db.session import connect
from leadgen.sealing.keyring import KeyRing, load_ring
from leadgen.sealing.leads import open_lead
from leadgen.sealing.store import load_vault
from leadgen.sealing.vault import Vault
from leadgen.settings import load_settings

OPEN: LiteralString = "select lead_id, sealed, contact_digests from leadgen.open_leads(%s::bigint[], %s, %s)"
OPEN_SUBMISSION: LiteralString = "select leadgen.open_quarantined(%s::bigint, %s)"
OPEN_FETCH: LiteralString = "select leadgen.open_fetch(%s::bigint, %s)"
HAS_KEYS: LiteralString = "select k.id from leadgen.list_data_keys() k limit 1"
NO_KEYS = "set PII_KEYS, PII_KEYS_FILE or PII_KEY_COMMAND as the API and the workers have it"


def find_ring() -> KeyRing | None:
    """The keys of the settings; None: there are none. Raises SealError for keys that cannot be read."""
    settings = load_settings()
    return load_ring(settings.pii_keys, settings.pii_keys_file, settings.pii_key_command)


def find_vault(connection: psycopg.Connection[Any]) -> Vault | None:
    """The keys of the database; None where it does not seal, or there are no keys here. Raises SealError."""
    ring = find_ring()
    vault = load_vault(connection, ring) if ring else None
    return vault if vault and not vault.is_empty else None


def tell_what_is_left_out() -> None:
    """Say that sealed persons are not looked for, where the database seals and there are no keys here."""
    if find_ring() is None and read_rows(HAS_KEYS, []):
        err.print(f"sealed leads and submissions are left out: {NO_KEYS}")


def find_hash_key() -> str | None:
    """The digest key of the database, by which sealed contacts are found. Raises SealError."""
    if find_ring() is None:
        return None
    with connect(database_url(), autocommit=True) as connection:
        vault = find_vault(connection)
    return vault.hash_key if vault else None


def open_contacts(
    connection: psycopg.Connection[Any],
    vault: Vault | None,
    ids: Sequence[int],
    purpose: str,
    reason: str | None = None,
) -> dict[int, list[str | None]]:
    """The contacts of those of these leads that are sealed, by id; {} without keys. Raises SealError."""
    if vault is None:
        return {}
    rows = connection.execute(OPEN, [list(ids), purpose, reason]).fetchall()
    return {lead_id: list(open_lead(vault, sealed, digests)[0]) for lead_id, sealed, digests in rows}


def open_contact(
    lead: int, purpose: str, reason: str | None = None
) -> tuple[str | None, list[str | None] | None]:
    """The digest key, and the contact of a lead if it is sealed; None for what there is not. Raises SealError."""
    if find_ring() is None:
        return None, None
    with connect(database_url(), autocommit=True) as connection:
        vault = find_vault(connection)
        if vault is None:
            return None, None
        return vault.hash_key, open_contacts(connection, vault, [lead], purpose, reason).get(lead)
