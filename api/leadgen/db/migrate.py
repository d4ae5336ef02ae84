"""Brings any database to the declared state: roles, numbered migrations, then what is declared anew.

Safe to run twice, from two places at once (one waits for the other), and again after it was interrupted:
each step is one transaction and says in the database that it is done.

Between the first migration and the reload the database is between versions, and the API answers 503. So whoever could
hold up a migration is waited for before the first, and each step is tried for as long. The steps are not one
transaction: a value added to an enum cannot be used before its commit, and the record tells what a reload declared from
what a migration made by their transactions.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import TypeVar

import psycopg
from psycopg import sql
from psycopg.errors import DeadlockDetected, InsufficientPrivilege, LockNotAvailable
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from leadgen.db import plpython
from leadgen.db.blockers import GRACE_SECONDS, PATIENCE_SECONDS, holders_who_stay, wait_for_holders
from leadgen.db.exclusive import check_lock, exclusive_session
from leadgen.db.letters import check_letters
from leadgen.db.objects import MigrateError as MigrateError
from leadgen.db.objects import (
    check_use_by_others,
    drop_objects,
    keeping_record,
    naming_dependents,
    open_record,
    settle_record,
)
from leadgen.db.owner import OWNER, SCHEMAS, as_owner, as_session_user
from leadgen.db.plpython import as_superuser, prepare_python, python_routines
from leadgen.db.policies import restore_policies
from leadgen.db.reclaim import list_lost_schemas, reclaim_recorded, reclaim_schemas
from leadgen.db.reference import load_reference
from leadgen.db.rights import check_names, check_rights
from leadgen.db.tree import Migration, SqlTree
from leadgen.paths import sql_dir
from leadgen.settings import Settings
from leadgen.words import count_of

Result = TypeVar("Result")

BOOKKEEPING_TABLES = ("leadgen.schema_migrations", "leadgen.schema_reloads", "leadgen.schema_objects")
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
do $$
begin
  -- It is deleted from, which a publication for all tables refuses without a key.
  if not exists (select from pg_index i where i.indrelid = 'leadgen.schema_reloads'::regclass and i.indisprimary) then
    alter table leadgen.schema_reloads add constraint schema_reloads_pk primary key (fingerprint);
  end if;
end;
$$;
comment on table leadgen.schema_reloads is
  'One row: the sha256 of the functions, views, policies and grants that are loaded, and of the database they are in.';
"""

# Shorter than the time after which PostgreSQL looks for a deadlock (1 s) and than the API waits for a lock (5 s): leads
# that queue behind a step wait and are not refused.
STEP_LOCK_TIMEOUT = "500ms"

ALLOW_LOCAL_WEBHOOKS = """
update leadgen.settings set allows_local_webhooks = %s where allows_local_webhooks is distinct from %s
"""


def migrate(
    url: str,
    settings: Settings,
    *,
    tree: SqlTree | None = None,
    reference: bool = True,
    wait: float = PATIENCE_SECONDS,
    say: Callable[[str], None] = print,
) -> None:
    """Bring the database at `url` to the declared state; `say` hears of each thing that was done.

    What the role must be: check_rights. What the database must be: check_letters. Others who hold locks on our tables
    are waited for `wait` seconds before the first migration, and again at each step. Raises MigrateError or SqlError;
    what was done before stays.
    """
    tree = tree or SqlTree(sql_dir())
    with exclusive_session(url, wait, say) as connection:
        prepare(connection, tree)
        pending = _pending(connection, tree)
        if pending:
            _check_use_by_others(connection, tree, pending)
            wait_for_holders(connection, wait, say)
        applied: list[str] = []
        with _telling_where_it_stands(applied, say):
            for migration in pending:
                _patiently(wait, say, connection, partial(_apply, connection, tree, migration))
                applied.append(migration.path.name)
                say(f"applied {migration.path.name}")
            for line in restore_policies(connection, tree):
                say(line)
            python = prepare_python(connection)
            current = {
                _fingerprint(connection, tree, with_python=each)
                for each in ([True, False] if python is None else [python])
            }
            if pending or _stored_fingerprint(connection) not in current:
                for line in _patiently(
                    wait, say, connection, partial(reload, connection, tree, python=python)
                ):
                    say(line)
                say(f"reloaded {count_of(len(tree.reloaded(with_python=python is True)), 'file')}")
        if reference:
            for name, rows in load_reference(connection).items():
                say(f"loaded {count_of(rows, 'row')} of {name}")
        _write_defaults(connection, settings)
        _write_where_webhooks_go(connection, settings, say)
        for line in [*_list_server_faults(connection), *_list_copy_faults(connection)]:
            say(line)
        _write_passwords(connection, settings)


def prepare(connection: psycopg.Connection, tree: SqlTree) -> None:
    """Roles, schemas and their owner, and the tables that this module keeps its books in."""
    check_letters(connection)
    check_names(connection)
    is_superuser = check_rights(connection, tree).is_superuser
    tree.run(connection, tree.roles)
    known = {name for (name,) in connection.execute("select nspname from pg_namespace")}
    for schema in SCHEMAS:
        if schema not in known:
            connection.execute(
                sql.SQL("create schema {} authorization {}").format(
                    sql.Identifier(schema), sql.Identifier(OWNER)
                )
            )
    with as_owner(connection):
        reclaimed = False
        if is_superuser:
            with as_session_user(connection):
                reclaimed = reclaim_schemas(connection)
        elif lost := list_lost_schemas(connection):
            raise MigrateError(
                f"schema {lost[0]} does not belong to {OWNER}, as after a restore without owners: "
                "migrate once as a superuser"
            )
        connection.execute(BOOKKEEPING)
        open_record(connection)
        if reclaimed:
            with as_session_user(connection):
                reclaim_recorded(connection)


def _patiently(
    patience: float, say: Callable[[str], None], connection: psycopg.Connection, step: Callable[[], Result]
) -> Result:
    """Take a step, for so many seconds again while it cannot have its locks. Raises MigrateError: it names who has."""
    stay = holders_who_stay(connection)
    told = False

    def tell(state: RetryCallState) -> None:
        nonlocal told
        holders = stay()
        if not told and (state.seconds_since_start or 0) >= GRACE_SECONDS:
            told = True
            for holder in holders:
                say(f"waiting for {holder}")

    again = Retrying(
        retry=retry_if_exception_type((DeadlockDetected, LockNotAvailable)),
        stop=stop_after_delay(patience),
        wait=wait_random_exponential(multiplier=0.2, max=1),
        before_sleep=tell,
        reraise=True,
    )
    try:
        return again(step)
    except (DeadlockDetected, LockNotAvailable) as error:
        raise MigrateError(
            f"a step waited too long for others ({error.diag.message_primary}). Locks are held by\n  "
            + ("\n  ".join(stay()) or "nobody any more")
        ) from error


@contextmanager
def _telling_where_it_stands(applied: list[str], say: Callable[[str], None]) -> Iterator[None]:
    """Say what an error leaves behind, if it comes between the first migration and the end of the reload."""
    try:
        yield
    except BaseException:
        if applied:
            say(
                f"the database is between versions: it has {', '.join(applied)}, but not what comes after. "
                "Leads are answered 503 until `leadgen migrate` has been run again to its end"
            )
        raise


def _apply(connection: psycopg.Connection, tree: SqlTree, migration: Migration) -> None:
    with as_owner(connection, STEP_LOCK_TIMEOUT), keeping_record(connection):
        check_lock(connection)
        with naming_dependents(migration.path.name):
            tree.run(connection, migration.path)
        connection.execute(
            "insert into leadgen.schema_migrations (number, name, checksum) values (%s, %s, %s)",
            [migration.number, migration.name, migration.checksum],
        )


def reload(connection: psycopg.Connection, tree: SqlTree, *, python: bool | None) -> list[str]:
    """Declare functions, views, policies and grants anew in one transaction; returns what is worth a line.

    `python` is prepare_python's answer. What can no longer run goes first, so that a policy which still
    asks for it stops the deploy.
    """
    said: list[str] = []
    with as_owner(connection, STEP_LOCK_TIMEOUT):
        check_lock(connection)
        connection.execute("set local check_function_bodies = off")  # files may name what a later one creates
        if python is False:
            unusable = [("routine", name) for name in python_routines(connection)]
            said += drop_objects(connection, unusable, f"{plpython.LANGUAGE} does not work here")
        for path in tree.reloaded(with_python=python is True):
            role = as_superuser(connection) if tree.is_python(path) else nullcontext()
            with naming_dependents(f"sql/{path.relative_to(tree.root)}"), role:
                tree.run(connection, path)
        said += settle_record(
            connection,
            [*BOOKKEEPING_TABLES, *tree.table_names()],
            unloaded=plpython.LANGUAGE if python is None else "",
        )
        connection.execute("delete from leadgen.schema_reloads")
        connection.execute(
            "insert into leadgen.schema_reloads (fingerprint) values (%s)",
            [_fingerprint(connection, tree, with_python=python is True)],
        )
    return said


def _check_use_by_others(connection: psycopg.Connection, tree: SqlTree, pending: list[Migration]) -> None:
    declared = "\n".join(path.read_text() for path in tree.reloaded())
    with as_owner(connection):
        check_use_by_others(connection, declared, "\n".join(one.path.read_text() for one in pending))


def _pending(connection: psycopg.Connection, tree: SqlTree) -> list[Migration]:
    """What is still to be applied. Raises MigrateError when an applied one was changed or is not known."""
    known = {migration.number: migration for migration in tree.migrations()}
    with as_owner(connection):
        applied = connection.execute(
            "select number, name, checksum from leadgen.schema_migrations"
        ).fetchall()
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


def _fingerprint(connection: psycopg.Connection, tree: SqlTree, *, with_python: bool) -> str:
    """Hex sha256 of what the reload declares and where: a dump takes the stored one along to another database, in
    which owners and grants may be wrong.
    """
    row = connection.execute(
        "select system_identifier::text, 'leadgen'::regnamespace::oid::text from pg_control_system()"
    ).fetchone()
    return hashlib.sha256(repr((tree.fingerprint(with_python=with_python), row)).encode()).hexdigest()


def _list_server_faults(connection: psycopg.Connection) -> list[str]:
    """What only an administrator of the server can mend, with the statements; a superuser's deploy leaves none."""
    with as_owner(connection):
        if connection.execute("select to_regproc('catalog.list_server_faults')").fetchone() == (None,):
            return []
        rows = connection.execute("select subject, fault, remedy from catalog.list_server_faults()")
        return [f"{subject}: {fault}. Mend it {remedy}" for subject, fault, remedy in rows]


def _list_copy_faults(connection: psycopg.Connection) -> list[str]:
    """That the database is a copy, if it is: a deploy leaves it one."""
    with as_owner(connection):
        if connection.execute("select to_regproc('catalog.list_copy_faults')").fetchone() == (None,):
            return []
        rows = connection.execute("select subject, fault, remedy from catalog.list_copy_faults()")
        return [f"{subject}: {fault}. {remedy}" for subject, fault, remedy in rows]


def _stored_fingerprint(connection: psycopg.Connection) -> str | None:
    with as_owner(connection):
        row = connection.execute("select fingerprint from leadgen.schema_reloads").fetchone()
    return row[0] if row else None


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
    """The login passwords of API and worker, where the environment sets them; the last step. Raises MigrateError."""
    refused: list[str] = []
    for role, name, password in (
        ("leadgen_api", "API_DB_PASSWORD", settings.api_db_password),
        ("leadgen_worker", "WORKER_DB_PASSWORD", settings.worker_db_password),
    ):
        if password is not None:
            statement = sql.SQL("alter role {} password {}").format(
                sql.Identifier(role), sql.Literal(password)
            )
            try:
                connection.execute(statement)
            except InsufficientPrivilege:
                refused.append(
                    f"this role may not set the password of {role}: unset {name}, and have an administrator of the "
                    f"server set it (alter role {role} password '…')"
                )
    if refused:
        raise MigrateError(". ".join(refused) + ". The rest of the deploy is done")
