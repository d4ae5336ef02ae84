"""Managed PostgreSQL: who deploys has CREATEROLE and CREATEDB, or less, and is no superuser."""

from collections.abc import Iterator

import psycopg
import pytest

from leadgen.db.migrate import MigrateError, migrate
from leadgen.db.urls import with_role
from leadgen.settings import Settings
from rig.cluster import Cluster, running_cluster

ROLES = "select count(*) from pg_roles where rolname ~ '^leadgen_'"
SCHEMAS = "select count(*) from pg_namespace where nspname = 'leadgen'"


@pytest.fixture
def bare() -> Iterator[Cluster]:
    """A server that has never seen LeadGen; nobody's password is asked."""
    with running_cluster() as server:
        ask(server.url("postgres"), "create role admin login createrole createdb")
        yield server


def ask(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Run the statements; the rows of the last, if it gives any."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def run(url: str, **settings: str) -> list[str]:
    """Migrate and return what was said."""
    said: list[str] = []
    migrate(url, Settings(**settings), reference=False, say=said.append)  # type: ignore[arg-type]
    return said


def list_statements(refusal: pytest.ExceptionInfo[MigrateError]) -> list[str]:
    return [line.strip() for line in str(refusal.value).splitlines() if line.startswith("  ")]


@pytest.fixture
def own(bare: Cluster) -> str:
    """The administrator's URL of an empty database of theirs."""
    ask(with_role(bare.url("postgres"), "admin"), "create database own template template0")
    return with_role(bare.url("own"), "admin")


def test_administrator_deploys_into_an_empty_database(own: str) -> None:
    """The road that docs/how-to/run.md describes: twice, with passwords, and then as leadgen_migrator."""
    said = run(own, api_db_password="for api", worker_db_password="for worker")
    assert [line for line in said if line.startswith("role")] == [
        "role leadgen_reporting: it has no temp_file_limit. Mend it as a superuser: "
        "alter role leadgen_reporting set temp_file_limit = '8GB'"
    ]
    assert sum("every login may" in line for line in said) == 2, "functions of the server stay open"
    assert run(own) == run(with_role(own, "leadgen_migrator")), "nothing but what is open"
    ask(own, "set role leadgen_owner", "truncate leadgen.schema_reloads")
    assert run(with_role(own, "leadgen_migrator"))[0].startswith("reloaded")

    assert ask(with_role(own, "leadgen_api"), "select leadgen.is_ready()") == [(True,)]
    assert ask(with_role(own, "leadgen_dba"), "show statement_timeout") == [("30min",)]
    limits = (
        "select rolname::text, rolconnlimit from pg_roles where rolname ~ '^leadgen_(dba|rep)' order by 1"
    )
    assert ask(own, limits) == [("leadgen_dba", 20), ("leadgen_reporting", 10)]
    owners = (
        "select distinct relowner::regrole::text from pg_class where relnamespace = 'leadgen'::regnamespace"
    )
    assert ask(own, owners) == [("leadgen_owner",)]


def test_role_without_inheritance_deploys(own: str) -> None:
    ask(with_role(own, "postgres"), "alter role admin noinherit")
    run(own)
    ask(with_role(own, "postgres"), "truncate leadgen.schema_reloads")
    assert run(own)[0].startswith("reloaded")
    run(with_role(own, "postgres"))  # closes the functions that lock
    assert run(own) == []


def test_who_may_nothing_is_told_what_an_administrator_must_run(bare: Cluster) -> None:
    """In a database of somebody else's, with nothing for PUBLIC in it: the statements are run, and are enough."""
    url = bare.create("theirs")
    ask(
        url,
        "create role app login",
        "revoke all on database theirs from public",
        "grant connect on database theirs to app",
    )
    for _ in range(2):
        with pytest.raises(MigrateError, match="the role app may not migrate") as refusal:
            run(with_role(url, "app"))
        statements = list_statements(refusal)
        assert statements == [
            "alter role app createrole;",
            "grant create, temporary on database theirs to app with grant option;",
        ]
        assert ask(url, ROLES) == [(0,)]
        assert ask(url, SCHEMAS) == [(0,)]
    ask(url, *statements)
    said = run(with_role(url, "app"))
    assert [line for line in said if "connect" in line and "advisory" not in line] == [
        f"role leadgen_{role}: it may not connect to database theirs. "
        f"Mend it as the owner of the database: grant connect on database theirs to leadgen_{role}"
        for role in ("api", "worker")
    ]
    ask(url, "grant connect on database theirs to leadgen_api, leadgen_worker")
    assert ask(with_role(url, "leadgen_api"), "select leadgen.is_ready()") == [(True,)]


def test_roles_that_somebody_else_made_must_be_granted(bare: Cluster) -> None:
    """Another application's LeadGen is on the server. CREATEROLE reaches its roles up to PostgreSQL 15 only."""
    run(bare.create("first"))
    url = bare.create("second")
    ask(url, "alter database second owner to admin", "create role plain login")
    mine = with_role(url, "admin")
    if ask(url, "select current_setting('server_version_num')::integer >= 160000") == [(True,)]:
        with pytest.raises(MigrateError, match="the role admin may not migrate") as refusal:
            run(mine)
        assert list_statements(refusal) == ["grant leadgen_owner to admin;"]
        ask(url, *list_statements(refusal))
    said = run(mine)
    assert not [line for line in said if line.startswith("role")], (
        "the first deploy, a superuser's, gave them limits"
    )

    with pytest.raises(MigrateError, match="the role plain may not migrate") as refusal:
        run(with_role(url, "plain"))
    assert list_statements(refusal) == ["grant leadgen_owner to plain;"]
    ask(url, *list_statements(refusal))
    assert not [line for line in run(with_role(url, "plain")) if line.startswith(("applied", "role"))]
    with pytest.raises(MigrateError, match="unset API_DB_PASSWORD, and have an administrator"):
        run(with_role(url, "plain"), api_db_password="mine")
