"""Deriving one database URL from another."""

import psycopg
import pytest

from leadgen.db.urls import database_name, normalise_url, with_database, with_role

SOCKET = "postgresql://postgres@/leadgen?host=%2Fa%20b%2Frun&port=54321"
TCP = "postgresql://me:s%40fe@db.example:6543/leadgen?sslmode=require"


def parsed(url: str) -> dict[str, object]:
    """As libpq reads it."""
    return dict(psycopg.conninfo.conninfo_to_dict(url))


@pytest.mark.parametrize("url", [SOCKET, TCP])
def test_with_database_changes_nothing_else(url: str) -> None:
    assert parsed(with_database(url, "a b/c")) == {**parsed(url), "dbname": "a b/c"}
    assert database_name(url) == "leadgen"


@pytest.mark.parametrize("url", [SOCKET, TCP])
def test_with_role_changes_the_role_and_drops_the_password(url: str) -> None:
    expected = {**parsed(url), "user": "leadgen_api"}
    expected.pop("password", None)
    assert parsed(with_role(url, "leadgen_api")) == expected
    assert parsed(with_role(url, "leadgen_api", "p@ss/word")) == {**expected, "password": "p@ss/word"}


def test_normalise_url() -> None:
    assert normalise_url("postgresql+asyncpg://u:p@h/d?x=1") == "postgresql://u:p@h/d?x=1"
    for wrong in ("mysql://u@h/d", "h/d", "http://postgresql://x"):
        with pytest.raises(ValueError, match="a PostgreSQL URL is needed"):
            normalise_url(wrong)
