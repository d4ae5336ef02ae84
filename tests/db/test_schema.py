"""The real tree: migrations against declared tables, functions against files, and every function checked."""

import re

import psycopg
import pytest

from leadgen.db.diff import compare_dumps, declare
from leadgen.db.extensions import load_extension
from leadgen.db.plpython import prepare_python
from leadgen.db.tree import SqlTree
from leadgen.paths import sql_dir
from rig.cluster import Cluster, Connect

TREE = SqlTree(sql_dir())

FUNCTIONS = """
select p.pronamespace::regnamespace || '.' || p.proname
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
where n.nspowner = 'leadgen_owner'::regrole
"""
CREATED = re.compile(r"^create or replace function (\w+\.\w+)\(", re.MULTILINE)

# A trigger function is checked with each table that it stands on, and what it does for one table alone is
# not a finding for another. Left out: casts, the one signature that all rules share, and the errors that we
# raise ourselves, which plpgsql_check meets when it evaluates constants.
CHECK = """
with checked as (
  select p.oid, p.proname, coalesce(t.tgrelid, 0) as relation, p.pronamespace = 'rules'::regnamespace as is_rule,
    t.tgoldtable, t.tgnewtable
  from pg_proc p
  join pg_language l on l.oid = p.prolang
  left join (
    select distinct tgfoid, tgrelid, tgoldtable, tgnewtable from pg_trigger where not tgisinternal
  ) t on t.tgfoid = p.oid
  where p.pronamespace in (select oid from pg_namespace where nspowner = 'leadgen_owner'::regrole)
  and l.lanname = 'plpgsql'
  and (p.prorettype <> 'trigger'::regtype or t.tgrelid is not null)
)
select c.proname::text, f.lineno, f.message, f.detail
from checked c
cross join plpgsql_check_function_tb(
  c.oid, c.relation, extra_warnings => true, performance_warnings => true,
  oldtable => c.tgoldtable, newtable => c.tgnewtable
) f
where f.sqlstate not like 'LG%'
and f.message not like 'target type is different type than source type%'
and not (f.message like 'unused parameter%' and c.is_rule)
and f.detail is distinct from 'attention: cannot to determine volatility of used dynamic SQL'
group by c.oid, c.is_rule, c.proname, f.lineno, f.message, f.detail
having count(*) = (select count(*) from checked k where k.oid = c.oid)
order by 1, 2
"""


def test_migrations_and_reload_make_the_declared_state(cluster: Cluster, database: str) -> None:
    with cluster.clone("template0") as declared:
        declare(declared, TREE)
        assert compare_dumps(database, declared) == []


def test_every_function_has_a_file_and_every_file_is_of_one_module(connect: Connect) -> None:
    with connect() as session:
        python = prepare_python(session) is True
        functions = [name for (name,) in session.execute(FUNCTIONS.encode())]
    declared = []
    for path in (TREE.root / "functions").rglob("*.sql"):
        names = CREATED.findall(path.read_text())
        assert {name.partition(".")[0] for name in names} == {path.parent.name}, path
        declared += names
    if python:
        for path in (TREE.root / "plpython").rglob("*.sql"):
            declared += CREATED.findall(path.read_text())
    assert sorted(functions) == sorted(declared)


def test_no_extension_is_needed(connect: Connect) -> None:
    with connect() as connection:
        found = {name for (name,) in connection.execute("select extname from pg_extension")}
    assert found <= {"plpgsql", "plpython3u"}, "ARCHITECTURE.md says so"


def test_every_file_is_loaded_by_some_list() -> None:
    lists = {*TREE.tables(), *TREE.reloaded(), TREE.roles, *(one.path for one in TREE.migrations())}
    demo = {path for path in TREE.root.rglob("*.sql") if "demo" in path.relative_to(TREE.root).parts}
    assert {*TREE.root.rglob("*.sql")} - lists - demo == set()


def test_plpgsql_check_finds_nothing(cluster: Cluster, template: str) -> None:
    with cluster.clone(template) as url, psycopg.connect(url, autocommit=True) as session:
        if not load_extension(session, "plpgsql_check", cluster.shelf):
            pytest.skip("plpgsql_check is not to be had for this PostgreSQL: see scripts/get-extensions")
        found = session.execute(CHECK.encode()).fetchall()
    assert found == []


def test_plpgsql_check_would_find_something(cluster: Cluster, template: str) -> None:
    with cluster.clone(template) as url, psycopg.connect(url, autocommit=True) as session:
        if not load_extension(session, "plpgsql_check", cluster.shelf):
            pytest.skip("plpgsql_check is not to be had for this PostgreSQL: see scripts/get-extensions")
        session.execute(
            "create function leadgen.wrong() returns void language plpgsql"
            " as $$ begin perform no_such_column from leadgen.leads; end $$"
        )
        found = session.execute(CHECK.encode()).fetchall()
    assert "wrong" in [row[0] for row in found]
