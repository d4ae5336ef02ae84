"""`leadgen suppress import`, `lists` and `drop`: do-not-call files of everybody, of a buyer and of a vertical."""

import csv
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.serving import make_lead
from leadgen.cli import suppress
from leadgen.imports.contact_file import ContactFile

Market = psycopg.Connection
Run = Callable[..., Any]


@pytest.fixture
def database(stocked_database: str) -> str:
    """With a catalogue in it."""
    return stocked_database


@pytest.fixture
def market(database: str) -> Any:
    """A session on a fresh database with one offer and its buyer Ann."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def ask(market: Market, query: str, *parameters: object) -> Any:
    row = market.execute(query.encode(), parameters).fetchone()
    return row[0] if row else None


def submit(market: Market, **changes: object) -> Any:
    return ask(market, "select leadgen.submit_lead(%s, '{}')", json.dumps(make_lead(**changes)))


def said_by(done: Any) -> str:
    """The one line that a command said."""
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr.count("\n") == 1
    return str(done.stderr.strip())


def refused_by(done: Any) -> str:
    """The one line of a refusal."""
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert done.stderr.startswith("leadgen: ")
    return str(done.stderr)


def write_file(directory: Path, *lines: str, name: str = "dnc.txt") -> str:
    path = directory / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_a_file_is_imported_whole_and_once(market: Market, run: Run, tmp_path: Path) -> None:
    file = write_file(
        tmp_path,
        "phone",
        "(512) 555-0123",
        "512,5550124",
        hashlib.sha256(b"+15125550125").hexdigest(),
        "",
        "x" * 5000,
        "+1 512 555 0123",
    )
    done = run("suppress", "import", file, "--country", "US")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "7 lines: 3 contacts on the list global; leads that carry one are rejected",
        f"2 lines are no contacts; see {file}.refused.csv",
    ]
    with Path(f"{file}.refused.csv").open(encoding="utf-8") as report:
        rows = list(csv.reader(report))
    assert [row[:2] for row in rows] == [
        ["line", "reason"],
        ["1", "no phone number"],
        ["6", "no phone number"],
    ]
    for phone in ("5125550123", "5125550124", "5125550125"):
        assert submit(market, phone=phone)["status"] == "rejected"
    assert submit(market, phone="5125550126")["status"] == "accepted"

    again = run("suppress", "import", file, "--country", "US")
    assert again.stderr.startswith(
        "this file was imported before; nothing is read again\n7 lines: 3 contacts"
    )
    assert ask(market, "select count(*)::text from leadgen.suppressions") == "3"


def test_an_import_that_was_cut_off_goes_on(
    market: Market, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppress, "PORTION", 2)
    read, reads = ContactFile.read, iter(range(10))

    def read_twice(file: ContactFile, most: int) -> list[str]:
        if next(reads) == 2:
            raise KeyboardInterrupt
        return read(file, most)

    file = write_file(tmp_path, *(f"51255501{n:02}" for n in range(7)), "no")
    monkeypatch.setattr(ContactFile, "read", read_twice)
    stopped = run("suppress", "import", file, "--country", "US")
    assert "stopped after line 4: nobody is suppressed by it yet" in refused_by(stopped)
    assert submit(market, phone="5125550101")["status"] == "accepted"
    monkeypatch.setattr(ContactFile, "read", read)
    done = run("suppress", "import", file, "--country", "US")
    assert done.stderr.splitlines()[:2] == [
        "going on after 4 lines that were taken in before",
        "8 lines: 7 contacts on the list global; leads that carry one are rejected",
    ]
    assert submit(market, phone="5125550102", message="again")["status"] == "rejected"


@pytest.mark.parametrize("content", ["<html>502</html>\n", "5125550124\r\n".encode("utf-16"), ""])
def test_a_file_without_a_contact_takes_no_lists_place(
    market: Market, run: Run, tmp_path: Path, content: str | bytes
) -> None:
    good = write_file(tmp_path, "5125550123")
    assert run("suppress", "import", good, "--country", "US").returncode == 0
    bad = tmp_path / "bad.txt"
    bad.write_bytes(content if isinstance(content, bytes) else content.encode())
    done = run("suppress", "import", str(bad), "--country", "US", "--replace")
    assert "A file in which no line is a contact takes no list's place" in refused_by(done)
    assert submit(market, phone="5125550123")["status"] == "rejected"


def test_a_list_of_a_buyer_is_replaced_shown_and_dropped(market: Market, run: Run, tmp_path: Path) -> None:
    buyer = ask(market, "select min(id)::text from leadgen.buyers")
    first = write_file(tmp_path, "a@one.example", "b@one.example")
    kind = ("--list", "ours", "--kind", "email", "--replace")
    assert said_by(run("suppress", "import", first, *kind, "--buyer", buyer)) == (
        f"2 lines: 2 contacts on the list ours; leads that carry one are not sold to buyer {buyer}"
    )
    second = write_file(tmp_path, "B@One.example", name="second.txt")
    assert said_by(run("suppress", "import", second, *kind)).startswith(
        "1 line: 1 contact on the list ours, in the place of 2;"
    )
    shown = run("suppress", "lists").stdout
    assert f"ours    buyer {buyer}" in shown
    assert run("suppress", "lists", "--json").stdout.count('"contacts": 1') == 1
    assert said_by(run("suppress", "drop", "ours", "--reason", "over", "--yes")) == (
        "the list ours is dropped, with 1 contact"
    )
    query = "select reason from leadgen.audit_entries where table_name = 'suppression_lists' and action = 'delete'"
    assert ask(market, query) == "over"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["import", "nothing.txt"], "nothing.txt: No such file"),
        (["import", "FILE", "--country", "USA"], "There is no such country; --country: found USA"),
        (["import", "FILE", "--buyer", "1"], "--list: found nothing, allowed the name of a list"),
        (["import", "FILE", "--list", "x", "--buyer", "999"], "No buyer 999"),
        (["import", "FILE", "--list", "x", "--vertical", "999"], "No vertical 999"),
        (["import", "FILE", "--list", "/", "--buyer", "1"], "This cannot be the name of a list"),
        (["import", "FILE", "--until", "2020-01-01"], "a time that has passed"),
        (["import", "FILE", "--report", "/nowhere/x.csv"], "--report: found a file in /nowhere"),
        (["drop", "x", "--yes"], "There is no such suppression list; list: found x, allowed global"),
        (["drop", "global", "--yes"], "The list global stays"),
        (["phone", "+15125550123", "--list", "x"], "There is no such suppression list"),
    ],
)
@pytest.mark.usefixtures("market")
def test_what_cannot_be_is_refused(arguments: list[str], words: str, run: Run, tmp_path: Path) -> None:
    file = write_file(tmp_path, "+15125550123")
    assert words in refused_by(run("suppress", *(file if one == "FILE" else one for one in arguments)))


def test_a_dba_needs_no_more_rights(
    market: Market,
    run: Run,
    tmp_path: Path,
    role_url: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", role_url("leadgen_dba"))
    file = write_file(tmp_path, "+15125550123")
    assert run("suppress", "import", file, "--list", "dnc").returncode == 0
    assert run("suppress", "lists").returncode == 0
    assert run("suppress", "drop", "dnc", "--yes").returncode == 0


def test_the_short_way_reads_numbers_as_leads_are_read(market: Market, connect: Callable[..., Any]) -> None:
    """import_suppressions reads plain American numbers without ref.read_phone; both must say the same."""
    connection: psycopg.Connection = connect()
    numbers = [
        f"{prefix}{area}{rest}"
        for prefix in ("", "1", "+1")
        for area in ("512", "204", "809", "999", "800", "112", "340", "710")
        for rest in ("5550123", "0550123", "1550123", "555012")
    ]
    for country in ("US", "CA", "GB", None):
        part = connection.execute(
            "select part_id from leadgen.start_suppression_import('global', 'phone', %s, null, false, %s)",
            [country, hashlib.sha256(str(country).encode()).digest()],
        ).fetchone()
        assert part
        refused = connection.execute(
            "select line from leadgen.import_suppressions(%s, 0, %s)", [part[0], numbers]
        ).fetchall()
        taken = connection.execute(
            "select value_hash from leadgen.suppressions where part_id = %s", part
        ).fetchall()
        expected = connection.execute(
            "select ref.hash_contact('phone', (ref.read_phone(n, %s)).e164) from unnest(%s::text[]) n",
            [country, numbers],
        ).fetchall()
        assert set(taken) == {row for row in expected if row[0] is not None}
        assert len(refused) == sum(row[0] is None for row in expected)
