"""Whether a database can hold our texts: its encoding, and how it folds letters.

E-mail addresses, slugs and keys are folded to lower case by the database's own rules. Turkish rules make another letter
of I: what was stored by one server would not be found by the next.
"""

from string import ascii_lowercase, ascii_uppercase

import psycopg

from leadgen.db.objects import MigrateError

LOOK = """
select current_database(), current_setting('server_encoding'),
  coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale', d.datctype),
  lower(%(upper)s) = %(lower)s and upper(%(lower)s) = %(upper)s
    and %(upper)s ~* ('^' || %(lower)s || '$') and %(upper)s ilike %(lower)s
from pg_database d
where d.datname = current_database()
"""
CREATE = "create database leadgen template template0 encoding 'UTF8' lc_collate 'C.UTF-8' lc_ctype 'C.UTF-8'"


def check_letters(connection: psycopg.Connection) -> None:
    """Raise MigrateError for a database that would corrupt texts. Nothing is written."""
    row = connection.execute(LOOK, {"upper": ascii_uppercase, "lower": ascii_lowercase}).fetchone()
    name, encoding, locale, folds = row or ("", "", "", False)
    if encoding != "UTF8":
        raise MigrateError(
            f"database {name} has the encoding {encoding}, and UTF8 is needed: names of people cannot be kept in it. "
            f"Nothing was changed. Create another one: {CREATE}"
        )
    if not folds:
        raise MigrateError(
            f"database {name} folds the letters A to Z as the locale {locale} does, not as ASCII: e-mail addresses and "
            f"slugs would not be found again. Nothing was changed. Create another one: {CREATE}"
        )
