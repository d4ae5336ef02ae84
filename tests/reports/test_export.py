"""`leadgen export`: the rows of a view as a file, whole or not at all."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pyarrow import parquet

from leadgen.reports import files
from rig.catalogue import Catalogue
from rig.waiting import wait_until

Run = Callable[..., Any]
SUBMIT = """
select leadgen.submit_lead(jsonb_build_object('source_key', 'austin', 'name', 'Jane Doe',
  'email', 'j' || i || '@example.com',
  'phone', '+1512555' || lpad((100 + i)::text, 4, '0'), 'postal_code', '78701', 'city', 'Austin', 'message', 'x',
  'utm_source', case i when 1 then '=cmd()' else 'plain' end))
from generate_series(1, 3) i
"""


@pytest.fixture
def market(database: str) -> Any:
    """A session on a database with three sold leads, one of them with a formula in it."""
    with psycopg.connect(database, autocommit=True) as session:
        catalogue = Catalogue(session, timezone="America/Chicago")
        offer = catalogue.add_offer({"contact_window_days": 0}, source_key="austin", name="Austin plumbing")
        buyer = catalogue.add_buyer(name="Ann", email="ann@buyer.example", credit_limit=1_000_000)
        catalogue.enroll(offer, buyer)
        session.execute(SUBMIT)
        yield session


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_rows_come_out_as_csv_with_no_formula_in_them(market: Any, run: Run) -> None:
    done = run("export", "leads")
    assert done.returncode == 0, done.stderr
    rows = read_csv(done.stdout)
    assert sorted(row["utm_source"] for row in rows) == ["'=cmd()", "plain", "plain"]
    assert {row["revenue"] for row in rows} == {"45.00"}
    assert done.stderr == "leads: 3 rows, times by America/Chicago; read from the primary\n"


def test_json_lines_and_parquet_are_as_they_are(market: Any, run: Run, tmp_path: Path) -> None:
    done = run("export", "leads", "--format", "jsonl")
    rows = [json.loads(line, parse_float=Decimal) for line in done.stdout.splitlines()]
    assert sorted(row["utm_source"] for row in rows) == ["=cmd()", "plain", "plain"]
    assert rows[0]["revenue"] == Decimal("45.00")

    file = tmp_path / "leads.parquet"
    done = run("export", "leads", "--format", "parquet", "--output", str(file))
    assert done.returncode == 0, done.stderr
    table = parquet.read_table(file)
    assert sorted(table.column("utm_source").to_pylist()) == ["=cmd()", "plain", "plain"]
    assert table.column("revenue").to_pylist() == [Decimal("45.00")] * 3
    created = market.execute("select created_at from leadgen.leads order by 1").fetchall()
    assert sorted(table.column("created_at").to_pylist()) == [row[0] for row in created]
    assert str(table.schema.field("came_day").type) == "date32[day]"


def test_a_view_with_no_row_is_a_whole_file_with_its_columns(market: Any, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "none.parquet"
    done = run("export", "leads", "--to", "2001-01-01", "--format", "parquet", "-o", str(file))
    assert done.returncode == 0, done.stderr
    assert (parquet.read_table(file).num_rows, len(parquet.read_schema(file)) > 10) == (0, True)


COLUMNS = """
select c.relname, array_agg(distinct format_type(a.atttypid, null))
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
where c.relnamespace = 'report'::regnamespace and c.relkind = 'v'
group by c.relname order by c.relname
"""


def test_every_view_goes_into_a_file_and_every_type_into_every_format(
    market: Any, run: Run, tmp_path: Path
) -> None:
    """Parquet asks most of a view. The other formats write it by the types of its columns alone."""
    views = market.execute(COLUMNS).fetchall()
    assert len(views) > 20
    tried = set[str]()
    for view, types in views:
        *texts, table = files_of(tmp_path, view)
        for form in [table] if tried.issuperset(types) else [*texts, table]:
            done = run("export", view, "--format", form.suffix[1:], "--output", str(form))
            assert done.returncode == 0, (view, done.stderr)
            assert form.exists()
        tried.update(types)
    assert len(tried) > 6


def files_of(directory: Path, view: str) -> list[Path]:
    return [directory / f"{view}.{form}" for form in ("csv", "jsonl", "parquet")]


def test_days_are_those_of_the_zone(market: Any, run: Run) -> None:
    with market.transaction():
        market.execute("set local session_replication_role = replica")
        market.execute(
            "update leadgen.leads set created_at = '2026-11-02T05:30Z' where id = (select min(id) from leadgen.leads)"
        )
    # 23:30 of 1 November in Chicago, when a day has 25 hours; 2 November in UTC.
    for zone, day, rows in (
        ("America/Chicago", ("2026-11-01", "2026-11-02"), 1),
        ("America/Chicago", ("2026-11-02", "2026-11-03"), 0),
        ("UTC", ("2026-11-02", "2026-11-03"), 1),
    ):
        done = run("export", "leads", "--from", day[0], "--to", day[1], "--zone", zone)
        assert len(read_csv(done.stdout)) == rows, (zone, day)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nothing",), "There is no such view that you may read; view: found nothing, allowed "),
        (("leads", "--from", "2026-11-31"), "--from: found 2026-11-31, but there is no such day"),
        (("leads", "--from", "yesterday"), "--from: found yesterday, allowed 2026-11-20"),
        (
            ("leads", "--from", "2026-11-20", "--to", "2026-11-20"),
            "The period ends before it begins; --from: found 2026-11-20",
        ),
        (("leads", "--to", "2026-11-01T01:30"), "America/Chicago has this time twice"),
        (("leads", "--zone", "Texas"), "--zone: found Texas, allowed a zone"),
        (
            ("leads", "--by", "nothing", "--from", "2026-11-20"),
            "The view has no such time; --by: found nothing, allowed came_day, created_at",
        ),
        (
            ("buyer_balances", "--from", "2026-11-20"),
            "The view has no such time; --by: found nothing, allowed no period",
        ),
        (("leads", "--where", "status"), "--where: found status, allowed COLUMN=VALUE"),
        (
            ("leads", "--where", "nothing=1"),
            "The view has no such column; --where: found nothing, allowed came_day",
        ),
        (("leads", "--where", "lead_id=one"), "one"),
        (("leads", "--format", "parquet"), "--output: Parquet needs a file"),
    ],
)
def test_what_cannot_be_is_one_clear_line(
    market: Any, run: Run, arguments: tuple[str, ...], said: str
) -> None:
    done = run("export", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("leadgen: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_filters_choose_rows(market: Any, run: Run) -> None:
    for filters, rows in (
        (("utm_source=plain",), 2),
        (("utm_source!=plain",), 1),
        (("revenue>=45", "revenue<46"), 3),
    ):
        done = run("export", "leads", *(word for text in filters for word in ("--where", text)))
        assert len(read_csv(done.stdout)) == rows, done.stderr


def test_a_value_is_no_statement(market: Any, run: Run) -> None:
    done = run("export", "leads", "--where", "utm_source=x' or 'a'='a")
    assert (done.returncode, len(read_csv(done.stdout))) == (0, 0)


def test_an_analyst_exports_views_and_nothing_else(
    market: Any, run: Run, role_url: Callable[[str], str]
) -> None:
    done = run("export", "sales", DATABASE_URL=role_url("leadgen_reporting"))
    assert (done.returncode, len(read_csv(done.stdout))) == (0, 3), done.stderr
    market.execute("create view report.secret as select 1 as one")
    done = run("export", "secret", DATABASE_URL=role_url("leadgen_reporting"))
    assert done.returncode == 1
    assert "There is no such view that you may read" in done.stderr


def test_a_file_that_fails_is_not_there(market: Any, run: Run, tmp_path: Path) -> None:
    market.execute(
        "create view report.broken as select l.id, 1 / (l.id - (select max(id) from leadgen.leads)) as x"
        " from leadgen.leads l"
    )
    file = tmp_path / "broken.csv"
    for form in ("csv", "jsonl", "parquet"):
        done = run("export", "broken", "--format", form, "--output", str(file))
        assert done.returncode == 1
        assert "division by zero" in done.stderr
        assert list(tmp_path.iterdir()) == []


def test_an_old_file_stays_until_the_new_one_is_whole(market: Any, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "leads.csv"
    file.write_text("old")
    assert run("export", "nothing", "--output", str(file)).returncode == 1
    assert file.read_text() == "old"
    assert run("export", "leads", "--output", str(file)).returncode == 0
    assert len(read_csv(file.read_text())) == 3


def test_a_process_that_is_killed_leaves_no_file_of_that_name(
    market: Any, database: str, tmp_path: Path
) -> None:
    market.execute(
        "create view report.endless as select i, pg_sleep(0.01)::text as t from generate_series(1, 100000000) i"
    )
    file = tmp_path / "endless.csv"
    process = subprocess.Popen(
        [sys.executable, "-c", "from leadgen.cli import main; main()", "export", "endless", "-o", str(file)],
        env=os.environ | {"DATABASE_URL": database},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: any(tmp_path.iterdir()))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not file.exists()
    assert [path.name for path in tmp_path.iterdir()] == [f"endless.csv.{process.pid}.part"]


def test_a_place_that_cannot_be_written_is_said(market: Any, run: Run, tmp_path: Path) -> None:
    done = run("export", "leads", "--output", str(tmp_path / "no" / "leads.csv"))
    assert (done.returncode, "No such file or directory" in done.stderr) == (1, True)


def test_without_the_package_parquet_says_how_to_get_it(
    market: Any, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "find_spec", lambda name: None)
    done = run("export", "leads", "--format", "parquet", "--output", str(tmp_path / "x"))
    assert done.stderr == "leadgen: Parquet needs the package pyarrow: pip install 'leadgen[parquet]'\n"
    assert done.returncode == 1


MEMORY = """
import resource, sys
from leadgen.cli import main
try:
    main()
except SystemExit as left:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
    raise
"""


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_memory_does_not_grow_with_the_rows(market: Any, database: str, tmp_path: Path, form: str) -> None:
    market.execute(
        "create view report.many as select i, repeat('x', 1200) as words, now() as at from generate_series(1, 100000) i"
    )
    used = {}
    for rows in (2_000, 100_000):
        file = tmp_path / f"{rows}.{form}"
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                MEMORY,
                "export",
                "many",
                "--format",
                form,
                "--where",
                f"i<={rows}",
                "-o",
                str(file),
            ],
            env=os.environ | {"DATABASE_URL": database},
            capture_output=True,
            text=True,
            check=True,
        )
        assert f"many: {rows:,} rows" in done.stderr
        used[rows] = int(done.stderr.splitlines()[-1])
    assert used[100_000] - used[2_000] < 40_000, "kB; the rows are 120 MB"
