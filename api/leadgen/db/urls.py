"""Database URLs, in the one form that psycopg, psql and SQLAlchemy all read."""

from urllib.parse import quote, urlsplit, urlunsplit

SCHEMES = ("postgresql", "postgres")


def normalise_url(url: str) -> str:
    """`postgresql+asyncpg://…` and `postgres://…` become `postgresql://…`; else raises ValueError."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in SCHEMES:
        raise ValueError("a PostgreSQL URL is needed, such as postgresql://user:password@host:5432/leadgen")
    return f"postgresql://{rest}"


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
