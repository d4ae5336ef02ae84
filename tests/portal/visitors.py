"""Buyers' people in tests: owners and members, signed in."""

import secrets

import psycopg

from api.people import CREATE, known_password
from api.serving import Api
from console.people import ADD_SESSION, SESSION, Tab
from leadgen.app.cookies import hash_token

KINDS = ("owner", "member")
PAGES = (
    "/portal",
    "/portal/leads",
    "/portal/terms",
    "/portal/endpoints",
    "/portal/money",
    "/portal/statement",
    "/portal/invoices",
    "/portal/keys",
)


def add_visitor(database: psycopg.Connection, kind: str, buyer: str) -> tuple[str, str]:
    """A new user of a buyer, signed in; its e-mail address and the token of its session."""
    email, token = f"{secrets.token_hex(6)}@people.example", secrets.token_urlsafe(32)
    challenge, digest = known_password(database)
    row = database.execute("select id from leadgen.buyers where name = %s", [buyer]).fetchone()
    assert row
    database.execute(CREATE, [email, "Paula Green", "buyer", row[0], kind, challenge.salt, digest])
    database.execute(ADD_SESSION, [hash_token(token), email])
    return email, token


def open_tab(api: Api, database: psycopg.Connection, kind: str, buyer: str) -> Tab:
    """A browser in which somebody of a buyer is signed in."""
    return Tab(api, {SESSION: add_visitor(database, kind, buyer)[1]})


def read_one(database: psycopg.Connection, query: str, *values: object) -> object:
    """The one value of a query."""
    row = database.execute(query, values).fetchone()
    assert row, query
    return row[0]
