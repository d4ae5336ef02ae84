"""Whether a database can hold our texts: its encoding, and how it folds letters.

E-mail addresses, domains, cities and slugs are folded to lower case by the database's own rules. The locale C leaves É
as it is, and Turkish rules make another letter of I. What one server stored, the next would not find, and a domain with
such a letter would become another domain.
"""

import psycopg

from leadgen.db.objects import MigrateError

UPPER, LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZÀÉŁÜŞЖΩ", "abcdefghijklmnopqrstuvwxyzàéłüşжω"
LOOK = """
select current_database(), current_setting('server_encoding'),
  coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale', d.datctype)
from pg_database d
where d.datname = current_database()
"""
FOLD = """
select lower(%(upper)s) = %(lower)s and upper(%(lower)s) = %(upper)s
  and %(upper)s ~* ('^' || %(lower)s || '$') and %(lower)s ~ '^[[:alnum:]]+$'
"""
CREATE = "create database leadgen template template0 encoding 'UTF8' lc_collate 'C.UTF-8' lc_ctype 'C.UTF-8'"


def check_letters(connection: psycopg.Connection) -> None:
    """Raise MigrateError for a database that would corrupt texts. Nothing is written."""
    name, encoding, locale = connection.execute(LOOK).fetchone() or ("", "", "")
    if encoding != "UTF8":
        raise MigrateError(
            f"database {name} has the encoding {encoding}, and UTF8 is needed: names of people cannot be kept in it. "
            f"Nothing was changed. Create another one: {CREATE}"
        )
    if connection.execute(FOLD, {"upper": UPPER, "lower": LOWER}).fetchone() != (True,):
        raise MigrateError(
            f"database {name} folds letters as the locale {locale} does, not as Unicode: domains, cities and slugs "
            f"would become others. Nothing was changed. Create another one: {CREATE}"
        )
