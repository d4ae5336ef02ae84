"""A database with the demo's catalogue, and leads posted to it without the network."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from leadgen.demo.catalogue import PARTNER, load_catalogue
from leadgen.demo.leads import Posting
from leadgen.demo.posting import Answer

PARTNER_HASH = hashlib.sha256(b"lg_partner").hexdigest()
STATUS = {"accepted": 202, "rejected": 400, "quarantined": 422}


@pytest.fixture
def catalogue(database: str) -> Iterator[psycopg.Connection]:
    """A superuser's session on a fresh database with the catalogue in it."""
    load_catalogue(database)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "update leadgen.sources set api_key_hash = %s where source_key = %s", [PARTNER_HASH, PARTNER]
        )
        yield connection


def submit(connection: psycopg.Connection, posting: Posting) -> Answer:
    """Hand a posting to leadgen.submit_lead; the answer is what the API makes of it."""
    context: dict[str, str] = {}
    if posting.by_partner:
        context["api_key_hash"] = PARTNER_HASH
    if posting.idempotency_key:
        context["idempotency_key"] = posting.idempotency_key
    row = connection.execute(
        "select leadgen.submit_lead(%s, %s)", [json.dumps(posting.payload), json.dumps(context)]
    ).fetchone()
    assert row is not None
    body: dict[str, Any] = row[0]
    return Answer(posting, STATUS[body["status"]], body)
