"""Brings any database to the declared state: roles, numbered migrations, then what is declared anew.

Safe to run twice, from two places at once (one waits for the other), and again after it was interrupted:
each step is one transaction and says in the database that it is done.
"""

from collections.abc import Callable
from contextlib import nullcontext

import psycopg
from psycopg import sql
from psycopg.errors import DeadlockDetected, LockNotAvailable
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from leadgen.db.owner import OWNER, SCHEMAS, as_owner, exclusive_session
from leadgen.db.plpython import LANGUAGE, as_superuser, drop_python, prepare_python
from leadgen.db.reference import load_reference
from leadgen.db.tree import Migration, SqlTree
from leadgen.errors import LeadGenError
from leadgen.paths import sql_dir
from leadgen.settings import Settings

BOOKKEEPING = """
create table if not exists leadgen.schema_migrations (
  number integer primary key,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now()
);
comment on table leadgen.schema_migrations is
  'Which numbered migrations this database has had, and the sha256 of each file.';

create table if not exists leadgen.schema_reloads (
  fingerprint text not null,
  loaded_at timestamptz not null default now()
);
comment on table leadgen.schema_reloads is
  'One row: the sha256 of the functions, views, policies and grants that are loaded.';
"""

# What the reload did not touch has no file any more. Aggregates and what an extension owns are left alone, and so are
# routines in PL/Python where this role cannot load them.
UNTOUCHED = """
with ours as (
  select oid from pg_namespace where nspname = any (%(schemas)s)
), touched as (
  select mod(pg_current_xact_id()::text::numeric, 4294967296)::text as xmin
)
select 'trigger' as kind, quote_ident(t.tgname) || ' on ' || t.tgrelid::regclass as name
from pg_trigger t
join pg_class c on c.oid = t.tgrelid
where c.relnamespace in (select oid from ours)
and not t.tgisinternal
and t.tgparentid = 0
and t.xmin::text not in (select xmin from touched)
union all
select 'policy', quote_ident(p.polname) || ' on ' || p.polrelid::regclass
from pg_policy p
join pg_class c on c.oid = p.polrelid
where c.relnamespace in (select oid from ours)
and p.xmin::text not in (select xmin from touched)
union all
select 'view', c.oid::regclass::text
from pg_class c
join pg_rewrite r on r.ev_class = c.oid and r.rulename = '_RETURN'
where c.relnamespace in (select oid from ours)
and c.relkind = 'v'
and r.xmin::text not in (select xmin from touched)
union all
select 'routine', p.oid::regprocedure::text
from pg_proc p
where p.pronamespace in (select oid from ours)
and p.prokind <> 'a'
and (%(with_python)s or p.prolang is distinct from (select oid from pg_language where lanname = %(language)s))
and not exists (
  select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
)
and p.xmin::text not in (select xmin from touched)
"""

ALLOW_LOCAL_WEBHOOKS = """
update leadgen.settings set allows_local_webhooks = %s where allows_local_webhooks is distinct from %s
"""


class MigrateError(LeadGenError):
    """The database cannot be brought to the declared state; the message says what stands in the way."""


def migrate(
    url: str,
    settings: Settings,
    *,
    tree: SqlTree | None = None,
    reference: bool = True,
    say: Callable[[str], None] = print,
) -> None:
    """Bring the database at `url` to the declared state; `say` hears of each thing that was done.

    The role must be a superuser or a member of leadgen_owner. Raises MigrateError or SqlError; what was
    done before stays.
    """
    tree = tree or SqlTree(sql_dir())
    with exclusive_session(url) as connection:
        prepare(connection, tree)
        pending = _pending(connection, tree)
        for migration in pending:
            _apply(connection, tree, migration)
            say(f"applied {migration.path.name}")
        python = prepare_python(connection)
        current = {
            tree.fingerprint(with_python=each) for each in ([True, False] if python is None else [python])
        }
        if pending or _stored_fingerprint(connection) not in current:
            for dropped in reload(connection, tree, python=python):
                say(f"dropped {dropped}")
            say(f"reloaded {len(tree.reloaded(with_python=python is True))} files")
        if reference:
            for name, rows in load_reference(connection).items():
                say(f"loaded {rows} rows of {name}")
        _write_defaults(connection, settings)
        _write_where_webhooks_go(connection, settings, say)
        _write_passwords(connection, settings)


def prepare(connection: psycopg.Connection, tree: SqlTree) -> None:
    """Roles (where we may), schemas, and the tables that this module keeps its books in."""
    if _may_create_roles(connection):
        tree.run(connection, tree.roles)
    row = connection.execute(
        "select pg_has_role(current_user, oid, 'member') from pg_roles where rolname = %s", [OWNER]
    ).fetchone()
    if row is None or not row[0]:
        raise MigrateError(f"this role is no member of {OWNER}: migrate as a superuser, or grant it")
    known = {name for (name,) in connection.execute("select nspname from pg_namespace")}
    for schema in SCHEMAS:
        if schema not in known:
            connection.execute(
                sql.SQL("create schema {} authorization {}").format(
                    sql.Identifier(schema), sql.Identifier(OWNER)
                )
            )
    with as_owner(connection):
        connection.execute(BOOKKEEPING)


busy = retry(
    retry=retry_if_exception_type((DeadlockDetected, LockNotAvailable)),
    stop=stop_after_attempt(5),
    wait=wait_random_exponential(multiplier=0.2, max=5),
    reraise=True,
)


@busy
def _apply(connection: psycopg.Connection, tree: SqlTree, migration: Migration) -> None:
    with as_owner(connection):
        tree.run(connection, migration.path)
        connection.execute(
            "insert into leadgen.schema_migrations (number, name, checksum) values (%s, %s, %s)",
            [migration.number, migration.name, migration.checksum],
        )


@busy
def reload(connection: psycopg.Connection, tree: SqlTree, *, python: bool | None) -> list[str]:
    """Declare functions, views, policies and grants anew in one transaction; returns what it dropped, and why.

    `python` is prepare_python's answer. What can no longer run goes first, so that a policy which still
    asks for it stops the deploy.
    """
    with as_owner(connection):
        connection.execute("set local check_function_bodies = off")  # files may name what a later one creates
        gone = drop_python(connection) if python is False else []
        for path in tree.reloaded(with_python=python is True):
            with as_superuser(connection) if tree.is_python(path) else nullcontext():
                tree.run(connection, path)
        stale = _drop_untouched(connection, python=python)
        connection.execute("delete from leadgen.schema_reloads")
        connection.execute(
            "insert into leadgen.schema_reloads (fingerprint) values (%s)",
            [tree.fingerprint(with_python=python is True)],
        )
    return [f"routine {name}: {LANGUAGE} does not work here" for name in gone] + [
        f"{name}: it has no file any more" for name in stale
    ]


def _drop_untouched(connection: psycopg.Connection, *, python: bool | None) -> list[str]:
    parameters = {"schemas": SCHEMAS, "with_python": python is not None, "language": LANGUAGE}
    stale = connection.execute(UNTOUCHED, parameters).fetchall()
    for kind in ("trigger", "policy", "view", "routine"):
        names = [name for found, name in stale if found == kind]
        # Names come quoted from the catalogue. Views and routines go together, since one may use another.
        batches = [", ".join(names)] if kind in ("view", "routine") and names else names
        for batch in batches:
            connection.execute(f"drop {kind} {batch}".encode())
    return [f"{kind} {name}" for kind, name in stale]


def _pending(connection: psycopg.Connection, tree: SqlTree) -> list[Migration]:
    """What is still to be applied. Raises MigrateError when an applied one was changed or is not known."""
    known = {migration.number: migration for migration in tree.migrations()}
    applied = connection.execute("select number, name, checksum from leadgen.schema_migrations").fetchall()
    for number, name, checksum in applied:
        if number not in known:
            raise MigrateError(
                f"the database has had migration {number:04d} {name}, which this version does not know"
            )
        if known[number].checksum != checksum:
            raise MigrateError(
                f"migration {known[number].path.name} was changed after it was applied: add a new one instead"
            )
    done = {number for number, _, _ in applied}
    return [migration for number, migration in known.items() if number not in done]


def _stored_fingerprint(connection: psycopg.Connection) -> str | None:
    row = connection.execute("select fingerprint from leadgen.schema_reloads").fetchone()
    return row[0] if row else None


def _may_create_roles(connection: psycopg.Connection) -> bool:
    row = connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
    return bool(row and row[0])


def _write_defaults(connection: psycopg.Connection, settings: Settings) -> None:
    """The platform defaults that the environment sets; one that it does not set keeps its value."""
    values = {
        name: value
        for name in ("default_source_key", "default_duplicate_window_hours", "default_invoice_threshold")
        if (value := getattr(settings, name)) is not None
    }
    with as_owner(connection):
        for name, value in values.items():
            connection.execute(
                sql.SQL(
                    "update leadgen.settings set {0} = %(value)s where {0} is distinct from %(value)s"
                ).format(sql.Identifier(name)),
                {"value": value},
            )


def _write_where_webhooks_go(
    connection: psycopg.Connection, settings: Settings, say: Callable[[str], None]
) -> None:
    """Webhooks may be http and on this machine with ENVIRONMENT=development, and nowhere else."""
    allows = settings.environment == "development"
    with as_owner(connection):
        changed = connection.execute(ALLOW_LOCAL_WEBHOOKS, [allows, allows]).rowcount
    if changed:
        allowed = "any http or https address" if allows else "public https addresses only"
        say(f"webhooks go to {allowed}: ENVIRONMENT is {settings.environment}")


def _write_passwords(connection: psycopg.Connection, settings: Settings) -> None:
    """The login passwords of API and worker, where the environment sets them; needs a superuser."""
    for role, password in (
        ("leadgen_api", settings.api_db_password),
        ("leadgen_worker", settings.worker_db_password),
    ):
        if password is not None:
            connection.execute(
                sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(password))
            )
