"""`leadgen diff`: declared state against a database, on a small tree."""

import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from db.tiny_tree import write_tree
from leadgen.db.binaries import find_binaries
from leadgen.db.diff import difference, dump_objects
from leadgen.db.migrate import migrate
from leadgen.db.tree import SqlTree
from leadgen.settings import Settings
from rig.cluster import Cluster


@pytest.fixture(scope="module")
def tiny_template(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The template of a database that was migrated from the tree as it is written."""

    def fill(url: str) -> None:
        tree = write_tree(tmp_path_factory.mktemp("tiny") / "sql")
        migrate(url, Settings(), tree=tree, reference=False, say=lambda _: None)

    return cluster.make_template("template_tiny", fill)


@pytest.fixture
def migrated(cluster: Cluster, tiny_template: str) -> Iterator[str]:
    with cluster.clone(tiny_template) as url:
        yield url


def test_migrations_and_declared_tables_agree(migrated: str, tree: SqlTree) -> None:
    assert difference(migrated, tree) == ""
    with psycopg.connect(migrated) as connection:
        assert (
            connection.execute("select from pg_database where datname like 'leadgen_diff_%'").fetchall() == []
        ), "the scratch database is gone"


# The second half are changes that migra does not see.
BY_HAND = {
    "alter table leadgen.items add column note text": "-     note text",
    "drop view report.names": "+ CREATE VIEW report.names AS",
    "create index found on leadgen.items (name)": "- CREATE INDEX found ON leadgen.items USING btree (name);",
    "create or replace function leadgen.count_items() returns bigint language sql as 'select 3'": (
        "-     AS $$select 3$$;"
    ),
    "alter table leadgen.items force row level security": (
        "- ALTER TABLE ONLY leadgen.items FORCE ROW LEVEL SECURITY;"
    ),
    "alter table leadgen.items owner to postgres": "- ALTER TABLE leadgen.items OWNER TO postgres;",
    "comment on table leadgen.items is 'things'": "- COMMENT ON TABLE leadgen.items IS 'things';",
    "grant update (name) on leadgen.items to leadgen_api": (
        "- GRANT UPDATE(name) ON TABLE leadgen.items TO leadgen_api;"
    ),
    "create domain leadgen.word as text": "- CREATE DOMAIN leadgen.word AS text;",
}


def test_changes_by_hand_are_shown(migrated: str, tree: SqlTree) -> None:
    """Each has its own line."""
    with psycopg.connect(migrated) as connection:
        for statement in BY_HAND:
            connection.execute(statement.encode())
    shown = difference(migrated, tree).splitlines()
    assert {statement: line for statement, line in BY_HAND.items() if line not in shown} == {}


# PostgreSQL prints these in other words once they were dumped and restored.
KIND = """
alter table leadgen.items add column kind varchar(9) constraint items_kind_known check (kind in ('a', 'b'));
"""
WATCH = """
create or replace trigger watch before update on leadgen.items for each row
when ((old.id, old.name, old.kind) is distinct from (new.id, new.name, new.kind))
execute function leadgen.refuse_empty();
"""


@pytest.fixture
def restored(cluster: Cluster, migrated: str, tree: SqlTree) -> Iterator[str]:
    """A copy by way of a dump."""
    for name, text in (("tables/items.sql", KIND), ("policies/items.sql", WATCH)):
        (tree.root / name).write_text((tree.root / name).read_text() + text)
    with psycopg.connect(migrated) as connection:
        connection.execute(KIND + WATCH)
    with cluster.clone("template0") as copy:
        command = [find_binaries()["pg_dump"], migrated]
        dump = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        psql = [find_binaries()["psql"], "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-", copy]
        subprocess.run(psql, input=dump, capture_output=True, text=True, check=True)
        assert dump_objects(copy) != dump_objects(migrated), "else there is nothing to see through"
        yield copy


def test_a_restored_copy_does_not_differ(restored: str, tree: SqlTree) -> None:
    assert difference(restored, tree) == ""


RESTORED_BY_HAND = {
    "alter table leadgen.items drop constraint items_kind_known,"
    " add constraint items_kind_known check (kind in ('a', 'c'))": "items_kind_known CHECK",
    "drop trigger watch on leadgen.items": "CREATE TRIGGER watch",
    "grant select on leadgen.items to leadgen_migrator": "TO leadgen_migrator",
}


def test_changes_to_a_restored_copy_are_shown(restored: str, tree: SqlTree) -> None:
    with psycopg.connect(restored) as connection:
        for statement in RESTORED_BY_HAND:
            connection.execute(statement.encode())
    shown = difference(restored, tree)
    assert {statement: line for statement, line in RESTORED_BY_HAND.items() if line not in shown} == {}


def test_migra_drafts_the_change(migrated: str, tree: SqlTree) -> None:
    with (tree.root / "tables/items.sql").open("a") as file:
        file.write("alter table leadgen.items add column note text;\n")
    drafted = difference(migrated, tree).partition("-- migra would:")[2]
    assert 'alter table "leadgen"."items" add column "note" text;' in drafted


def test_the_order_of_columns_does_not_count_but_their_table_does(migrated: str, tree: SqlTree) -> None:
    items = tree.root / "tables/items.sql"
    items.write_text(items.read_text().replace("name text", "note text, name text"))
    with psycopg.connect(migrated) as connection:
        connection.execute("alter table leadgen.items add column note text")
    assert difference(migrated, tree) == ""
    with psycopg.connect(migrated) as connection:
        connection.execute("alter table leadgen.items drop column note")
        connection.execute("alter table leadgen.settings add column note text")
    shown = difference(migrated, tree).splitlines()
    assert "+     note text" in shown
    assert "-     note text" in shown
