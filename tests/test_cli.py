"""The `leadgen` command. It runs in a process of its own where its start or its end is what a test is about."""

import hashlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from api.serving import add_catalogue
from db.tiny_tree import write_tree
from leadgen.db import reference
from leadgen.db.diff import dump_objects
from leadgen.db.migrate import migrate
from leadgen.settings import Settings
from rig.cli import leadgen
from rig.cluster import Cluster

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[str]:
    with cluster.clone("template0") as url:
        yield url


def test_help_loads_neither_the_api_nor_the_worker() -> None:
    heavy = {"litestar", "aiohttp", "phonenumbers", "dns", "structlog"}
    code = f"import sys, leadgen.cli; print(sorted({heavy} & sys.modules.keys()))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"
    shown = leadgen("--help").stdout
    for command in ("migrate", "diff", "load", "key", "serve", "worker", "verify", "db"):
        assert command in shown
    for command in ("deliveries", "endpoints", "returns"):
        assert command in shown
    for command in ("explain", "unsold", "dry-run", "what-if", "history", "rollback", "events"):
        assert command in shown


@pytest.mark.parametrize("command", [["migrate"], ["db", "url"], ["serve"], ["worker"]])
def test_a_wrong_setting_stops_every_command_with_one_line(command: list[str], leadgen_here: Run) -> None:
    done = leadgen_here(*command, WEBHOOK_MAX_RETRIES="many")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("leadgen: setting WEBHOOK_MAX_RETRIES: ")
    assert done.stderr.count("\n") == 1


def test_a_server_that_is_not_there_is_one_clear_error() -> None:
    done = leadgen("verify", DATABASE_URL="postgresql://nobody@127.0.0.1:1/leadgen")
    assert done.returncode == 1
    assert done.stderr.startswith("leadgen: connection failed")
    assert "Traceback" not in done.stderr


def test_migrate_then_verify(empty: str, leadgen_here: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Postal codes and throw-away domains take five times as long as the rest, and are left out."""
    small = [data for data in reference.DATA_SETS if data.package == "phonenumbers"]
    monkeypatch.setattr(reference, "DATA_SETS", small)
    first = leadgen_here("migrate", DATABASE_URL=empty)
    assert first.returncode == 0, first.stderr
    assert "applied 0001_" in first.stderr
    for data in small:
        assert re.search(rf"^loaded [\d,]+ rows of {data.table}$", first.stderr, re.MULTILINE)
    assert leadgen_here("migrate", DATABASE_URL=empty).stderr == "the database is up to date\n"
    assert leadgen_here("verify", DATABASE_URL=empty).returncode == 0


def test_a_function_that_had_another_result_is_no_obstacle(database: str, leadgen_here: Run) -> None:
    """As a database has it that was deployed before a sale said which buyers it holds."""
    declared = dump_objects(database)
    signature = "billing.take_funds(kernel.snapshot, kernel.decision, boolean)"
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("delete from leadgen.schema_migrations where number = 48")
        admin.execute(f"drop function {signature}".encode())
        admin.execute(f"create function {signature} returns text begin atomic select 'enough'; end".encode())
    done = leadgen_here("migrate", DATABASE_URL=database)
    assert done.returncode == 0, done.stderr
    assert dump_objects(database) == declared


def test_migrate_names_who_would_hold_it_up(database: str, leadgen_here: Run) -> None:
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute("delete from leadgen.schema_migrations where number = 24")
    with psycopg.connect(database, application_name="report") as session:
        session.execute("select count(*) from leadgen.leads")
        done = leadgen_here("migrate", "--wait", "0", DATABASE_URL=database)
        pid = session.info.backend_pid
    assert done.returncode == 1
    assert done.stderr.startswith("leadgen: nothing was changed")
    assert f"session {pid} of " in done.stderr


def test_diff_shows_what_differs(
    empty: str, leadgen_here: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a small tree. Of ours, tests/db/test_schema.py says that migrated and declared state are equal."""
    tree = write_tree(tmp_path / "sql")
    monkeypatch.setattr("leadgen.db.diff.sql_dir", lambda: tree.root)
    assert leadgen_here("diff", DATABASE_URL=empty).returncode == 1
    migrate(empty, Settings(), tree=tree, reference=False, say=lambda _: None)
    done = leadgen_here("diff", DATABASE_URL=empty)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "the database is in the declared state\n"
    with psycopg.connect(empty) as connection:
        connection.execute("alter table leadgen.items add column surprise text")
    done = leadgen_here("diff", DATABASE_URL=empty)
    assert done.returncode == 1
    assert "-     surprise text" in done.stdout
    assert 'alter table "leadgen"."items" drop column "surprise";' in done.stdout


def test_verify_shows_what_is_broken(database: str, leadgen_here: Run) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            """
            create or replace function leadgen.list_broken_invariants(out rule text, out detail text)
            returns setof record language sql as $$ select 'caps hold', 'enrollment 7' $$
            """
        )
    done = leadgen_here("verify", DATABASE_URL=database)
    assert done.returncode == 1
    assert "caps hold" in done.stdout
    assert "enrollment 7" in done.stdout


def test_an_operators_key_is_shown_once_and_revoked(database: str, leadgen_here: Run) -> None:
    key = leadgen_here("key", "create", "--operator", "ann", DATABASE_URL=database).stdout.strip()
    query = "select name, key_hash, revoked_at is not null from leadgen.api_keys where name = 'ann'"
    digest = hashlib.sha256(key.encode()).hexdigest()
    with psycopg.connect(database, autocommit=True) as connection:
        assert connection.execute(query).fetchall() == [("ann", digest, False)]
        assert leadgen_here("key", "revoke", "--operator", "ann", DATABASE_URL=database).returncode == 0
        assert connection.execute(query).fetchall() == [("ann", digest, True)]
    assert leadgen_here("key", "revoke", "--operator", "ann", DATABASE_URL=database).returncode == 1


def test_an_operators_key_reads_unless_it_is_given_more(database: str, leadgen_here: Run) -> None:
    query = "select scopes from leadgen.api_keys where name = %s order by id"
    given: dict[str, tuple[str, ...]] = {"may": (), "moe": ("--scope", "money"), "rea": ("--scope", "read")}
    for name, scopes in given.items():
        assert (
            leadgen_here("key", "create", "--operator", name, *scopes, DATABASE_URL=database).returncode == 0
        )
    with psycopg.connect(database) as connection:
        assert connection.execute(query, ["may"]).fetchall() == [(["read"],)]
        assert connection.execute(query, ["moe"]).fetchall() == [(["read", "money"],)]
        assert connection.execute(query, ["rea"]).fetchall() == [(["read"],)]
    assert "read, money" in leadgen_here("key", "list", DATABASE_URL=database).stdout
    add_catalogue(database)
    done = leadgen_here(
        "key", "create", "--source", "austin-plumbing-v1", "--scope", "money", DATABASE_URL=database
    )
    assert (done.returncode, "--scope: found money, allowed leads" in done.stderr) == (1, True)


def test_a_source_has_several_keys_until_they_are_revoked(database: str, leadgen_here: Run) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        add_catalogue(database)
        query = """
            select k.key_hash from leadgen.api_keys k join leadgen.sources s on s.id = k.source_id
            where s.source_key = 'austin-plumbing-v1' and k.revoked_at is null order by k.id
        """
        keys = []
        for _ in range(2):
            done = leadgen_here("key", "create", "--source", "austin-plumbing-v1", DATABASE_URL=database)
            keys.append(done.stdout.strip())
        digests = [(hashlib.sha256(key.encode()).hexdigest(),) for key in keys]
        assert connection.execute(query).fetchall() == digests
        assert keys[0] != keys[1]
        leadgen_here("key", "revoke", "--source", "austin-plumbing-v1", DATABASE_URL=database)
        assert connection.execute(query).fetchall() == []


@pytest.mark.parametrize(
    "arguments", [[], ["--source", "a", "--operator", "b"], ["--source", "no-such-source"]]
)
def test_a_key_is_for_one_that_exists(arguments: list[str], database: str, leadgen_here: Run) -> None:
    done = leadgen_here("key", "create", *arguments, DATABASE_URL=database)
    assert done.returncode != 0
    assert done.stdout == ""


def test_load_runs_a_file_whole_or_not_at_all(database: str, tmp_path: Path, leadgen_here: Run) -> None:
    query = "select default_source_key from leadgen.settings"
    path = tmp_path / "my rows.sql"
    path.write_text(
        "update leadgen.settings set default_source_key = 'mine';\n\nselect nothing from nowhere;\n"
    )
    with psycopg.connect(database, autocommit=True) as connection:
        done = leadgen_here("load", str(path), DATABASE_URL=database)
        assert done.returncode == 1
        assert done.stderr.startswith('leadgen: my rows.sql:3: relation "nowhere" does not exist')
        assert connection.execute(query).fetchone() == (None,)
        path.write_text("update leadgen.settings set default_source_key = 'mine';\n")
        assert leadgen_here("load", str(path), DATABASE_URL=database).returncode == 0
        assert connection.execute(query).fetchone() == ("mine",)
    assert leadgen_here("load", "no-such-file.sql", DATABASE_URL=database).returncode == 1


def test_reset_leaves_an_empty_database(database: str, leadgen_here: Run) -> None:
    assert leadgen_here("db", "reset", "--yes", DATABASE_URL=database).returncode == 0
    with psycopg.connect(database) as connection:
        assert connection.execute("select to_regnamespace('leadgen')").fetchone() == (None,)
    assert "migrate" in leadgen_here("verify", DATABASE_URL=database).stderr
