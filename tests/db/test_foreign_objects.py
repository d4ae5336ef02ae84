"""What somebody else put into our schemas: a deploy drops only what an earlier one declared."""

import re
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.types.json import Jsonb

from leadgen.db import plpython
from leadgen.db.diff import dump_objects
from leadgen.db.migrate import MigrateError, migrate
from leadgen.db.owner import SCHEMAS
from leadgen.db.tree import SqlTree
from leadgen.db.urls import with_role
from leadgen.paths import sql_dir
from leadgen.settings import Settings
from rig.catalogue import Catalogue, make_lead
from rig.cluster import Cluster

# A DBA's own things in our schemas and on our tables; the second line is what a deploy says of each.
THEIRS = {
    "create view report.mine as select name from leadgen.items": "view report.mine",
    'create function leadgen."Mine"(a integer) returns integer language sql as $$ select a $$': (
        'routine leadgen."Mine"(integer)'
    ),
    "create procedure leadgen.tidy() language sql as $$ select 1 $$": "routine leadgen.tidy()",
    "create aggregate report.total (bigint) (sfunc = int8pl, stype = bigint)": "routine report.total(bigint)",
    "create trigger watch after insert on leadgen.items for each row execute function tsvector_update_trigger()": (
        "trigger watch on leadgen.items"
    ),
    "create materialized view report.totals as select count(*) from leadgen.items": "materialized view report.totals",
    "create table report.notes (note text)": "table report.notes",
    "create sequence leadgen.numbers": "sequence leadgen.numbers",
    "create policy narrow on leadgen.items as restrictive using (true)": "policy narrow on leadgen.items",
}


@pytest.fixture
def migrated(cluster: Cluster, tree: SqlTree) -> Iterator[str]:
    with cluster.clone("template0") as url:
        run(url, tree)
        yield url


def run(url: str, tree: SqlTree | None = None) -> list[str]:
    """Migrate and return what was said."""
    said: list[str] = []
    migrate(url, Settings(), tree=tree, reference=False, say=said.append)
    return said


def ask(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Run the statements; the rows of the last, if it gives any."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def forget_reload(url: str) -> None:
    """The next deploy reloads."""
    ask(url, "truncate leadgen.schema_reloads")


@pytest.mark.parametrize("role", ["postgres", "leadgen_owner"])
@pytest.mark.parametrize(("statement", "name"), THEIRS.items(), ids=THEIRS.values())
def test_it_survives_every_deploy(role: str, statement: str, name: str, migrated: str, tree: SqlTree) -> None:
    ask(migrated, f"set role {role}", statement)
    before = dump_objects(migrated)
    (tree.root / "views/stale_view.sql").unlink()
    for _ in range(2):
        forget_reload(migrated)
        said = run(migrated, tree)
        assert [line for line in said if line.startswith("left alone")] == [
            f"left alone {name}: no deploy declared it"
        ]
    after = dump_objects(migrated)
    assert before.keys() - after.keys() == {
        "Name: stale_view; Type: VIEW; Schema: report; Owner: leadgen_owner"
    }
    assert all(after[name] == before[name] for name in after)


def test_what_it_granted_stays_granted(migrated: str, tree: SqlTree) -> None:
    ask(migrated, "create view report.mine as select 1 as one", "grant select on report.mine to leadgen_api")
    ask(migrated, "grant usage on schema report to leadgen_api")
    forget_reload(migrated)
    run(migrated, tree)
    assert ask(with_role(migrated, "leadgen_api"), "select one from report.mine") == [(1,)]


def test_a_view_on_ours_lets_ours_be_declared_anew(migrated: str, tree: SqlTree) -> None:
    ask(migrated, "create view public.mine as select name, leadgen.count_items() from report.names")
    count = tree.root / "functions/count_items.sql"
    count.write_text(count.read_text().replace("count(*)", "count(*) + 7"))
    run(migrated, tree)
    ask(migrated, "insert into leadgen.items (name) values ('a')")
    assert ask(migrated, "select * from public.mine") == [("a", 8)]


def lose_view(tree: SqlTree) -> None:
    (tree.root / "views/names.sql").unlink()


def lose_function(tree: SqlTree) -> None:
    (tree.root / "functions/count_items.sql").unlink()


def change_signature(tree: SqlTree) -> None:
    file = tree.root / "functions/count_items.sql"
    file.write_text(file.read_text().replace("count_items()", "count_items(p_least bigint)"))


def change_column(tree: SqlTree) -> None:
    (tree.root / "migrations/0003_wide.sql").write_text(
        "drop view report.names; alter table leadgen.items alter column name type varchar(80);"
    )


def drop_in_migration(tree: SqlTree) -> None:
    (tree.root / "migrations/0003_gone.sql").write_text("drop view report.names;")
    lose_view(tree)


@pytest.mark.parametrize(
    ("view", "change"),
    [
        ("select * from report.names", lose_view),
        ("select leadgen.count_items()", lose_function),
        ("select leadgen.count_items()", change_signature),
        ("select name from leadgen.items", change_column),
        ("select * from report.names", drop_in_migration),
    ],
)
def test_a_view_on_what_must_go_stops_the_deploy(
    view: str, change: object, migrated: str, tree: SqlTree
) -> None:
    ask(migrated, f"create view public.mine as {view}")
    before = dump_objects(migrated)
    refuse = tree.root / "functions/guard/refuse_empty.sql"
    refuse.write_text(refuse.read_text().replace("'empty'", "'no name'"))
    change(tree)  # type: ignore[operator]
    with pytest.raises(MigrateError, match=r"view public\.mine"):
        run(migrated, tree)
    assert dump_objects(migrated) == before
    assert ask(migrated, "select max(number) from leadgen.schema_migrations") == [(2,)]

    ask(migrated, "drop view public.mine")
    run(migrated, tree)
    assert dump_objects(migrated) != before


def test_it_stops_before_the_first_migration(migrated: str, tree: SqlTree) -> None:
    """Or the tables would be new and the functions old until somebody drops the view."""
    ask(migrated, "create view public.mine as select leadgen.count_items()")
    (tree.root / "migrations/0003_more.sql").write_text("create table leadgen.more (id integer);")
    lose_function(tree)
    with pytest.raises(
        MigrateError, match=r"routine leadgen\.count_items\(\) has no file .*view public\.mine uses it"
    ):
        run(migrated, tree)
    assert ask(migrated, "select to_regclass('leadgen.more')") == [(None,)]


def test_a_function_that_moves_takes_its_users_along(migrated: str, tree: SqlTree) -> None:
    ask(migrated, "create view public.mine as select leadgen.count_items()")
    (tree.root / "migrations/0003_move.sql").write_text(
        "alter function leadgen.count_items() set schema report;"
    )
    file = tree.root / "functions/count_items.sql"
    file.write_text(file.read_text().replace("leadgen.count_items", "report.count_items"))
    assert run(migrated, tree) == ["applied 0003_move.sql", "reloaded 6 files"]
    assert ask(migrated, "select * from public.mine") == [(0,)]

    ask(migrated, "drop view public.mine")
    file.unlink()
    assert "dropped routine report.count_items(): it has no file any more" in run(migrated, tree)


def test_what_a_migration_made_is_the_migrations_to_drop(migrated: str, tree: SqlTree) -> None:
    (tree.root / "migrations/0003_guard.sql").write_text(
        "create trigger guard before delete on leadgen.items for each row execute function leadgen.refuse_empty();"
        "create function leadgen.helper() returns integer language sql as 'select 1';"
    )
    assert run(migrated, tree) == ["applied 0003_guard.sql", "reloaded 6 files"]
    forget_reload(migrated)
    assert run(migrated, tree) == ["reloaded 6 files"]
    (tree.root / "migrations/0004_free.sql").write_text("drop trigger guard on leadgen.items;")
    assert run(migrated, tree) == ["applied 0004_free.sql", "reloaded 6 files"]
    assert ask(migrated, "select leadgen.helper(), count(*) from pg_trigger where tgname = 'guard'") == [
        (1, 0)
    ]


def test_ours_that_they_replaced_is_theirs(migrated: str, tree: SqlTree) -> None:
    ask(migrated, "drop view report.names", "create view report.names as select 'mine' as name")
    lose_view(tree)
    assert "left alone view report.names: no deploy declared it" in run(migrated, tree)
    assert ask(migrated, "select name from report.names") == [("mine",)]


def test_theirs_in_python_is_neither_dropped_nor_taken(
    migrated: str, tree: SqlTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not ask(migrated, "select 1 from pg_available_extensions where name = 'plpython3u'"):
        pytest.skip("plpython3u is not on this server: see scripts/get-plpython")
    ask(
        migrated,
        "create extension if not exists plpython3u",
        "create function leadgen.mine() returns text language plpython3u as $$ return 'mine' $$",
    )
    for module in ("json", "a_module_that_nobody_has"):
        monkeypatch.setattr(plpython, "MODULES", (module,))
        forget_reload(migrated)
        assert run(migrated, tree)[0] == "left alone routine leadgen.mine(): no deploy declared it"
    assert ask(migrated, "select proowner::regrole::text from pg_proc where proname = 'mine'") == [
        ("postgres",)
    ]


def test_the_real_tree_tells_ours_from_theirs(database: str) -> None:
    """Its grants must not name what is not declared, or it would look declared ever after."""
    ask(
        database,
        "create view report.mine as select * from report.funnel",
        "create table leadgen.notes (id integer generated always as identity)",
        "create materialized view report.daily as select count(*) as leads from leadgen.leads",
        "grant select on report.daily to leadgen_reporting",
        "create function leadgen.mine() returns integer language sql as 'select 1'",
        "revoke execute on function leadgen.mine() from public",
        "set role leadgen_owner",
        "create function leadgen.of_the_owner() returns integer language sql as 'select 1'",
        "create function leadgen.stale() returns integer language sql as 'select 1'",
        "insert into leadgen.schema_objects (kind, name, is_reloaded) values ('routine', 'leadgen.stale()', true)",
    )
    forget_reload(database)
    said = run(database)
    assert [line for line in said if line.startswith(("dropped", "left"))] == [
        "dropped routine leadgen.stale(): it has no file any more",
        "left alone materialized view report.daily: no deploy declared it",
        "left alone routine leadgen.mine(): no deploy declared it",
        "left alone routine leadgen.of_the_owner(): no deploy declared it",
        "left alone table leadgen.notes: no deploy declared it",
        "left alone view report.mine: no deploy declared it",
    ]
    forget_reload(database)
    assert [line for line in run(database) if line.startswith("dropped")] == []


@pytest.mark.parametrize(
    "forbidden",
    [
        r"\bon all (tables|sequences|functions|procedures|routines) in schema\b",
        r"\bdrop\b[^;]*(?<!on delete )(?<!on update )\bcascade\b",
    ],
)
def test_no_file_reaches_what_is_not_ours(forbidden: str) -> None:
    """A grant on all of a schema names theirs too, and a cascade drops theirs along."""
    files = (path for path in sql_dir().rglob("*.sql"))
    assert [path.name for path in files if re.search(forbidden, path.read_text())] == []


@pytest.fixture
def _one_schema_more() -> Iterator[None]:
    SCHEMAS.append("another")
    yield
    SCHEMAS.remove("another")


@pytest.mark.usefixtures("_one_schema_more")
def test_a_schema_is_added_in_one_place(cluster: Cluster, tree: SqlTree) -> None:
    file = tree.root / "functions/judge.sql"
    file.write_text("create or replace function another.judge() returns integer language sql as 'select 1';")
    with cluster.clone("template0") as url:
        run(url, tree)
        assert "Name: judge(); Type: FUNCTION; Schema: another; Owner: leadgen_owner" in dump_objects(url)
        file.unlink()
        assert "dropped routine another.judge(): it has no file any more" in run(url, tree)


@pytest.mark.usefixtures("_one_schema_more")
def test_a_schema_more_is_closed_like_the_others(database: str) -> None:
    run(database)
    ask(
        database,
        "grant usage on schema another to leadgen_api",
        "create table another.things (id integer generated always as identity)",
        "grant all on all tables in schema another to public, leadgen_api",
        "grant all on all sequences in schema another to leadgen_api",
        "alter table another.things owner to leadgen_owner",
    )
    forget_reload(database)
    run(database)
    rights = """
        select
          has_schema_privilege('leadgen_api', 'another', 'usage'),
          has_table_privilege('leadgen_api', 'another.things', 'select'),
          has_sequence_privilege('leadgen_api', 'another.things_id_seq', 'usage'),
          has_table_privilege('leadgen_dba', 'another.things', 'select')
    """
    assert ask(database, rights) == [(False, False, False, True)]


# What a DBA has in a database that lives: copies of all tables go to a replica, an audit and an unfinished pg_repack
# hang on a table, a report of their own is refreshed at night.
LIVING = (
    "create publication everything for all tables",
    "create schema audit",
    "create table audit.log (at timestamptz default now(), what text, who text, id bigint)",
    "create function audit.note() returns trigger language plpgsql security definer as $$ begin"
    " insert into audit.log (what, who, id) values (tg_op, current_user, new.id); return null; end $$",
    "create trigger audit after insert or update on leadgen.leads for each row execute function audit.note()",
    "create schema repack",
    "create table repack.log_1"
    " (id bigint generated always as identity primary key, pk bigint, row leadgen.leads)",
    "create function repack.repack_trigger() returns trigger language plpgsql security definer as $$ begin"
    " insert into repack.log_1 (pk, row) values (new.id, new); return null; end $$",
    "create trigger repack_trigger after insert or update on leadgen.leads"
    " for each row execute function repack.repack_trigger()",
    "alter table leadgen.leads enable always trigger repack_trigger",
    "create materialized view report.nightly as"
    " select f.*, s.name from report.funnel f cross join leadgen.sources s",
    "create view public.weekly as select * from report.nightly",
)
THEIR_LINES = [
    "left alone materialized view report.nightly: no deploy declared it",
    "left alone trigger audit on leadgen.leads: no deploy declared it",
    "left alone trigger repack_trigger on leadgen.leads: no deploy declared it",
]


def test_living_database_is_deployed_into_and_takes_leads(database: str) -> None:
    ask(database, *LIVING)
    before = dump_objects(database)
    for _ in range(2):
        ask(database, "update leadgen.schema_reloads set fingerprint = 'of before'")
        said = run(database)
        assert [line for line in said if not line.startswith("reloaded")][: len(THEIR_LINES)] == THEIR_LINES
    assert dump_objects(database) == before
    with psycopg.connect(database, autocommit=True) as session:
        catalogue = Catalogue(session)
        offer = catalogue.add_offer()
        catalogue.enroll(offer)
        session.execute("select leadgen.submit_lead(%s)", [Jsonb(make_lead(offer.source_key))])
    assert ask(database, "select what from audit.log union all select 'repack' from repack.log_1") == [
        ("INSERT",),
        ("repack",),
    ]


def test_every_table_can_be_published(database: str) -> None:
    """In a publication for all tables, PostgreSQL refuses to update or delete a row of a table without a key."""
    without = """
        select c.oid::regclass::text
        from pg_class c
        where c.relnamespace::regnamespace::text = any (%s)
        and c.relkind in ('r', 'p')
        and not case c.relreplident
          when 'd' then exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
          when 'i' then exists (select from pg_index i where i.indrelid = c.oid and i.indisreplident)
          when 'f' then true
          else false
        end
    """
    with psycopg.connect(database) as session:
        assert session.execute(without, [SCHEMAS]).fetchall() == []
        session.execute("create table report.keyless (id integer)")
        assert session.execute(without, [SCHEMAS]).fetchall() == [("report.keyless",)]


def test_bookkeeping_of_before_gets_its_key(migrated: str, tree: SqlTree) -> None:
    """A publication for all tables made every deploy fail: the reload deletes its earlier row."""
    ask(
        migrated,
        "alter table leadgen.schema_reloads drop constraint schema_reloads_pk",
        "create publication everything for all tables",
    )
    (tree.root / "functions/guard/stale.sql").write_text("")
    (tree.root / "views/stale_view.sql").unlink()
    assert run(migrated, tree)[-1] == "reloaded 5 files"
    assert run(migrated, tree) == []


def test_schema_of_somebody_else_by_our_name_is_not_taken(cluster: Cluster) -> None:
    with cluster.clone("template0") as url:
        ask(
            url,
            "create schema report",
            "create table report.mine (id integer)",
            "grant select on report.mine to public",
        )
        before = dump_objects(url)
        with pytest.raises(
            MigrateError, match=r"needs for itself: report \(it belongs to postgres\)\. Rename them"
        ):
            run(url)
        assert dump_objects(url) == before
        ask(url, "alter schema report rename to our_report")
        run(url)
        assert ask(url, "select * from our_report.mine") == []
