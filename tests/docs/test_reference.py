"""docs/reference is what the declared schema, sql/ and the package say."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from leadgen.cli.docs import DIRECTORY, REFERENCE
from leadgen.cli.events import Kind
from leadgen.db.diff import declare
from leadgen.db.tree import SqlTree
from leadgen.docs import INDEX, PAGES, make_pages
from leadgen.docs.catalogue import read_catalogue
from leadgen.docs.events import UNKNOWN, list_kinds
from leadgen.docs.markdown import short, table
from leadgen.docs.scan import list_calls, list_items
from leadgen.docs.source import read_source
from leadgen.docs.triggers import say_condition
from leadgen.paths import checkout, sql_dir
from leadgen.settings import known_names
from rig.cluster import Cluster

REFRESH = "run `make docs`"
KINDS = """
select unnest(regexp_matches(col_description('leadgen.events'::regclass, a.attnum), '[a-z]+(?:_[a-z]+)+', 'g'))
from pg_attribute a
where a.attrelid = 'leadgen.events'::regclass and a.attname = 'kind'
"""


@pytest.fixture(scope="module")
def declared(cluster: Cluster) -> Iterator[str]:
    """The URL of a database in the declared state, which the tests of this file do not change."""
    with cluster.clone("template0") as url:
        declare(url, SqlTree(sql_dir()))
        yield url


@pytest.fixture(scope="module")
def pages(declared: str) -> dict[str, str]:
    return make_pages(declared, sql_dir())


@pytest.mark.parametrize("name", [INDEX, *PAGES])
def test_a_page_is_fresh(pages: dict[str, str], name: str) -> None:
    root = checkout()
    assert root is not None
    file = root / DIRECTORY / REFERENCE / name
    assert file.is_file(), REFRESH
    assert file.read_text(encoding="utf-8") == pages[name], REFRESH


def test_every_page_is_linked_and_none_is_left_over(pages: dict[str, str]) -> None:
    root = checkout()
    assert root is not None
    found = {path.name for path in (root / DIRECTORY / REFERENCE).iterdir()}
    assert found == {INDEX, *PAGES}
    assert {*re.findall(r"\]\((\S+)\)", pages[INDEX])} == {*PAGES}


def test_everything_is_on_its_page(declared: str, pages: dict[str, str]) -> None:
    with psycopg.connect(declared) as session:
        catalogue = read_catalogue(session)
    assert len(catalogue.functions) > 300
    assert [one.name for one in catalogue.functions if f"`{one.name}(" not in pages["functions.md"]] == []
    assert [name for name in catalogue.tables if f"\n### {name}\n" not in pages["tables.md"]] == []
    assert [one.name for one in catalogue.views if f"| `{one.name}` |" not in pages["tables.md"]] == []
    assert [one.name for one in catalogue.triggers if f"| `{one.name}` |" not in pages["triggers.md"]] == []
    moves = [f"  {move.from_state} --> {move.to_state}\n" for move in catalogue.moves]
    assert [line for line in moves if line not in pages["state-machines.md"]] == []
    keys = [f"{key.target} ||--o{{ {key.table} : " for key in catalogue.keys if key.kind == "f"]
    assert [line for line in keys if line not in pages["erd.md"]] == []
    assert [name for name in known_names() if f"| `{name}` |" not in pages["settings.md"]] == []


def test_every_refusal_is_on_the_page_of_errors(pages: dict[str, str]) -> None:
    code = re.compile(r"kernel\.refuse\(\s*'(LG\d+)'")
    found = {
        (one, function)
        for path in (sql_dir() / "functions").rglob("*.sql")
        for function, body in re.findall(
            r"create or replace function (\w+\.\w+)\(.*?as \$\$(.*?)\$\$;", path.read_text(), re.DOTALL
        )
        for one in code.findall(body)
    }
    assert len(found) > 50
    sections = {part[:5]: part for part in pages["errors.md"].split("\n## ")}
    assert [one for one in sorted(found) if f"| `{one[1]}` |" not in sections[one[0]]] == []


def test_the_page_of_events_and_the_comment_on_the_column_name_the_same_kinds(declared: str) -> None:
    with psycopg.connect(declared) as session:
        functions = read_catalogue(session).functions
        commented = {kind for (kind,) in session.execute(KINDS)}
    events = {kind for kind, _ in list_kinds(functions, "events")}
    assert UNKNOWN not in events | {kind for kind, _ in list_kinds(functions, "notices")}
    assert events == commented
    assert events == {*Kind}, "`leadgen events --kind` knows them all"


def test_rules_in_python_are_there_with_and_without_the_language(pages: dict[str, str]) -> None:
    assert pages["functions.md"].count("`rules.phone_strict(") == 1


CHANGES = [
    (
        "comment on column leadgen.leads.price is 'What | it cost.'",
        "tables.md",
        "| `price` | numeric(10,2) or null | What \\| it cost. |",
    ),
    ("create table leadgen.later (id bigint primary key)", "tables.md", "### later"),
    (
        "alter table leadgen.events add foreign key (buyer_id) references leadgen.buyers (id)",
        "erd.md",
        "  buyers ||--o{ events : buyer_id",
    ),
    (
        "insert into leadgen.state_transitions values ('leads', 'rejected', 'lost')",
        "state-machines.md",
        "  lost --> [*]",
    ),
    (
        "create trigger watch after update of name on leadgen.markets for each row"
        " when (old.name is distinct from new.name) execute function kernel.touch_updated_at()",
        "triggers.md",
        "| `watch` | after update of name, each row, when name changes | `kernel.touch_updated_at()` |",
    ),
    ("comment on function leadgen.is_ready() is 'Yes or no.'", "functions.md", "| api | Yes or no. |"),
    (
        "create function market.deny() returns void language plpgsql as"
        " $$begin perform kernel.refuse('LG429', format('Not (%s), no', 1) || ' more', 'x'); end$$",
        "errors.md",
        "| Not (%s), no more | `market.deny` |",
    ),
    (
        "create function market.note() returns void language plpgsql as"
        " $$begin perform catalog.note_action('it_rains', 'x', 1, 'x', '{}'); end$$",
        "events.md",
        "| `it_rains` | `market.note` |",
    ),
    (
        "create function market.look() returns text language sql as $$select current_setting('leadgen.mood')$$",
        "settings.md",
        "| `leadgen.mood` | `market.look` |",
    ),
]


@pytest.fixture(scope="module")
def changed(cluster: Cluster, template: str) -> Iterator[dict[str, str]]:
    """The pages of a database with all these changes."""
    with cluster.clone(template) as url:
        with psycopg.connect(url) as session:
            session.execute("set role leadgen_owner")
            for change, _, _ in CHANGES:
                session.execute(change.encode())
        yield make_pages(url, sql_dir())


@pytest.mark.parametrize(("change", "name", "line"), CHANGES)
def test_what_changes_in_the_database_changes_its_page(
    pages: dict[str, str], changed: dict[str, str], change: str, name: str, line: str
) -> None:
    assert line not in pages[name], change
    assert line in changed[name], change


def test_a_door_changes_the_page_of_modules(pages: dict[str, str]) -> None:
    doors = read_source(sql_dir()).doors
    for name, room in doors.modules.items():
        assert f"| `{name}` | {room.owns} |" in pages["modules.md"]
    for name, room in doors.roads.items():
        assert f"| `{name}` | {room.owns} |" in pages["modules.md"]


def test_cells_are_one_line_and_their_bars_are_escaped() -> None:
    assert table(["a"], [["x | y\n z"]]) == "| a |\n| --- |\n| x \\| y z |"
    assert table(["a"], []) == ""


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("1, f(2, 3), '4, '')', array[5, 6]) and more", ["1", "f(2, 3)", "'4, '')'", "array[5, 6]"]),
        ("a, -- b, c\n d) x", ["a", "-- b, c\n d"]),
        ("a from b; c", ["a from b"]),
    ],
)
def test_items_are_split_at_their_own_commas(text: str, items: list[str]) -> None:
    assert list_items(text) == items


def test_calls_are_found_by_their_whole_name() -> None:
    assert list(list_calls("x.f(1); y.x.f(2); x.ff(3); x.f(g(4), 5)", "x.f")) == [["1"], ["2"], ["g(4)", "5"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("old.a IS DISTINCT FROM new.a", "a changes"),
        ("old.a::text IS DISTINCT FROM new.a::text OR new.b IS DISTINCT FROM old.b", "one of a, b changes"),
        ("old.a = 'New'::leadgen.status AND new.b > old.b", "old.a = 'New' and new.b > old.b"),
    ],
)
def test_conditions_are_said_in_short(text: str, said: str) -> None:
    assert say_condition(text) == said


def test_types_and_defaults_are_said_in_short() -> None:
    assert (
        short("p_a timestamp with time zone DEFAULT NULL::timestamp with time zone")
        == "p_a timestamptz = null"
    )
    assert short("'{US,CA}'::character varying(2)[]") != short("x")
    assert short("p_a text DEFAULT 'OUT'::text") == "p_a text = 'OUT'"
