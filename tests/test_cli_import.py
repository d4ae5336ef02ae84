"""`leadgen import`: from a file to leads that are sold, also when it is cut off, repeated, or run twice at once."""

import asyncio
import csv
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest
import typer
from psycopg.errors import ProgramLimitExceeded
from tenacity import stop_after_attempt

from leadgen.cli.import_leads import import_leads
from leadgen.db.session import connect as open_session
from leadgen.errors import LeadGenError
from leadgen.imports import posting
from leadgen.imports.columns import Others, match_columns
from leadgen.imports.lead import Reader
from leadgen.imports.posting import Fate, Poster, read_answer
from leadgen.imports.table import Row
from leadgen.mail_domains import MailDomains
from rig.cli import LEADGEN
from rig.waiting import wait_until

Run = Callable[..., subprocess.CompletedProcess[str]]

SOURCE = ("--source", "austin-plumbing-v1")
HEADINGS = ["Full Name", "E-Mail", "Phone Number", "Zip", "City", "Comments"]


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


@pytest.fixture
def market(database: str) -> Iterator[psycopg.Connection]:
    """A session on a database with an offer that sells every lead of Austin to Ann for 45.00."""
    with psycopg.connect(database, autocommit=True) as session:
        yield session


@pytest.fixture
def run(
    leadgen_here: Run, role_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Run:
    """Run a command as the role of operators, in a directory of its own."""
    monkeypatch.setenv("DATABASE_URL", role_url("leadgen_dba"))
    monkeypatch.chdir(tmp_path)
    return leadgen_here


def make_row(number: int, **changes: str) -> list[str]:
    cells = {
        "name": f"Person {number}",
        "email": f"p{number}@example.com",
        "phone": f"(737) 200-{number:04}",
        "zip": "78701",
        "city": "Austin",
        "message": f"Leak number {number}",
    } | changes
    return list(cells.values())


def write(path: Path, rows: Sequence[Sequence[str]], headings: Sequence[str] = HEADINGS) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([headings, *rows])
    return str(path)


def read_report(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def count(session: psycopg.Connection, what: str = "leads") -> int:
    row = session.execute(f"select count(*) from leadgen.{what}".encode()).fetchone()
    assert row
    return int(row[0])


def said(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What --json says of a run."""
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


# What an import does.


def test_the_leads_of_a_file_are_sold(market: psycopg.Connection, run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "leads.csv", [make_row(n) for n in range(10)])
    done = run("import", file, *SOURCE)
    assert done.returncode == 0, done.stderr
    assert "10  sold, 450.00 USD" in done.stdout
    assert "Phone Number  phone" in done.stderr
    assert "source austin-plumbing-v1, offer austin-plumbing" in done.stderr
    assert count(market) == 10
    assert count(market, "lead_assignments") == 10
    assert market.execute(
        "select name, email, phone, postal_code, message, idempotency_key like 'import:%:1', submitted ->> 'phone' "
        "from leadgen.leads order by id limit 1"
    ).fetchone() == (
        "Person 0",
        "p0@example.com",
        "+17372000000",
        "78701",
        "Leak number 0",
        True,
        "(737) 200-0000",
    )
    assert not list(tmp_path.glob("*.refused.csv"))


def test_a_second_run_posts_nothing_twice_and_says_so(
    market: psycopg.Connection, run: Run, tmp_path: Path
) -> None:
    rows = [make_row(n) for n in range(5)]
    file = write(
        tmp_path / "leads.csv", [*rows, rows[0]]
    )  # two leads of one person, whom Ann has bought before
    first = said(run("import", file, *SOURCE, "--json"))
    assert (first["rows"], first["sold"], first["held"], first["came_before"]) == (6, 5, 1, 0)
    semicolons = tmp_path / "saved.csv"
    semicolons.write_bytes(Path(file).read_text().replace(",", ";").encode("utf-16"))
    for again in (file, str(semicolons)):
        done = run("import", again, *SOURCE)
        assert done.returncode == 0
        assert "5  sold, 225.00 USD" in done.stdout
        assert "6 rows came before, with this answer, and nothing was posted twice" in done.stderr
    assert count(market) == 6
    more = said(run("import", write(tmp_path / "more.csv", [*rows, make_row(9)]), *SOURCE, "--json"))
    assert (more["sold"], more["came_before"]) == (6, 5)
    assert count(market) == 7


def test_the_report_is_corrected_and_imported(market: psycopg.Connection, run: Run, tmp_path: Path) -> None:
    rows = [
        make_row(1),
        make_row(2, phone="+1 737 200"),
        make_row(3, name="=HYPERLINK(1)", zip="99999"),
        make_row(4, name="N" * 300),
        make_row(5, message="y" * 70_000),
    ]
    done = run("import", write(tmp_path / "leads.csv", rows), *SOURCE)
    assert done.returncode == 1
    assert "2  rejected: it failed validation" in done.stdout
    assert "2  refused: it cannot be a lead" in done.stdout
    assert "4 rows are in " in done.stderr
    path = tmp_path / "leads.refused.csv"
    assert path.stat().st_mode & 0o777 == 0o600, "it has persons in it"
    report = read_report(path)
    assert list(report[0]) == [*HEADINGS, "import_line", "import_reason", "import_lead"]
    assert [row["import_line"] for row in report] == ["3", "4", "5", "6"]
    assert [row["import_reason"].partition(";")[0] for row in report] == [
        "phone is not a valid number",
        "Invalid postal_code for offer",
        "name is not acceptable",
        "Comments: found 70,000 characters, 70,167 bytes in the whole row as JSON, allowed 65,536",
    ]
    assert report[2]["import_reason"] == (
        "name is not acceptable; name: found text of 300 characters, allowed text of at most 200 characters"
    )
    assert (report[0]["Phone Number"], report[1]["Full Name"]) == ("'+1 737 200", "'=HYPERLINK(1)")
    assert [bool(row["import_lead"]) for row in report] == [True, True, False, False]

    text = path.read_text(encoding="utf-8-sig")
    for wrong, right in (
        ("'+1 737 200", "'+1 737 200 0002"),
        ("99999", "78704"),
        ("N" * 300, "Nora"),
        ("y" * 70_000, "y"),
    ):
        text = text.replace(wrong, right)
    corrected = tmp_path / "leads.corrected.csv"
    corrected.write_text(text)
    again = said(run("import", str(corrected), *SOURCE, "--json"))
    assert (again["sold"], again["came_before"], again["report"]) == (4, 0, None)
    names = [
        name
        for (name,) in market.execute("select name from leadgen.leads where status = 'validated' order by id")
    ]
    assert names == ["Person 1", "Person 2", "=HYPERLINK(1)", "Nora", "Person 5"]
    assert said(run("import", str(corrected), *SOURCE, "--json"))["came_before"] == 4


def test_a_report_takes_no_files_place(market: psycopg.Connection, run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "leads.csv", [make_row(1, zip="99999")])
    assert run("import", file, *SOURCE).returncode == 0
    assert said(run("import", file, *SOURCE, "--json"))["report"] == str(tmp_path / "leads.2.refused.csv")
    taken = str(tmp_path / "leads.refused.csv")
    write(Path(file), [make_row(2)])
    done = run("import", file, *SOURCE, "--report", taken)
    assert done.returncode == 1
    assert f"--report: found {taken}, which is there already, allowed a new file" in done.stderr
    done = run("import", file, *SOURCE, "--report", str(tmp_path / "none/report.csv"))
    assert "allowed a directory that can be written to" in done.stderr
    assert count(market) == 1
    assert said(run("import", taken, *SOURCE, "--json"))["report"] == str(tmp_path / "leads.3.refused.csv")


def test_a_list_says_which_lead_each_row_is(market: psycopg.Connection, run: Run, tmp_path: Path) -> None:
    file = write(tmp_path / "leads.csv", [make_row(1), make_row(2, phone="12"), make_row(3, name="x" * 201)])
    run("import", file, *SOURCE)
    run("import", file, *SOURCE, "--list", "all.csv")  # and of an earlier run, by another that posts nothing
    ids: dict[str, int] = dict(market.execute("select email, id from leadgen.leads").fetchall())
    assert [
        (row["E-Mail"], row["import_line"], row["import_outcome"], row["import_lead"])
        for row in read_report(tmp_path / "all.csv")
    ] == [
        ("p1@example.com", "2", "sold", str(ids["p1@example.com"])),
        ("p2@example.com", "3", "rejected", str(ids["p2@example.com"])),
        ("p3@example.com", "4", "refused", ""),
    ]


def test_a_dry_run_keeps_nothing(market: psycopg.Connection, run: Run, tmp_path: Path) -> None:
    rows = [make_row(1), make_row(2), make_row(3, zip="99999"), make_row(4, name="N" * 300)]
    file = write(tmp_path / "leads.csv", rows)
    done = run("import", file, *SOURCE, "--dry-run")
    assert done.returncode == 1
    assert "2  sold, 90.00 USD" in done.stdout
    assert "what would become of them" in done.stdout
    assert "2  90.00  Ann" in done.stdout
    assert len(read_report(tmp_path / "leads.refused.csv")) == 2
    assert (count(market), count(market, "intake_quarantine"), count(market, "deliveries")) == (0, 0, 0)
    assert said(run("import", file, *SOURCE, "--json"))["sold"] == 2
    answer = said(run("import", file, *SOURCE, "--dry-run", "--json"))
    assert (answer["came_before"], answer["sold"], answer["total_price"]) == (3, 2, "90.00")


def test_attributes_and_keys_of_a_file(market: psycopg.Connection, run: Run, tmp_path: Path) -> None:
    headings = [*HEADINGS, "Lead No", "Job Type", "Internal"]
    rows = [[*make_row(n), f"L-{n}", "leak", "secret"] for n in range(3)]
    file = write(
        tmp_path / "leads.csv",
        [*rows, [*make_row(9), "L-1", "leak", ""], [*make_row(10), "", "", ""]],
        headings,
    )
    maps = tmp_path / "map.txt"
    maps.write_text("# of the partner\nLead No=external_id\n\nInternal=\nZip=city\n")
    options = (
        "--map-file",
        str(maps),
        "--map",
        "Zip=postal_code",
        "--attributes",
        "--key",
        "Lead No",
        "--json",
    )
    done = run("import", file, *SOURCE, *options)
    answer = said(done)
    assert (answer["sold"], answer["refused"]) == (3, 2)
    assert [
        row["import_reason"].partition(";")[0] for row in read_report(tmp_path / "leads.refused.csv")
    ] == [
        "The idempotency key was used for another lead",
        "Lead No: found nothing, allowed the key of the row",
    ]
    assert "Internal      (left out)" in done.stderr
    assert "external_id, and the key of the row" in done.stderr
    assert market.execute(
        "select idempotency_key, attributes, tracking from leadgen.leads order by id limit 1"
    ).fetchone() == ("L-0", {"job_type": "leak"}, {"external_id": "L-0"})
    assert said(run("import", file, *SOURCE, *options))["came_before"] == 3


def test_another_map_changes_no_lead_that_was_posted(
    market: psycopg.Connection, run: Run, tmp_path: Path
) -> None:
    file = write(tmp_path / "leads.csv", [make_row(1)])
    assert said(run("import", file, *SOURCE, "--json"))["sold"] == 1
    answer = said(run("import", file, *SOURCE, "--map", "Comments=", "--json"))
    assert (answer["refused"], answer["rows"]) == (1, 1)
    (row,) = read_report(tmp_path / "leads.refused.csv")
    assert row["import_reason"].startswith("The idempotency key was used for another lead")
    assert count(market) == 1


def test_a_rejected_row_is_corrected_under_its_own_key(
    market: psycopg.Connection, run: Run, tmp_path: Path
) -> None:
    file = write(tmp_path / "leads.csv", [[*make_row(1, zip="99999"), "K1"]], [*HEADINGS, "No"])
    options = (*SOURCE, "--key", "No", "--leave-out", "--json")
    assert said(run("import", file, *options))["rejected"] == 1
    report = tmp_path / "leads.refused.csv"
    report.write_text(report.read_text(encoding="utf-8-sig").replace("99999", "78701"))
    assert said(run("import", str(report), *options))["sold"] == 1
    again = said(run("import", str(report), *options))
    assert (again["sold"], again["came_before"]) == (1, 1)
    assert count(market) == 2


def test_a_partner_may_name_the_visitor(market: psycopg.Connection, run: Run, tmp_path: Path) -> None:
    headings = [*HEADINGS, "IP", "User Agent"]
    for source, number in (("austin-plumbing-v1", 1), ("partner-austin", 2)):
        file = write(tmp_path / f"{source}.csv", [[*make_row(number), "192.0.2.7", "Mozilla"]], headings)
        assert run("import", file, "--source", source).returncode == 0
    visitors = market.execute(
        "select host(ip_address), user_agent, intake_notes from leadgen.leads"
    ).fetchall()
    assert visitors == [("192.0.2.7", "Mozilla", None)] * 2


def test_standard_input_is_read(
    market: psycopg.Connection, role_url: Callable[[str], str], tmp_path: Path
) -> None:
    text = "\n".join(",".join(row) for row in [HEADINGS, make_row(1), make_row(2, zip="1")])
    command = [*LEADGEN, "import", "-", *SOURCE]
    done = subprocess.run(
        command,
        input=text.encode("utf-16"),
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"DATABASE_URL": role_url("leadgen_dba")},
    )
    assert done.returncode == 0, done.stderr
    assert b"1  sold, 45.00 USD" in done.stdout
    assert len(read_report(tmp_path / "import.refused.csv")) == 1


def test_a_file_with_headings_only_has_no_rows(market: psycopg.Connection, run: Run, tmp_path: Path) -> None:
    done = run("import", write(tmp_path / "leads.csv", []), *SOURCE)
    assert (done.returncode, done.stdout) == (0, "")
    assert "the file has headings and no rows" in done.stderr


# What is refused before anything is posted.


@pytest.mark.parametrize(
    ("headings", "options", "message"),
    [
        ([*HEADINGS, "Job"], SOURCE, "leads.csv: no field of a lead is called 'Job'. Say what"),
        (HEADINGS, ("--source", "austin-plumbing"), "no source has the source_key 'austin-plumbing'; did you mean"),
        (HEADINGS, ("--source", "x"), "no source has the source_key 'x'; there are austin-plumbing-v1"),
        ([*HEADINGS, "Job"], SOURCE, "\nJob           ?"),
        ([*HEADINGS, "Job"], (*SOURCE, "--map", "Job=job_type"), "Did you mean attributes.job_type?"),
        ([*HEADINGS, "import_outcome"], SOURCE, "leads.csv: found the column import_outcome: this is a list of"),
        (HEADINGS, (*SOURCE, "--list", "leads.csv"), "--list: found leads.csv, which is there already"),
        (HEADINGS, (*SOURCE, "--key", "No"), "--key: found the column 'No', allowed 'Full Name', 'E-Mail'"),
        (HEADINGS, (*SOURCE, "--map", "Job=message"), "--map: found the column 'Job', allowed 'Full Name'"),
        (HEADINGS, (*SOURCE, "--map-file", "none.txt"), "none.txt: No such file or directory"),
        (HEADINGS, (*SOURCE, "--delimiter", "dash"), "--delimiter: found dash, allowed comma, semicolon, tab, bar"),
        (["a", "b"], (*SOURCE, "--leave-out"), "leads.csv: the first line is 'a', 'b': found no heading that"),
    ],
)  # fmt: skip
def test_a_command_that_cannot_be_meant_posts_nothing(
    market: psycopg.Connection,
    run: Run,
    tmp_path: Path,
    headings: list[str],
    options: tuple[str, ...],
    message: str,
) -> None:
    file = write(tmp_path / "leads.csv", [[*make_row(1), "leak"][: len(headings)]], headings)
    done = run("import", file, *options)
    assert done.returncode == 1
    assert message in done.stderr
    assert count(market) == 0


def test_a_source_that_takes_no_leads_is_refused(
    market: psycopg.Connection, run: Run, tmp_path: Path
) -> None:
    file = write(tmp_path / "leads.csv", [make_row(1)])
    market.execute("update leadgen.sources set api_key_hash = null where source_key = 'partner-austin'")
    done = run("import", file, "--source", "partner-austin")
    assert "partner-austin is a partner without an API key" in done.stderr
    market.execute("update leadgen.offers set is_active = false")
    done = run("import", file, *SOURCE)
    assert "the offer of austin-plumbing-v1 is not active, so no lead of it is taken" in done.stderr
    assert (count(market), count(market, "intake_quarantine")) == (0, 0)


# Cut off, repeated, twice at once.


@contextmanager
def importing(file: str, url: str, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An import in a process of its own."""
    command = [*LEADGEN, "import", file, *SOURCE, "--json"]
    environment = os.environ | {"DATABASE_URL": url}
    with subprocess.Popen(
        command, env=environment, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def held_offer(database: str) -> Iterator[None]:
    """The offer's turn is taken, and kept for a while."""
    with psycopg.connect(database, autocommit=True) as session:
        session.execute("select pg_advisory_lock(2, market.offer_lock_key(o.id)) from leadgen.offers o")
        yield


def test_a_killed_import_goes_on(
    market: psycopg.Connection, database: str, run: Run, role_url: Callable[[str], str], tmp_path: Path
) -> None:
    rows = [make_row(n) for n in range(400)]
    rows[1][3] = "99999"
    file = write(tmp_path / "leads.csv", rows)
    with importing(file, role_url("leadgen_dba"), tmp_path) as process:
        wait_until(lambda: count(market) > 20, lambda: "no leads")
        with held_offer(database):  # it stands still in the middle
            process.kill()
            process.wait()
            posted = count(market)
    assert 20 < posted < 400
    answer = said(run("import", file, *SOURCE, "--json"))
    assert (answer["rows"], answer["sold"], answer["rejected"]) == (400, 399, 1)
    assert answer["came_before"] in range(posted, posted + 5)  # the server may have finished what it was at
    assert Decimal(answer["total_price"]) == 399 * 45
    assert (count(market), count(market, "lead_assignments")) == (400, 399)
    assert [row["import_line"] for row in read_report(Path(answer["report"]))] == ["3"]


def test_an_import_that_is_stopped_says_how_to_go_on(
    market: psycopg.Connection,
    role_url: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def post(poster: Any, *_: object) -> Iterator[list[Fate]]:
        yield []
        poster._connection.pgconn.send_query(b"select 1")
        raise KeyboardInterrupt  # Ctrl-C when the statement was sent and nobody waits for it yet

    monkeypatch.setenv("DATABASE_URL", role_url("leadgen_dba"))
    monkeypatch.setattr(Poster, "post", post)
    with pytest.raises(typer.Exit) as stopped:
        import_leads(write(tmp_path / "leads.csv", [make_row(1)]), "austin-plumbing-v1")
    assert stopped.value.exit_code == 130
    assert "stopped; run the same command again to go on" in capsys.readouterr().err


def test_two_imports_at_once_post_each_row_once(
    market: psycopg.Connection, role_url: Callable[[str], str], tmp_path: Path
) -> None:
    file = write(tmp_path / "leads.csv", [make_row(n) for n in range(60)])
    url = role_url("leadgen_dba")
    with importing(file, url, tmp_path) as one, importing(file, url, tmp_path) as other:
        answers = [json.loads(process.communicate()[0]) for process in (one, other)]
    assert [answer["sold"] for answer in answers] == [60, 60]
    assert sum(answer["came_before"] for answer in answers) == 60
    assert count(market) == 60


def test_an_import_that_fails_says_how_to_go_on(market: psycopg.Connection, run: Run, tmp_path: Path) -> None:
    market.execute("revoke execute on function leadgen.submit_leads from leadgen_dba")
    done = run("import", write(tmp_path / "leads.csv", [make_row(1)]), *SOURCE)
    assert done.returncode == 1
    assert "leads.csv: stopped after line 1 (0 rows): permission denied" in done.stderr
    assert "Run the same command again to go on: it posts nothing twice" in done.stderr


# On the way to the database.


class Resolver:
    """Stands for the DNS."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def look_up(self, domain: str) -> str:
        """What it says of a domain."""
        self.asked.append(domain)
        return "no_mail" if domain == "nowhere.example" else "has_mail"


def post(
    url: str, rows: Iterator[Row], resolver: Resolver | None = None, headings: Sequence[str] = HEADINGS
) -> list[Fate]:
    columns = match_columns(headings, {}, Others.REFUSED)
    with open_session(url, autocommit=True) as session, asyncio.Runner() as runner:
        poster = Poster(session, lambda: cast(MailDomains, resolver or Resolver()), runner)
        reader = Reader(headings, columns, "austin-plumbing-v1", None)
        try:
            return [fate for portion in poster.post(reader, rows) for fate in portion]
        finally:
            reader.close()


def rows_of(*rows: Sequence[str]) -> Iterator[Row]:
    return (Row(line, list(cells)) for line, cells in enumerate(rows, 2))


def test_mail_domains_are_looked_up_between_portions(
    market: psycopg.Connection, role_url: Callable[[str], str]
) -> None:
    market.execute("update leadgen.validation_policies set rules = rules || '{\"mx_lookup_enabled\": true}'")
    resolver = Resolver()
    rows = [make_row(n, email=f"p{n}@{'nowhere' if n == 1 else 'mail'}.example") for n in range(6)]
    fates = post(role_url("leadgen_dba"), rows_of(*rows), resolver)
    assert [fate.outcome for fate in fates] == ["sold", "rejected", "sold", "sold", "sold", "sold"]
    assert [fate.row.line for fate in fates] == [2, 3, 4, 5, 6, 7]
    assert resolver.asked == ["mail.example", "nowhere.example"]


def test_a_source_that_is_closed_meanwhile_stops_the_import(
    market: psycopg.Connection, role_url: Callable[[str], str]
) -> None:
    def rows() -> Iterator[Row]:
        for row in rows_of(*[make_row(n) for n in range(12)]):
            if row.line == 8:
                market.execute("update leadgen.sources set is_active = false")
            yield row

    with pytest.raises(
        LeadGenError, match=r"line \d+: The lead is kept, but not accepted: the source is not active"
    ):
        post(role_url("leadgen_dba"), rows())
    taken = count(market)
    assert 0 < taken < 12
    market.execute("update leadgen.sources set is_active = true")
    fates = post(role_url("leadgen_dba"), rows_of(*[make_row(n) for n in range(12)]))
    assert [fate.came_before for fate in fates] == [True] * taken + [False] * (12 - taken)
    assert count(market) == 12


def test_a_server_that_cannot_commit_now_stops_the_import(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its queue of notifications is full: the rows have no fault."""

    class Full:
        def execute(self, *_: object) -> None:
            raise ProgramLimitExceeded("too many notifications in the NOTIFY queue")

    monkeypatch.setattr(posting._again, "stop", stop_after_attempt(1))
    columns = match_columns(HEADINGS, {}, Others.REFUSED)
    with asyncio.Runner() as runner, closing(Reader(HEADINGS, columns, "austin-plumbing-v1", None)) as reader:
        poster = Poster(cast(Any, Full()), lambda: cast(MailDomains, Resolver()), runner)
        with pytest.raises(ProgramLimitExceeded):
            list(poster.rehearse(reader, rows_of(make_row(1))))


def test_a_held_offer_is_waited_for(
    market: psycopg.Connection, database: str, role_url: Callable[[str], str], tmp_path: Path
) -> None:
    file = write(tmp_path / "leads.csv", [make_row(n) for n in range(3)])
    waits = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    with importing(file, role_url("leadgen_dba"), tmp_path) as process:
        with held_offer(database):
            for _ in range(2):  # its time for the lock ends in between
                wait_until(lambda: market.execute(waits).fetchone() == (1,), lambda: "nobody waits")
                wait_until(lambda: market.execute(waits).fetchone() == (0,), lambda: "it waits on")
        assert json.loads(process.communicate()[0])["sold"] == 3


def test_buyers_of_a_shared_lead_are_counted_with_their_prices() -> None:
    candidates = [
        {"buyer_name": "Ann", "price": Decimal("45.00"), "verdict": "won"},
        {"buyer_name": "Bob", "price": Decimal("40.50"), "verdict": "won"},
        {"buyer_name": "Cy", "price": None, "verdict": "lost"},
    ]
    answer = {"status": "accepted", "outcome": "sold", "decision": {"attempts": [{"candidates": candidates}]}}
    fate = read_answer(Row(2, []), answer)
    assert (fate.outcome, fate.price) == ("sold", Decimal("85.50"))
    assert fate.sales == (("Ann", Decimal("45.00")), ("Bob", Decimal("40.50")))
