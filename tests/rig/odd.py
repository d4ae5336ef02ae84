"""Settings that somebody gives a database, and that no answer of ours may depend on."""

import psycopg
from psycopg import sql

ODD = {
    "default_transaction_isolation": "serializable",
    "client_encoding": "LATIN1",
    "standard_conforming_strings": "off",
    "search_path": "public",
    "datestyle": "German",
    "intervalstyle": "iso_8601",
    "timezone": "Pacific/Chatham",
    "extra_float_digits": "-5",
    "bytea_output": "escape",
}


def set_database(session: psycopg.Connection, name: str, value: str | None) -> None:
    """`alter database … set`, or reset."""
    assert session.info.dbname
    database, setting = sql.Identifier(session.info.dbname), sql.Identifier(name)
    if value is None:
        session.execute(sql.SQL("alter database {} reset {}").format(database, setting))
    else:
        session.execute(
            sql.SQL("alter database {} set {} = {}").format(database, setting, sql.Literal(value))
        )


def make_odd(url: str, settings: dict[str, str]) -> None:
    """Have every new session of the database begin with these settings."""
    with psycopg.connect(url, autocommit=True, options="-c statement_timeout=0") as admin:
        for name, value in settings.items():
            set_database(admin, name, value)
