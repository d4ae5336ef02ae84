"""Database URLs, in the one form that psycopg, psql and SQLAlchemy all read."""

import re
from urllib.parse import quote, urlsplit, urlunsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

SCHEMES = ("postgresql", "postgres")


def normalise_url(url: str) -> str:
    """`postgresql+asyncpg://…` and `postgres://…` become `postgresql://…`; else raises ValueError.

    A URL whose password would end up in the host or the port is refused here: libpq would repeat it in its error.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in SCHEMES:
        raise ValueError("a PostgreSQL URL is needed, such as postgresql://user:password@host:5432/leadgen")
    parts = (
        _read(rest) or _read(rest.partition("?")[0]) or {"port": "none"}
    )  # an unknown parameter is libpq's to name
    if "@" in str(parts.get("host", ""))[1:] or not re.fullmatch("[0-9,]*", str(parts.get("port", ""))):
        raise ValueError(
            "a PostgreSQL URL is needed; in a password, whatever is no letter or digit is written as in URLs: %40 for @"
        )
    return f"postgresql://{rest}"


def _read(rest: str) -> dict[str, object]:
    """The parts of a URL after its scheme, as libpq reads them; none if it does not."""
    try:
        return dict(conninfo_to_dict(f"postgresql://{rest}"))
    except ProgrammingError:
        return {}


def with_database(url: str, database: str) -> str:
    """The same server and role, another database."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{quote(database, safe='')}"))


def with_role(url: str, role: str, password: str | None = None) -> str:
    """The same server and database, another role; the old password never goes along."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    login = quote(role, safe="") + (f":{quote(password, safe='')}" if password else "")
    return urlunsplit(parts._replace(netloc=f"{login}@{host}"))


def database_name(url: str) -> str:
    """The database a URL names."""
    return urlsplit(url).path.lstrip("/")
