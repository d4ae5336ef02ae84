"""`leadgen migrate`, on a small tree; tests/db/test_schema.py looks at the real one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import psycopg
import pytest

from leadgen.db.migrate import MigrateError, migrate
from leadgen.db.tree import SqlError, SqlTree
from leadgen.db.urls import with_role
from leadgen.settings import Settings
from rig.waiting import wait_until

MORE = "create table leadgen.more (id integer);"
WIDER = "alter table leadgen.items add column size integer;"


def run(url: str, tree: SqlTree, **settings: object) -> list[str]:
    """Migrate and return what was said."""
    said: list[str] = []
    migrate(url, Settings(**settings), tree=tree, reference=False, say=said.append)  # type: ignore[arg-type]
    return said


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def test_an_empty_database_becomes_current(empty: str, tree: SqlTree) -> None:
    assert run(empty, tree) == ["applied 0001_settings.sql", "applied 0002_items.sql", "reloaded 6 files"]
    assert ask(empty, "select number, name from leadgen.schema_migrations order by 1") == [
        (1, "settings"),
        (2, "items"),
    ]
    assert ask(empty, "select leadgen.count_items()") == [(0,)]


def test_everything_belongs_to_the_owner(empty: str, tree: SqlTree) -> None:
    run(empty, tree)
    owners = ask(
        empty,
        """
        select nspowner::regrole::text from pg_namespace where nspname in ('leadgen', 'report')
        union select relowner::regrole::text from pg_class where relnamespace = 'leadgen'::regnamespace
        union select relowner::regrole::text from pg_class where relnamespace = 'report'::regnamespace
        union select proowner::regrole::text from pg_proc where pronamespace = 'leadgen'::regnamespace
        """,
    )
    assert owners == [("leadgen_owner",)]


def test_a_second_run_does_nothing(empty: str, tree: SqlTree) -> None:
    run(empty, tree)
    before = ask(empty, "select fingerprint, loaded_at from leadgen.schema_reloads")
    assert run(empty, tree) == []
    assert ask(empty, "select fingerprint, loaded_at from leadgen.schema_reloads") == before


def test_a_member_of_the_owner_may_migrate(empty: str, tree: SqlTree) -> None:
    run(empty, tree)
    (tree.root / "migrations/0003_more.sql").write_text("create table leadgen.more (id integer);")
    assert run(with_role(empty, "leadgen_migrator"), tree)[0] == "applied 0003_more.sql"
    assert ask(empty, "select relowner::regrole::text from pg_class where relname = 'more'") == [
        ("leadgen_owner",)
    ]


def test_any_other_role_is_refused(empty: str, tree: SqlTree) -> None:
    run(empty, tree)
    with pytest.raises(MigrateError, match="the role leadgen_api may not migrate"):
        run(with_role(empty, "leadgen_api"), tree)


def test_two_at_once_apply_each_migration_once(empty: str, tree: SqlTree) -> None:
    (tree.root / "migrations/0001_settings.sql").write_text(
        (tree.root / "migrations/0001_settings.sql").read_text() + "select pg_sleep(0.3);"
    )
    said: list[str] = []
    errors: list[Exception] = []

    def one() -> None:
        try:
            said.extend(run(empty, tree))
        except Exception as error:  # noqa: BLE001 - any failure fails the test below
            errors.append(error)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    done = [line for line in said if not line.startswith("another deploy is at work")]
    assert sorted(done) == ["applied 0001_settings.sql", "applied 0002_items.sql", "reloaded 6 files"]


def test_an_interrupted_run_is_completed_by_the_next(empty: str, tree: SqlTree) -> None:
    whole = (tree.root / "migrations/0002_items.sql").read_text()
    (tree.root / "migrations/0002_items.sql").write_text(f"{whole}\nselect 1 / 0;")
    with pytest.raises(SqlError, match="division by zero"):
        run(empty, tree)
    assert ask(empty, "select number from leadgen.schema_migrations") == [(1,)]
    assert ask(empty, "select to_regclass('leadgen.items')") == [(None,)]

    (tree.root / "migrations/0002_items.sql").write_text(whole)
    assert run(empty, tree) == ["applied 0002_items.sql", "reloaded 6 files"]


def test_a_killed_session_leaves_whole_steps_only(empty: str, tree: SqlTree) -> None:
    second = tree.root / "migrations/0002_items.sql"
    whole = second.read_text()
    second.write_text(f"{whole}\nselect pg_sleep(60);")
    failed: list[Exception] = []

    def migrate_until_killed() -> None:
        try:
            run(empty, tree)
        except (psycopg.Error, SqlError) as error:
            failed.append(error)

    thread = threading.Thread(target=migrate_until_killed)
    thread.start()
    with psycopg.connect(empty, autocommit=True) as connection:
        kill = (
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and wait_event = 'PgSleep'"
        )
        wait_until(lambda: connection.execute(kill).fetchone())
    thread.join()
    assert len(failed) == 1
    second.write_text(whole)
    assert run(empty, tree) == ["applied 0002_items.sql", "reloaded 6 files"]


def test_a_failing_reload_changes_nothing(empty: str, tree: SqlTree) -> None:
    run(empty, tree)
    function = tree.root / "functions/count_items.sql"
    function.write_text(function.read_text().replace("count(*)", "count(*) + 1"))
    (tree.root / "views/names.sql").write_text(
        "create or replace view report.names as\nselect nothing from leadgen.items;"
    )
    with pytest.raises(SqlError, match=r"sql/views/names.sql:2: column .nothing. does not exist"):
        run(empty, tree)
    assert ask(empty, "select leadgen.count_items()") == [(0,)]


def test_a_changed_function_is_reloaded(empty: str, tree: SqlTree) -> None:
    run(empty, tree)
    function = tree.root / "functions/count_items.sql"
    function.write_text(function.read_text().replace("count(*)", "count(*) + 7"))
    assert run(empty, tree) == ["reloaded 6 files"]
    assert ask(empty, "select leadgen.count_items()") == [(7,)]


def test_what_lost_its_file_is_dropped(empty: str, tree: SqlTree) -> None:
    run(empty, tree)
    (tree.root / "functions/guard/stale.sql").unlink()
    (tree.root / "views/stale_view.sql").unlink()
    (tree.root / "policies/items.sql").write_text("")
    (tree.root / "functions/guard/refuse_empty.sql").unlink()
    said = run(empty, tree)
    assert sorted(said) == [
        'dropped policy items_all on leadgen.items: it has no file any more',
        'dropped routine leadgen."Stale One"(integer): it has no file any more',
        "dropped routine leadgen.refuse_empty(): it has no file any more",
        "dropped trigger refuse_empty on leadgen.items: it has no file any more",
        "dropped view report.stale_view: it has no file any more",
        "reloaded 3 files",
    ]  # fmt: skip
    assert ask(empty, "select proname from pg_proc where pronamespace = 'leadgen'::regnamespace") == [
        ("count_items",)
    ]


def test_an_old_signature_is_dropped(empty: str, tree: SqlTree) -> None:
    run(empty, tree)
    function = tree.root / "functions/count_items.sql"
    function.write_text(function.read_text().replace("count_items()", "count_items(p_least bigint)"))
    assert "dropped routine leadgen.count_items(): it has no file any more" in run(empty, tree)


def test_a_changed_migration_is_refused(empty: str, tree: SqlTree) -> None:
    run(empty, tree)
    with (tree.root / "migrations/0002_items.sql").open("a") as file:
        file.write("-- changed\n")
    with pytest.raises(MigrateError, match=r"0002_items\.sql was changed after it was applied"):
        run(empty, tree)


def test_a_migration_of_a_newer_version_is_refused(empty: str, tree: SqlTree) -> None:
    run(empty, tree)
    (tree.root / "migrations/0002_items.sql").unlink()
    with pytest.raises(MigrateError, match="0002 items, which this version does not know"):
        run(empty, tree)


@pytest.mark.parametrize(
    ("name", "message"), [("0002_again.sql", "number 2 is taken"), ("more.sql", "must look like")]
)
def test_a_misnamed_migration_is_refused(name: str, message: str, empty: str, tree: SqlTree) -> None:
    (tree.root / "migrations" / name).write_text("select 1;")
    with pytest.raises(SqlError, match=message):
        run(empty, tree)


def test_a_load_order_that_names_nothing_is_refused(empty: str, tree: SqlTree) -> None:
    (tree.root / "load_order").write_text("functions\ntypo\n")
    with pytest.raises(SqlError, match="load_order names typo"):
        run(empty, tree)


def test_a_busy_table_is_waited_for(empty: str, tree: SqlTree) -> None:
    """A lock held longer than lock_timeout makes the reload try again, and nothing is lost."""
    run(empty, tree)
    with (tree.root / "policies/items.sql").open("a") as file:
        file.write("-- reload\n")
    with psycopg.connect(empty) as busy:
        busy.execute("lock table leadgen.items")
        pid = busy.info.backend_pid
        release = threading.Timer(2.5, busy.rollback)
        release.start()
        waiting, *rest = run(empty, tree)
        assert waiting.startswith(f"waiting for session {pid} of postgres, idle in transaction, since ")
        assert waiting.endswith(", query: lock table leadgen.items")
        assert rest == ["reloaded 6 files"]
        release.join()


TRIGGER = "create or replace trigger refuse {} on leadgen.items for each row execute function leadgen.refuse_empty();\n"
TRIGGERS = "select tgname, tgenabled, tgtype from pg_trigger where not tgisinternal order by tgname"


def declare_trigger(tree: SqlTree, when: str) -> None:
    """Have the table's file declare a trigger, as the files of the real tree do."""
    (tree.root / "load_order").write_text("functions\nviews\ntables/items.sql\n")
    (tree.root / "tables/items.sql").write_text(TRIGGER.format(when))


def test_a_trigger_that_is_as_declared_makes_no_writer_wait(empty: str, tree: SqlTree) -> None:
    declare_trigger(tree, "before insert")
    run(empty, tree)
    made = ask(empty, TRIGGERS)
    (tree.root / "functions/count_items.sql").write_text(
        "create or replace function leadgen.count_items() returns bigint language sql stable as $$ select 7::bigint $$;"
    )
    with psycopg.connect(empty) as writer:
        writer.execute("insert into leadgen.items (name) values ('one')")
        assert run(empty, tree) == ["reloaded 6 files"]
    assert ask(empty, TRIGGERS) == made
    declare_trigger(tree, "before insert or update")
    run(empty, tree)
    assert ask(empty, TRIGGERS) != made


def test_a_trigger_that_somebody_changed_is_declared_anew(empty: str, tree: SqlTree) -> None:
    declare_trigger(tree, "before insert")
    run(empty, tree)
    made = ask(empty, TRIGGERS)
    for change in (
        "alter table leadgen.items disable trigger refuse",
        TRIGGER.format("before update"),
        "drop trigger refuse on leadgen.items",
    ):
        with psycopg.connect(empty) as session:
            session.execute(change.encode())
            session.execute("update leadgen.schema_reloads set fingerprint = 'of before'")
        assert ask(empty, TRIGGERS) != made
        run(empty, tree)
        assert ask(empty, TRIGGERS) == made


def add_migrations(tree: SqlTree, *texts: str) -> None:
    for number, text in enumerate(texts, start=3):
        (tree.root / f"migrations/{number:04}_{'abc'[number - 3]}.sql").write_text(text)


def run_patiently(url: str, tree: SqlTree, wait: float, say: Callable[[str], None]) -> None:
    migrate(url, Settings(), tree=tree, reference=False, wait=wait, say=say)


@contextmanager
def reading(url: str) -> Iterator[psycopg.Connection]:
    """A transaction that has read a table and is left open."""
    with psycopg.connect(url, application_name="report") as session:
        session.execute("select count(*) from leadgen.items")
        yield session


def test_who_would_hold_up_a_migration_is_named_before_anything_is_changed(empty: str, tree: SqlTree) -> None:
    run(empty, tree)
    add_migrations(tree, MORE, WIDER)
    said: list[str] = []
    for role in ("postgres", "leadgen_migrator"):
        with reading(empty) as session:
            pid = session.info.backend_pid
            with pytest.raises(MigrateError, match="nothing was changed") as refusal:
                run_patiently(with_role(empty, role), tree, 0, said.append)
        assert f"\n  session {pid} of postgres, report" in str(refusal.value)
        assert "--wait SECONDS" in str(refusal.value)
        if role == "postgres":
            assert ", report, idle in transaction, since 2" in str(refusal.value)
    assert said == []
    assert ask(empty, "select max(number) from leadgen.schema_migrations") == [(2,)]
    assert ask(empty, "select to_regclass('leadgen.more')") == [(None,)]
    run_patiently(empty, tree, 0, said.append)
    assert said == ["applied 0003_a.sql", "applied 0004_b.sql", "reloaded 6 files"]


def test_who_would_hold_up_a_migration_is_waited_for(empty: str, tree: SqlTree) -> None:
    run(empty, tree)
    add_migrations(tree, MORE, WIDER)
    said: list[str] = []

    with reading(empty) as session:

        def hear(line: str) -> None:
            if line.startswith("waiting for session"):
                assert f" {session.info.backend_pid} of " in line
                session.rollback()
            said.append(line)

        run_patiently(empty, tree, 60, hear)
    assert said[1:] == ["applied 0003_a.sql", "applied 0004_b.sql", "reloaded 6 files"]


def test_who_only_reads_something_else_is_not_waited_for(empty: str, tree: SqlTree) -> None:
    run(empty, tree)
    add_migrations(tree, WIDER)
    with psycopg.connect(empty) as session:
        session.execute("create temporary table own as select count(*) from pg_class")
        session.execute("lock table own")
        run_patiently(empty, tree, 0, lambda _: None)


def test_what_holds_it_up_in_the_middle_is_waited_for(empty: str, tree: SqlTree) -> None:
    """Longer than a lock's time-out: the step is tried again."""
    run(empty, tree)
    add_migrations(tree, MORE, WIDER)
    said: list[str] = []
    with psycopg.connect(empty) as session:

        def hear(line: str) -> None:
            said.append(line)
            if line == "applied 0003_a.sql":
                session.execute("select count(*) from leadgen.items")
                threading.Timer(2.5, session.rollback).start()

        run_patiently(empty, tree, 60, hear)
    assert said.pop(1).startswith("waiting for session ")
    assert said == ["applied 0003_a.sql", "applied 0004_b.sql", "reloaded 6 files"]


def test_a_database_between_versions_is_told_of(empty: str, tree: SqlTree) -> None:
    run(empty, tree)
    add_migrations(tree, MORE, WIDER)
    said: list[str] = []
    with psycopg.connect(empty) as session:

        def hear(line: str) -> None:
            said.append(line)
            if line == "applied 0003_a.sql":
                session.execute("select count(*) from leadgen.items")

        with pytest.raises(MigrateError, match="a step waited too long for others") as error:
            run_patiently(empty, tree, 0, hear)
        assert f"\n  session {session.info.backend_pid} of postgres, idle in transaction" in str(error.value)
    assert said == [
        "applied 0003_a.sql",
        "the database is between versions: it has 0003_a.sql, but not what comes after. "
        "Leads are answered 503 until `leadgen migrate` has been run again to its end",
    ]
    assert run(empty, tree) == ["applied 0004_b.sql", "reloaded 6 files"]


def test_defaults_are_written_where_they_are_set(empty: str, tree: SqlTree) -> None:
    run(empty, tree, default_source_key="austin", default_invoice_threshold="750.50")
    run(empty, tree)
    assert ask(
        empty,
        "select default_source_key, default_duplicate_window_hours, default_invoice_threshold"
        " from leadgen.settings",
    ) == [("austin", Decimal(24), Decimal("750.50"))]


def test_local_webhooks_are_for_development_only(empty: str, tree: SqlTree) -> None:
    local = "webhooks go to any http or https address: ENVIRONMENT is development"
    public = "webhooks go to public https addresses only: ENVIRONMENT is "
    query = "select allows_local_webhooks from leadgen.settings"
    assert not any("webhooks" in line for line in run(empty, tree)), "as it was"
    for environment, said, allows in (
        ("development", [local], True),
        ("development", [], True),
        ("staging", [public + "staging"], False),
        ("production", [], False),
    ):
        assert run(empty, tree, environment=environment) == said
        assert ask(empty, query) == [(allows,)]
