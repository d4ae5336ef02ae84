"""`leadgen test-rules`: rules are tested on databases of their own."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import typer

from leadgen.cli.rules import PREFIX, alive, check_rules, collect, drop_leftovers
from leadgen.db import reference
from leadgen.db.cluster import Cluster
from leadgen.db.embedded import EmbeddedServer
from leadgen.db.urls import with_database
from leadgen.errors import LeadGenError
from rig.cli import leadgen
from rig.guard import server_directory

DEAD = 2**22 - 1  # above every process id that is given out here, see pid_max

PASSING = """\
begin;
select plan(1);
select testkit.austin_roofing();
select testkit.expect_sold_to(testkit.given_lead(), 'Hilltop Roofing', 'the first by priority');
select * from finish();
commit;
"""


def databases(url: str) -> list[str]:
    with psycopg.connect(with_database(url, "postgres")) as connection:
        query = "select datname from pg_database where not datistemplate order by 1"
        return [name for (name,) in connection.execute(query)]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedServer]:
    """In the place of the developer's own."""
    with server_directory() as directory:
        mine = EmbeddedServer(directory)
        monkeypatch.setattr("leadgen.cli.rules.embedded_server", lambda: mine)
        monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/live")  # not looked at
        yield mine


def test_a_file_is_run_and_nothing_is_left(
    server: EmbeddedServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = [data for data in reference.DATA_SETS if data.package == "phonenumbers"]
    monkeypatch.setattr(reference, "DATA_SETS", small)  # the rest takes longer than all else
    good, bad = tmp_path / "good.sql", tmp_path / "bad.sql"
    good.write_text(PASSING)
    bad.write_text(PASSING.replace("Hilltop", "Lakeside"))

    check_rules([good])
    said = capsys.readouterr().out
    assert f"passed  {good}" in said
    assert "  ok 1 - the first by priority" in said
    assert said.endswith("all passed: 1 file\n")
    assert not server.running(), "it was not running before"

    server.start()
    with pytest.raises(typer.Exit) as left:
        check_rules([tmp_path])
    assert left.value.exit_code == 1
    said = capsys.readouterr().out
    assert f"FAILED  {bad}" in said
    assert "  #         have: Hilltop Roofing" in said
    assert "  #   Lakeside Roofing: passed: ranked 2 of 3 by priority" in said
    assert said.endswith("1 of 2 files failed\n")
    assert server.running(), "it was running before"
    assert databases(server.url) == ["leadgen", "postgres"]


def test_what_a_killed_run_left_is_dropped_and_a_running_one_s_is_not(server: EmbeddedServer) -> None:
    server.start()
    cluster = Cluster(server)
    for name in (f"{PREFIX}{DEAD}", f"{PREFIX}{DEAD}_3", f"{PREFIX}1", "rules"):
        cluster.create(name)
    drop_leftovers(server.url)
    assert databases(server.url) == ["leadgen", f"{PREFIX}1", "postgres", "rules"]


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LeadGenError, match=r"no such file: .*/nothing"):
        collect([tmp_path / "nothing"])
    assert leadgen("test-rules", str(tmp_path / "nothing")).returncode == 1


def test_without_files_all_are_run_but_no_helper() -> None:
    names = {path.name for path in collect([])}
    assert "after_hours_premium.sql" in names
    assert "rule_kit.sql" not in names


def test_alive() -> None:
    assert alive(1)
    assert not alive(DEAD)
