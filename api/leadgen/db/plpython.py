"""PL/Python: whether a database can run the rules of sql/plpython, and how they get there.

The language is untrusted, so only a superuser may create a function in it; the function is then
leadgen_owner's like any other.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from leadgen.db.owner import OWNER, as_session_user

LANGUAGE = "plpython3u"
MODULES = ("phonenumbers",)  # what the rules import, by the Python that the server runs

OURS = """
select i.name
from inventory i
join leadgen.schema_objects o on (o.kind, o.name) = (i.kind, i.name)
where i.kind = 'routine'
and i.is_owned
and i.language = %s
"""
JUST_MADE = """
select i.name from inventory i where i.kind = 'routine' and i.is_new and not i.is_owned and i.language = %s
"""


def prepare_python(connection: psycopg.Connection) -> bool | None:
    """Create the language where it can be had; True when it works with all that the rules import.

    None: this role, no superuser, can neither load such rules nor tell, and is to leave them as they are.
    """
    row = connection.execute(
        "select rolsuper, exists (select from pg_available_extensions where name = %s)"
        " from pg_roles where rolname = current_user",
        [LANGUAGE],
    ).fetchone()
    is_superuser, is_available = row or (False, False)
    if not is_superuser:
        return None
    if not is_available:
        return False
    imports = sql.Literal("\n".join(f"import {module}" for module in MODULES))
    language = sql.Identifier(LANGUAGE)
    try:
        with connection.transaction():  # a language that does not work is not left behind
            connection.execute(sql.SQL("create extension if not exists {}").format(language))
            connection.execute(sql.SQL("do language {} {}").format(language, imports))
    except psycopg.Error:
        return False
    return True


@contextmanager
def as_superuser(connection: psycopg.Connection) -> Iterator[None]:
    """as_session_user, and what it makes becomes the owner's."""
    with as_session_user(connection):
        yield
        for (name,) in connection.execute(JUST_MADE, [LANGUAGE]).fetchall():
            connection.execute(f"alter routine {name} owner to {OWNER}".encode())


def python_routines(connection: psycopg.Connection) -> list[str]:
    """Our routines in PL/Python, quoted and with their arguments."""
    return [name for (name,) in connection.execute(OURS, [LANGUAGE])]
