"""Servers that are set up oddly: what would corrupt is refused before anything is written, the rest is borne."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from psycopg import sql

from leadgen.db.migrate import MigrateError, migrate
from leadgen.db.session import PINS, connect
from leadgen.db.tree import SqlTree
from leadgen.db.urls import database_name, with_role
from leadgen.paths import sql_dir
from leadgen.settings import Settings
from rig.cluster import Cluster
from rig.odd import ODD, make_odd

TURKISH = "icu_locale 'tr' locale_provider icu lc_collate 'C' lc_ctype 'C.UTF-8' encoding 'UTF8'"


@contextmanager
def odd_database(cluster: Cluster, options: str) -> Iterator[str]:
    """The URL of an empty database that was created with these options."""
    name = "odd"
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as admin:
        try:
            admin.execute(f"create database {name} template template0 {options}".encode())
        except psycopg.errors.FeatureNotSupported as error:
            pytest.skip(str(error))  # a server that was built without ICU
    try:
        yield cluster.url(name)
    finally:
        cluster.drop(name)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ("encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'", "database odd has the encoding SQL_ASCII"),
        ("encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'", "database odd has the encoding LATIN1"),
        ("encoding 'UTF8' lc_collate 'C' lc_ctype 'C'", "database odd folds letters as the locale C does"),
        (TURKISH, "database odd folds letters as the locale tr does"),
    ],
)
def test_database_that_would_corrupt_is_refused_before_anything_is_written(
    cluster: Cluster, options: str, complaint: str
) -> None:
    with odd_database(cluster, options) as url:
        with pytest.raises(MigrateError, match=complaint) as refused:
            migrate(url, Settings(), tree=SqlTree(sql_dir()), reference=False, say=lambda _: None)
        assert "create database leadgen template template0 encoding 'UTF8'" in str(refused.value)
        with psycopg.connect(url) as session:
            rows = session.execute(
                "select nspname from pg_namespace where nspname !~ '^(pg_|public|information)'"
            ).fetchall()
        assert rows == []


SETTINGS = ODD | {
    "statement_timeout": "1min",
    "lock_timeout": "1min",
    "idle_session_timeout": "1min",
    "quote_all_identifiers": "on",
}


def test_session_of_a_command_is_as_it_should_be(database: str) -> None:
    make_odd(database, SETTINGS)
    with connect(database) as session:
        rows = session.execute("select name, setting from pg_settings").fetchall()
        assert session.info.encoding == "utf-8"
    found = dict(rows)
    assert {name: found[name] for name in PINS} == PINS
    assert [found[name] for name in ("statement_timeout", "idle_session_timeout", "client_encoding")] == [
        "0",
        "0",
        "UTF8",
    ]


def test_migrate_works_on_an_oddly_set_up_database(cluster: Cluster) -> None:
    """All of it, from empty, and a second time."""
    with cluster.clone("template0") as url:
        make_odd(url, SETTINGS)
        for _ in range(2):
            migrate(url, Settings(), reference=False, say=lambda _: None)


HASTY = {
    "statement_timeout": "100ms",
    "lock_timeout": "1ms",
    "idle_in_transaction_session_timeout": "1ms",
    "idle_session_timeout": "1s",  # it ends whoever has not yet changed it
    "transaction_timeout": "200ms",  # since 17; the first statement, which changes it, has to fit into it
}


@pytest.mark.parametrize("role", ["database", "leadgen_migrator"])
def test_timeouts_of_the_database_or_the_role_do_not_end_a_deploy(role: str, database: str) -> None:
    """A reload takes longer than statements and transactions may."""
    with psycopg.connect(database, autocommit=True) as admin:
        known = {name for (name,) in admin.execute("select name from pg_settings")}
        settings = {name: value for name, value in HASTY.items() if name in known}
        admin.execute("update leadgen.schema_reloads set fingerprint = 'of before'")
        for name, value in settings.items():
            if role != "database":
                target = sql.SQL("role {} in database {}").format(
                    sql.Identifier(role), sql.Identifier(database_name(database))
                )
                admin.execute(sql.SQL("alter {} set {} = {}").format(target, sql.Identifier(name), value))
    if role == "database":
        make_odd(database, settings)
    said: list[str] = []
    url = database if role == "database" else with_role(database, role)
    migrate(url, Settings(), reference=False, say=said.append)
    assert any(line.startswith("reloaded") for line in said)


@pytest.mark.parametrize(("role", "most"), [("leadgen_dba", 20), ("leadgen_reporting", 10)])
def test_role_of_people_takes_few_connections(role: str, most: int, database: str) -> None:
    """Whoever has its password cannot take the connections that leads need."""
    url = with_role(database, role)
    with ExitStack() as sessions:
        for _ in range(most):
            sessions.enter_context(psycopg.connect(url))
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            psycopg.connect(url)
