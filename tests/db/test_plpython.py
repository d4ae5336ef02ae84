"""sql/plpython: loaded where the language works with what its rules import, and nowhere else."""

from pathlib import Path

import psycopg
import pytest

from db.tiny_tree import write_tree
from leadgen.db import plpython
from leadgen.db.diff import compare_dumps, declare
from leadgen.db.migrate import migrate
from leadgen.db.tree import SqlError, SqlTree
from leadgen.db.urls import with_role
from leadgen.paths import sql_dir
from leadgen.settings import Settings
from rig.cluster import Cluster

HELLO = """
create or replace function leadgen.hello() returns text language plpython3u as $$ return "hello" $$;
comment on function leadgen.hello() is 'Greets.';
"""
ASK_HELLO = "select leadgen.hello()"
POLICY = (
    """insert into leadgen.validation_policies (name, rules) values ('strict', '{"phone_strict": true}')"""
)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqlTree:
    """A small tree with one function in Python, which imports nothing unusual."""
    monkeypatch.setattr(plpython, "MODULES", ("json",))
    tree = write_tree(tmp_path / "sql")
    order = tree.root / "load_order"
    order.write_text(order.read_text().replace("views", "plpython\nviews"))
    (tree.root / "plpython").mkdir()
    (tree.root / "plpython/hello.sql").write_text(HELLO)
    return tree


@pytest.fixture
def with_language(cluster: Cluster) -> None:
    """Skips where the server has no PL/Python."""
    available = ask(cluster.url("postgres"), "select from pg_available_extensions where name = 'plpython3u'")
    if not available:
        pytest.skip("plpython3u is not on this server: see scripts/get-plpython")


@pytest.fixture
def with_phonenumbers(with_language: None, empty: str) -> None:
    """Skips where the server's Python has no phonenumbers."""
    with psycopg.connect(empty, autocommit=True) as connection:
        if not plpython.prepare_python(connection):
            pytest.skip("the server's Python has no phonenumbers: see scripts/get-plpython")


def run(url: str, tree: SqlTree) -> list[str]:
    """Migrate and return what was said."""
    said: list[str] = []
    migrate(url, Settings(), tree=tree, reference=False, say=said.append)
    return said


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def lose(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on the rules import something that the server does not have."""
    monkeypatch.setattr(plpython, "MODULES", ("a_module_that_nobody_has",))


@pytest.mark.usefixtures("with_language")
def test_it_is_loaded_and_belongs_to_the_owner(empty: str, tree: SqlTree) -> None:
    assert run(empty, tree)[-1] == "reloaded 7 files"
    assert ask(empty, ASK_HELLO) == [("hello",)]
    assert ask(empty, "select proowner::regrole::text from pg_proc where proname = 'hello'") == [
        ("leadgen_owner",)
    ]
    assert run(empty, tree) == []


@pytest.mark.usefixtures("with_language")
def test_without_its_modules_it_is_left_out(
    empty: str, tree: SqlTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(monkeypatch)
    assert run(empty, tree)[-1] == "reloaded 6 files"
    assert ask(empty, "select from pg_proc where proname = 'hello'") == []
    assert ask(empty, "select from pg_language where lanname = 'plpython3u'") == []
    assert run(empty, tree) == []


def test_without_the_language_it_is_left_out(
    empty: str, tree: SqlTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plpython, "LANGUAGE", "plnothing3u")
    assert run(empty, tree)[-1] == "reloaded 6 files"
    assert ask(empty, "select from pg_proc where proname = 'hello'") == []
    assert run(empty, tree) == []


@pytest.mark.usefixtures("with_language")
def test_it_goes_and_comes_with_its_modules(
    empty: str, tree: SqlTree, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(empty, tree)
    with monkeypatch.context() as lost:
        lose(lost)
        assert run(empty, tree) == [
            "dropped routine leadgen.hello(): plpython3u does not work here",
            "reloaded 6 files",
        ]
    assert run(empty, tree) == ["reloaded 7 files"]
    assert ask(empty, ASK_HELLO) == [("hello",)]


@pytest.mark.usefixtures("with_language")
def test_a_changed_one_is_reloaded_and_one_without_a_file_dropped(empty: str, tree: SqlTree) -> None:
    run(empty, tree)
    file = tree.root / "plpython/hello.sql"
    file.write_text(HELLO.replace('"hello"', '"good day"'))
    assert run(empty, tree) == ["reloaded 7 files"]
    assert ask(empty, ASK_HELLO) == [("good day",)]
    file.unlink()
    assert run(empty, tree) == [
        "dropped routine leadgen.hello(): it has no file any more",
        "reloaded 6 files",
    ]


@pytest.mark.usefixtures("with_language")
def test_who_is_no_superuser_leaves_it_as_it_is(empty: str, tree: SqlTree) -> None:
    run(empty, tree)
    migrator = with_role(empty, "leadgen_migrator")
    assert run(migrator, tree) == []
    counted = tree.root / "functions/count_items.sql"
    counted.write_text(counted.read_text().replace("count(*)", "count(*) + 7"))
    assert run(migrator, tree) == ["reloaded 6 files"]
    assert ask(empty, "select leadgen.count_items(), leadgen.hello()") == [(7, "hello")]
    assert run(migrator, tree) == []
    assert run(empty, tree) == ["reloaded 7 files"]


@pytest.mark.usefixtures("with_language")
def test_a_wrong_one_is_refused_with_its_line(empty: str, tree: SqlTree) -> None:
    (tree.root / "plpython/hello.sql").write_text(HELLO.replace("language", "languag"))
    with pytest.raises(SqlError, match=r"sql/plpython/hello.sql:2: syntax error"):
        run(empty, tree)


def test_the_declared_state_is_the_same_without_it(
    cluster: Cluster, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose(monkeypatch)
    tree = SqlTree(sql_dir())
    run(empty, tree)
    with cluster.clone("template0") as declared:
        declare(declared, tree)
        assert compare_dumps(empty, declared) == []
    with pytest.raises(psycopg.Error, match=r"rules\.phone_strict: .*plpython3u"):
        ask(empty, POLICY)


@pytest.mark.usefixtures("with_phonenumbers")
def test_a_policy_that_asks_for_it_stops_a_deploy_without_it(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = SqlTree(sql_dir())
    run(empty, tree)
    ask(empty, f"{POLICY} returning id")
    lose(monkeypatch)
    with pytest.raises(SqlError, match=r"rules\.phone_strict: .*plpython3u"):
        run(empty, tree)
    ask(empty, "select 'rules.phone_strict'::regproc")  # nothing was changed
