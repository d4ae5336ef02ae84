"""sql/doors.toml says what the functions do, and the functions stay behind their doors."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from doors.__main__ import rewrite
from doors.faults import (
    check_dynamic,
    check_exceptions,
    check_facade,
    check_planner,
    compare,
    compare_all,
    find_circles,
    find_files,
    find_trespassers,
    find_unused,
)
from doors.reader import PLPGSQL, PYTHON, Function, UnreadableError, read_functions
from doors.views import read_views
from leadgen.db.doors import read_doors
from leadgen.db.extensions import load_extension
from leadgen.db.owner import MODULES
from leadgen.db.tree import SqlError
from leadgen.paths import sql_dir
from rig.cluster import Cluster

DOORS = read_doors(sql_dir() / "doors.toml")
FILES = find_files(sql_dir() / "functions")

RULES = """
select 'rules.' || k.rule_function
from leadgen.policy_keys k
where k.rule_function is not null and k.required_language is null
"""
TRIGGERS = """
select distinct p.pronamespace::regnamespace || '.' || p.proname
from pg_trigger t
join pg_proc p on p.oid = t.tgfoid
where not t.tgisinternal
"""
POLICIES = """
select distinct p.pronamespace::regnamespace || '.' || p.proname
from pg_depend d
join pg_proc p on p.oid = d.refobjid
where d.classid = 'pg_policy'::regclass and d.refclassid = 'pg_proc'::regclass
"""
RELATIONS = """
select distinct t.tgrelid, t.tgrelid::regclass::text, array_remove(array[t.tgoldtable::text, t.tgnewtable::text], null)
from pg_trigger t
where t.tgfoid = %s and not t.tgisinternal
"""
DEPENDENCIES = """
select d.type, d.schema || '.' || d.name
from plpgsql_show_dependency_tb(%s::oid::regprocedure, %s::oid::regclass) d
where d.type in ('FUNCTION', 'RELATION') and d.schema not in ('pg_catalog', 'information_schema', 'public')
  and d.schema !~ '^pg_temp'
"""

# What the views of report are made of: tables, functions and each other.
BENEATH = """
select distinct
  coalesce(c.relnamespace::regnamespace || '.' || c.relname, p.pronamespace::regnamespace || '.' || p.proname)
from pg_rewrite r
join pg_class v on v.oid = r.ev_class and v.relnamespace = 'report'::regnamespace
join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
left join pg_class c on d.refclassid = 'pg_class'::regclass and c.oid = d.refobjid
left join pg_proc p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid
where coalesce(c.oid, p.oid) is not null
"""


def has_python(session: psycopg.Connection) -> bool:
    """Whether this server has PL/Python: rules in it are not there otherwise."""
    return session.execute("select from pg_language where lanname = %s", [PYTHON]).fetchone() is not None


@pytest.fixture(scope="module")
def session(cluster: Cluster, template: str) -> Iterator[psycopg.Connection]:
    """A database that the tests of this file only read."""
    with cluster.clone(template) as url, psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def functions(session: psycopg.Connection) -> list[Function]:
    return read_functions(session, DOORS)


def plant(session: psycopg.Connection, functions: list[Function], *statements: str) -> list[Function]:
    """The functions, and those that the statements make beside them; the database forgets them."""
    with session.transaction(force_rollback=True):
        for statement in statements:
            session.execute(statement.encode())
        planted = read_functions(session, DOORS, functions)
    assert planted, "nothing was planted"
    return [*functions, *planted]


def write(name: str, body: str, head: str = "() returns void") -> str:
    """A function in PL/pgSQL."""
    return f"create function {name}{head} language plpgsql as $$ {body} $$"


# What holds


def test_every_door_is_declared_and_every_declared_door_is_used(functions: list[Function]) -> None:
    assert compare_all(functions, DOORS, FILES) == [], "make doors"


def test_there_is_no_circle() -> None:
    assert list(find_circles(DOORS)) == []


def test_the_deploy_knows_the_same_modules() -> None:
    assert [*DOORS.modules, "roads"] == MODULES


def test_nobody_trespasses(functions: list[Function]) -> None:
    assert find_trespassers(functions, DOORS) == []


def test_the_facade_is_thin(functions: list[Function]) -> None:
    assert check_facade(functions) == []


def test_every_door_of_a_lead_has_the_planner_settings_of_submit_lead(functions: list[Function]) -> None:
    assert check_planner(functions) == []


def test_statements_built_at_run_time_are_declared(functions: list[Function]) -> None:
    assert check_dynamic(functions, DOORS) == []


def test_every_exception_is_needed(functions: list[Function]) -> None:
    assert check_exceptions(functions, DOORS) == []


def test_every_function_is_called(session: psycopg.Connection, functions: list[Function]) -> None:
    by_others = {name for query in (TRIGGERS, POLICIES) for (name,) in session.execute(query)}
    assert find_unused(functions, DOORS, by_others) == []


def test_the_compiled_judge_calls_every_rule(session: psycopg.Connection, functions: list[Function]) -> None:
    rules = {name for (name,) in session.execute(RULES)}
    (judge,) = [function for function in functions if function.name == "rules.judge_lead"]
    assert judge.calls == rules | {"rules.run_optional"}


def test_views_read_what_is_declared_and_call_nothing_that_their_readers_may_not(
    session: psycopg.Connection,
) -> None:
    views = read_views(session)
    views_alone = replace(
        DOORS.views, calls=frozenset()
    )  # what functions of the schema call is every room's test
    assert list(compare(views_alone, found("reads", views.tables))) == []
    assert views.locked == []


def test_plpgsql_check_sees_the_same_calls_and_tables(
    cluster: Cluster, template: str, functions: list[Function]
) -> None:
    with cluster.clone(template) as url, psycopg.connect(url, autocommit=True) as connection:
        if not load_extension(connection, "plpgsql_check", cluster.shelf):
            pytest.skip("plpgsql_check is not to be had for this PostgreSQL: see scripts/get-extensions")
        different = [line for function in functions for line in differences(connection, function)]
    assert different == []


def differences(connection: psycopg.Connection, function: Function) -> list[str]:
    """What the reader and plpgsql_check say differently of a function in PL/pgSQL."""
    if function.language != PLPGSQL:
        return []
    seen: dict[str, set[str]] = {"FUNCTION": set(), "RELATION": set()}
    for relation, table, transitions in connection.execute(RELATIONS, [function.oid]).fetchall() or [
        (0, "", [])
    ]:
        # plpgsql_check is told of no transition tables here: tables of their names and shape stand in for them.
        with connection.transaction(force_rollback=True):
            for name in transitions:
                connection.execute(f"create temporary table {name} (like {table})".encode())
            for kind, name in connection.execute(DEPENDENCIES, [function.oid, relation]):
                seen[kind].add(name)
    read = {"FUNCTION": function.calls, "RELATION": function.reads | function.writes}
    if any(
        name.startswith("report.") for name in function.reads
    ):  # plpgsql_check names what is beneath a view, too
        for kind, names in seen.items():
            names -= {name for (name,) in connection.execute(BENEATH)} - read[kind]
    return [f"{function.name}: {name}" for kind in seen for name in sorted(seen[kind] ^ read[kind])]


# A fault is seen


def found(kind: str, names: set[str]) -> dict[str, dict[str, set[str]]]:
    """What a room does, all of one kind."""
    kinds: dict[str, dict[str, set[str]]] = {
        one: {} for one in ("calls", "roads", "writes", "locks", "reads")
    }
    kinds[kind] = {name: set() for name in names}
    return kinds


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("begin perform outbox.measure_outbox(); end", "calls outbox"),
        ("declare v_x rehearsal.seat; begin null; end", "calls rehearsal"),
        ("declare v_x constant kernel.price := identity.open_link('x'); begin null; end", "calls identity"),
        ("begin perform from leadgen.link_secrets; end", "reads link_secrets"),
        (
            "begin perform from leadgen.buyers b where exists (select from leadgen.resends); end",
            "reads resends",
        ),
        (
            "begin perform from leadgen.buyers b join leadgen.offers o on true for update of b; end",
            "locks buyers",
        ),
        ("begin perform from leadgen.offers for key share; end", "locks offers"),
        ("begin insert into leadgen.suppressions default values; end", "writes suppressions"),
        ("begin update leadgen.markets set name = name; end", "writes markets"),
        ("begin with x as (delete from leadgen.offers returning 1) select from x; end", "writes offers"),
        (
            "begin merge into leadgen.offers o using leadgen.markets m on false when not matched then do nothing; end",
            "writes offers",
        ),
        (
            "declare v_x bigint; begin if exists (select from leadgen.resends) then"
            " v_x := (select 1 from leadgen.verticals); end if; end",
            "reads resends reads verticals",
        ),
        (
            "begin for i in 1 .. (select count(*) from leadgen.resends) loop null; end loop; end",
            "reads resends",
        ),
        (
            "begin raise exception using message = (select name from leadgen.verticals); end",
            "reads verticals",
        ),
    ],
)
def test_a_trespass_of_a_module_is_seen(
    session: psycopg.Connection, functions: list[Function], body: str, fault: str
) -> None:
    planted = plant(session, functions, write("market.trespass", body))
    new = [line for line in compare_all(planted, DOORS, FILES) if "market.trespass" in line]
    assert [line for line in new if not line.endswith("not declared")] == []
    told = " ".join(line.removeprefix("market: ").partition(" (")[0] for line in new)
    assert told == fault


def test_a_function_in_sql_and_one_with_parameters_of_our_types_are_read(
    session: psycopg.Connection, functions: list[Function]
) -> None:
    planted = plant(
        session,
        functions,
        "create function market.first(p_x kernel.price[]) returns setof rehearsal.seat language sql as"
        " 'select null::rehearsal.seat from leadgen.resends'",
        write(
            "market.second",
            "declare v_sale leadgen.lead_assignments;"
            " begin v_sale.price := outbox.measure_outbox(); p_x.amount := 1; end",
            "(p_x kernel.price, variadic p_y kernel.price[] default '{}') returns void",
        ),
        write(
            "market.third",
            "declare v_x leadgen.delivery_channel; begin for channel, v_x in select 'sms', 'sms' from leadgen.invoices"
            " loop end loop; end",
            "(out channel leadgen.delivery_channel)",
        ),
    )
    faults = compare_all(planted, DOORS, FILES)
    assert "market: reads invoices (market.third): not declared" in faults
    assert "market: calls rehearsal (market.first): not declared" in faults
    assert "market: reads resends (market.first): not declared" in faults
    assert "market: calls outbox (market.second): not declared" in faults


def test_a_declared_door_that_nobody_uses_is_seen(functions: list[Function]) -> None:
    market = DOORS.modules["market"]
    wide = replace(market, calls=market.calls | {"identity"}, reads=market.reads | {"invoices"})
    doors = replace(DOORS, modules=DOORS.modules | {"market": wide})
    assert compare_all(functions, doors, FILES) == [
        "market: calls identity: declared, and nothing does",
        "market: reads invoices: declared, and nothing does",
    ]


def test_a_missing_door_is_seen(functions: list[Function]) -> None:
    market = DOORS.modules["market"]
    narrow = replace(market, calls=market.calls - {"kernel"}, writes=market.writes - {"offer_usage"})
    doors = replace(DOORS, modules=DOORS.modules | {"market": narrow})
    calls, writes = compare_all(functions, doors, FILES)
    assert calls.startswith("market: calls kernel (market.")
    assert writes.startswith("market: writes offer_usage (market.")


def test_a_road_and_a_schema_that_nobody_declared_are_seen(
    session: psycopg.Connection, functions: list[Function]
) -> None:
    schema = "create schema warehouse authorization leadgen_owner"
    road, module = write("roads.invent", "begin end"), write("warehouse.invent", "begin end")
    planted = plant(session, functions, schema, road, module)
    assert "roads.?: not a room of sql/doors.toml" in compare_all(planted, DOORS, FILES)
    assert "warehouse: not a room of sql/doors.toml" in compare_all(planted, DOORS, FILES)


def test_a_circle_of_modules_is_seen() -> None:
    catalog = replace(DOORS.modules["catalog"], calls=DOORS.modules["catalog"].calls | {"market"})
    doors = replace(DOORS, modules=DOORS.modules | {"catalog": catalog})
    assert "catalog calls market, which does not stand above it" in find_circles(doors)


def test_a_circle_of_roads_is_seen() -> None:
    is_due = replace(DOORS.roads["held_lead_is_due"], roads=frozenset({"lead_arrives"}))
    doors = replace(DOORS, roads=DOORS.roads | {"held_lead_is_due": is_due})
    assert list(find_circles(doors)) == ["roads held_lead_is_due, lead_arrives lead back to each other"]


@pytest.mark.parametrize(
    ("name", "body", "fault"),
    [
        ("intake.bad", "begin perform roads.accept_sale(1); end", "calls roads.accept_sale: only roads"),
        (
            "market.bad",
            "begin perform rehearsal.what_if(1, now(), now(), '{}'); end",
            "calls rehearsal.what_if: only roads",
        ),
        ("market.bad", "begin perform leadgen.is_ready(); end", "calls leadgen.is_ready: only clients"),
        (
            "market.bad",
            "begin perform ref.record_mail_domain('x', 'y'); end",
            "calls ref.record_mail_domain, which writes",
        ),
        (
            "kernel.bad",
            "begin perform from leadgen.markets; end",
            "reads leadgen.markets: kernel reads no table",
        ),
        (
            "rules.bad",
            "begin perform ref.find_mail_status('x'); end",
            "reads leadgen.mail_domains: rules reads no table",
        ),
    ],
)
def test_a_trespasser_is_seen(
    session: psycopg.Connection, functions: list[Function], name: str, body: str, fault: str
) -> None:
    faults = find_trespassers(plant(session, functions, write(name, body)), DOORS)
    assert [line for line in faults if line.startswith(f"{name} {fault}")] == faults[:1]


DEFINER = "security definer set search_path = pg_catalog, pg_temp"


@pytest.mark.parametrize(
    "body",
    [
        "begin if true then perform roads.is_ready(); end if; end",
        "begin perform roads.is_ready(); perform roads.is_ready(); end",
        "declare v_x constant boolean := roads.is_ready(); begin perform roads.is_ready(); end",
        "begin perform roads.explain_lead(p_a + 1); end",
        "begin perform roads.explain_lead(coalesce(p_a, 1)); end",
        "begin perform roads.explain_lead(1); end",
        "begin perform from leadgen.markets; end",
        "begin perform from roads.is_ready() where p_a = 1; end",
        "begin perform now(); end",
    ],
)
def test_a_thick_door_is_seen(session: psycopg.Connection, functions: list[Function], body: str) -> None:
    head = f"(p_a bigint) returns void {DEFINER}"
    planted = plant(session, functions, write("leadgen.thick", body, head))
    assert check_facade(planted) == ["leadgen.thick is not one call that hands its parameters on"]


def test_a_thin_door_needs_the_owners_rights_and_a_pinned_path(
    session: psycopg.Connection, functions: list[Function]
) -> None:
    body = "begin perform roads.explain_lead(p_a); end"
    assert (
        check_facade(
            plant(session, functions, write("leadgen.a", body, f"(p_a bigint) returns void {DEFINER}"))
        )
        == []
    )
    unpinned = plant(
        session, functions, write("leadgen.b", body, "(p_a bigint) returns void security definer")
    )
    plain = plant(
        session,
        functions,
        write("leadgen.c", body, "(p_a bigint) returns void set search_path = pg_catalog, pg_temp"),
    )
    assert check_facade(unpinned) == [
        "leadgen.b is not security definer with search_path=pg_catalog, pg_temp"
    ]
    assert "leadgen.c is not security definer with search_path=pg_catalog, pg_temp" in check_facade(plain)


@pytest.mark.parametrize(
    ("call", "roads"),
    [
        ("roads.dry_run_lead(p_a)", ["roads.route_lead_again", "roads.take_lead"]),
        ("roads.run_chore('x')", ["roads.route_lead_again"]),  # by the registry's names only
    ],
)
def test_a_door_of_a_lead_without_planner_settings_is_seen(
    session: psycopg.Connection, functions: list[Function], call: str, roads: list[str]
) -> None:
    settings = (
        "set plan_cache_mode = force_generic_plan set enable_seqscan = on set enable_mergejoin = off"
        " set jit = off"
    )
    head = f"(p_a jsonb) returns void {DEFINER} {settings}"
    planted = plant(session, functions, write("leadgen.hurried", f"begin perform {call}; end", head))
    assert check_planner(planted) == [
        f"leadgen.hurried reaches {road} without: set {setting}"
        for road in roads
        for setting in ("enable_seqscan=off", "enable_hashjoin=off")
    ]


@pytest.mark.parametrize(
    "body",
    [
        "begin execute 'select 1'; end",
        "declare v_x record; begin for v_x in execute 'select 1' loop null; end loop; end",
        "begin return query execute 'select 1'; end",
    ],
)
def test_a_statement_built_at_run_time_is_seen(
    session: psycopg.Connection, functions: list[Function], body: str
) -> None:
    planted = plant(session, functions, write("market.builds", body, "() returns setof integer"))
    assert check_dynamic(planted, DOORS) == [
        "market.builds builds a statement at run time: say what it touches"
    ]


def test_what_a_registry_names_is_called(session: psycopg.Connection) -> None:
    built = replace(DOORS.dynamic["rules.run_optional"], named_by="select 'outbox.measure_outbox'")
    doors = replace(DOORS, dynamic=DOORS.dynamic | {"rules.run_optional": built})
    functions = read_functions(session, doors)
    assert compare_all(functions, doors, FILES) == ["rules: calls outbox (rules.run_optional): not declared"]
    optional_rules = {one.name for one in functions if one.language == PYTHON}
    assert optional_rules == ({"rules.phone_strict"} if has_python(session) else set())
    assert {f"{name}: nothing calls it" for name in optional_rules} <= set(
        find_unused(functions, doors, by_triggers=set())
    )
    judge, optional = find_trespassers(functions, doors)
    assert re.fullmatch(r"rules\.judge_lead reads leadgen\.deliveries.*: rules reads no table", judge)
    assert re.fullmatch(r"rules\.run_optional reads leadgen\.deliveries.*: rules reads no table", optional)


def test_exceptions_that_nobody_needs_are_seen(functions: list[Function]) -> None:
    doors = replace(
        DOORS,
        shared_writers=DOORS.shared_writers | {"kernel.refuse"},
        dynamic=DOORS.dynamic | {"market.lock_offer": DOORS.dynamic["rules.run_optional"]},
        outside=DOORS.outside | {"catalog.nobody"},
    )
    assert check_dynamic(functions, doors) == ["market.lock_offer: declared dynamic, and builds no statement"]
    assert check_exceptions(functions, doors) == [
        "kernel.refuse: a shared writer that no other module calls, or that does not write"
    ]
    assert "catalog.nobody: declared as called from outside, and there is no such function" in find_unused(
        functions, doors, by_triggers=set()
    )


def test_a_function_that_nothing_calls_is_seen(
    session: psycopg.Connection, functions: list[Function]
) -> None:
    planted = plant(session, functions, write("market.idle", "begin perform market.idle(); end"))
    assert "market.idle: nothing calls it" in find_unused(planted, DOORS, by_triggers=set())


def test_a_view_that_calls_a_function_of_ours_is_seen(session: psycopg.Connection) -> None:
    with session.transaction(force_rollback=True):
        session.execute(
            "create view report.bad as select kernel.show_time(now(), 'UTC') from leadgen.api_keys"
        )
        session.execute("grant select on report.bad to leadgen_reporting")
        views = read_views(session)
    assert views.locked == ["report.bad calls kernel.show_time, which leadgen_reporting may not execute"]
    assert "api_keys" in views.tables - DOORS.views.reads


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("create function market.parsed() returns integer return 1", "its language or form"),
        (write("market.truncates", "begin truncate leadgen.buyers; end"), "TruncateStmt"),
    ],
)
def test_what_cannot_be_read_is_refused_and_not_passed_over(
    session: psycopg.Connection, functions: list[Function], statement: str, word: str
) -> None:
    with pytest.raises(UnreadableError, match=word):
        plant(session, functions, statement)


def test_a_word_that_doors_do_not_know_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "doors.toml"
    file.write_text((sql_dir() / "doors.toml").read_text().replace("reads = ", "read = ", 1))
    with pytest.raises(SqlError, match=r"\[ref\] says read, known are owns, calls"):
        read_doors(file)


def test_the_lists_are_written_anew_and_all_else_stays() -> None:
    lists = 'calls = ["a"]\nreads = [\n  "b",\n]\n'
    text = f'# Head\n\n[market]\nowns = "x"\n{lists}# Said of it.\n\n[views]\nowns = "y"\ncalls = ["rules"]\n'
    many = {f"table_{number:02}" for number in range(12)}
    new = rewrite(text, {"market": {"calls": set(), "writes": {"d", "c"}, "reads": many}})
    assert new.startswith(
        '# Head\n\n[market]\nowns = "x"\nwrites = ["c", "d"]\nreads = [\n  "table_00", "table_01",'
    )
    assert new.endswith('"table_11",\n]\n# Said of it.\n\n[views]\nowns = "y"\ncalls = ["rules"]\n')
