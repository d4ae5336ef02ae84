"""`leadgen restore`: a dump of any form comes back in a cluster that has never seen LeadGen."""

import bz2
import gzip
import lzma
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import psycopg
import pytest
from psycopg import sql

from db.conftest import RECORDS, Upgraded
from leadgen.db.binaries import find_binaries
from leadgen.db.diff import compare_dumps, dump_objects
from leadgen.db.migrate import MigrateError, migrate
from leadgen.db.restore import Adapter, RestoreError, read_script, restore
from leadgen.db.urls import with_role
from leadgen.settings import Settings
from rig.cluster import Cluster, running_cluster

SETTINGS = Settings(environment="development")
OF_DATA = """
select
  (select count(*) from leadgen.leads), (select max(id) from leadgen.leads), (select count(*) from leadgen.deliveries)
"""
OF_OWNERS = """
select array_agg(c.relowner::regrole::text order by c.relname) from pg_class c
where c.oid in ('report.by_weekday'::regclass, 'report.funnel'::regclass, 'leadgen.leads'::regclass)
"""
OF_ROLES = "select rolname from pg_roles where rolname !~ '^(pg_|postgres$)'"
OF_SCHEMAS = "select nspname from pg_namespace where nspname in ('leadgen', 'report')"

Dump = Callable[..., Path]


@pytest.fixture(scope="module")
def other_server() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def elsewhere(other_server: Cluster) -> Iterator[Cluster]:
    """A cluster like a new one: no role but the superuser's, and no database `copy`."""
    yield other_server
    forget_copy(other_server)


def forget_copy(server: Cluster) -> None:
    """Drop the database `copy`, and every role that came with it."""
    server.drop("copy")
    with psycopg.connect(server.url("postgres"), autocommit=True) as session:
        for (role,) in session.execute(OF_ROLES).fetchall():
            session.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


@pytest.fixture(scope="module")
def small(cluster: Cluster, upgraded: Upgraded) -> str:
    """The template of a database with data, and with a DBA's own things in it."""
    url = cluster.create("template_small", upgraded.template)
    ask(url, "truncate leadgen.postal_places, leadgen.disposable_domains")
    return "template_small"


@pytest.fixture
def source(cluster: Cluster, small: str) -> Iterator[str]:
    with cluster.clone(small) as url:
        yield url


@pytest.fixture(scope="module")
def plain_source(cluster: Cluster, small: str) -> Iterator[str]:
    """Without a DBA's own things. The module shares it: tests read it."""
    with cluster.clone(small) as url:
        ask(
            url,
            "drop view report.by_weekday",
            "drop function leadgen.monday()",
            "revoke usage on schema report from analyst",
        )
        yield url


@pytest.fixture(scope="module")
def dumped(tmp_path_factory: pytest.TempPathFactory) -> Dump:
    """Dumps a database, the same one in the same form only once."""

    @cache
    def run(url: str, *options: str) -> Path:
        target = tmp_path_factory.mktemp("dumped") / "dump"
        subprocess.run([find_binaries()["pg_dump"], *options, f"--file={target}", url], check=True)
        return target

    return run


@pytest.fixture
def dump(dumped: Dump, tmp_path: Path) -> Dump:
    """The dump of a database, this test's own: `dump(url, "--format=custom")`."""

    def run(url: str, *options: str) -> Path:
        made, mine = dumped(url, *options), tmp_path / "dump"
        return Path(shutil.copytree(made, mine) if made.is_dir() else shutil.copy(made, mine))

    return run


def ask(url: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run the statements; the rows of the last, if it gives any."""
    with psycopg.connect(url, autocommit=True) as session:
        for statement in statements:
            cursor = session.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def run(url: str, file: Path) -> list[str]:
    """Restore and return what was said."""
    said: list[str] = []
    restore(url, SETTINGS, file, reference=False, say=said.append)
    return said


@dataclass(frozen=True)
class CameBack:
    """The plain dump, restored: how it differs from what is declared, and what pg_dump says of it."""

    differs: list[str]
    objects: dict[str, list[str]]


@pytest.fixture(scope="module")
def came_back(other_server: Cluster, plain_source: str, dumped: Dump, declared: str) -> CameBack:
    """To compare with what is declared takes two more restores. What else comes back is held against this one."""
    url = other_server.create("copy")
    try:
        expect_whole(url, plain_source, run(url, dumped(plain_source)))
        return CameBack(compare_dumps(url, declared), dump_objects(url))
    finally:
        forget_copy(other_server)


def expect_whole(url: str, source: str, said: list[str]) -> None:
    """Reloaded, whatever the dump says of a reload elsewhere; all data is there, and all works."""
    assert [line for line in said if line.startswith("reloaded")], said
    assert ask(url, OF_DATA) == ask(source, OF_DATA)
    assert ask(url, "select checked, faults from leadgen.verify_leads(0, 10000)") == [(200, [])]
    assert ask(with_role(url, "leadgen_api"), "select leadgen.is_ready()") == [(True,)]
    assert run_again(url) == []


def test_a_plain_dump_comes_back_as_it_is_declared(came_back: CameBack) -> None:
    assert came_back.objects
    assert came_back.differs == []


SECRETS = "select buyer_id, secret from leadgen.webhook_secrets order by 1"
LEFT_OUT = [f"--exclude-table-data=leadgen.{name}" for name in ("webhook_secrets", "network_secrets")]


@pytest.mark.parametrize(
    "options",
    [["--create", "--inserts", "--no-privileges"], ["--no-owner", "--no-privileges"]],
    ids=" ".join,
)
def test_a_dump_comes_back_whole(
    options: list[str], came_back: CameBack, plain_source: str, elsewhere: Cluster, dump: Dump
) -> None:
    """Secrets may be left out: every buyer has one all the same, and none that a receiver knows."""
    of_before = dict(ask(plain_source, SECRETS))
    file = dump(plain_source, *options, *LEFT_OUT)
    assert not [secret for secret in of_before.values() if secret in file.read_text()]
    url = elsewhere.create("copy")
    expect_whole(url, plain_source, run(url, file))
    assert dump_objects(url) == came_back.objects
    of_copy = dict(ask(url, SECRETS))
    buyers = {buyer for (buyer,) in ask(url, "select id from leadgen.buyers")}
    assert of_copy.keys() == of_before.keys() == buyers
    assert not set(of_copy.values()) & set(of_before.values())


def run_again(url: str) -> list[str]:
    """What a deploy after the restore has to say, but that this is a copy."""
    said: list[str] = []
    migrate(url, SETTINGS, reference=False, say=said.append)
    return [line for line in said if "it is a copy" not in line]


def test_what_is_not_ours_keeps_its_owner_and_grants(source: str, elsewhere: Cluster, dump: Dump) -> None:
    url = elsewhere.create("copy")
    said = run(url, dump(source, "--format=custom"))
    assert "created role analyst, which the dump names: it cannot log in" in said
    assert "left alone view report.by_weekday: no deploy declared it" in said
    before, after = dump_objects(source), dump_objects(url)
    theirs = [name for name in before if "by_weekday" in name or "monday" in name]
    assert len(theirs) == 3
    assert {name: after.get(name) for name in theirs} == {name: before[name] for name in theirs}
    assert ask(url, "set role analyst", "select sum(leads) from report.by_weekday") == [(200,)]
    assert ask(url, "set role analyst", "select note from public.notes") == [("called back",)]


def test_without_owners_what_is_not_ours_is_not_taken(source: str, elsewhere: Cluster, dump: Dump) -> None:
    url = elsewhere.create("copy")
    assert "left alone view report.by_weekday: no deploy declared it" in run(
        url, dump(source, "--no-owner", "--no-privileges")
    )
    assert ask(url, OF_OWNERS) == [(["postgres", "leadgen_owner", "leadgen_owner"],)]


def read_rest(file: Path) -> list[bytes]:
    """The script of a dump, without the word that each run of pg_dump draws for psql."""
    return [line for line in read_script(file) if not line.startswith((b"\\restrict", b"\\unrestrict"))]


@pytest.mark.parametrize("form", ["custom", "directory", "tar"])
def test_an_archive_is_read_as_the_plain_dump(form: str, plain_source: str, dumped: Dump) -> None:
    """So it comes back as that does, whatever options the dump was taken with."""
    assert read_rest(dumped(plain_source, f"--format={form}")) == read_rest(dumped(plain_source))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress], ids=["gzip", "bzip2", "xz"])
def test_a_packed_file_is_read_as_the_plain_dump(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    text = b"-- what a dump says\nselect 1;\n" * 10_000
    (tmp_path / "dump").write_bytes(pack(text))
    assert list(read_script(tmp_path / "dump")) == text.splitlines(keepends=True)


def test_a_deploy_puts_right_what_pg_restore_left(
    plain_source: str, elsewhere: Cluster, dump: Dump, declared: str
) -> None:
    """Hundreds of errors for want of roles: all belongs to the superuser, and nobody may do anything."""
    url = elsewhere.create("copy")
    command = [find_binaries()["pg_restore"], f"--dbname={url}", str(dump(plain_source, "--format=custom"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 'role "leadgen_owner" does not exist' in done.stderr
    said = run_again(url)
    assert said[-1].startswith("reloaded")
    assert compare_dumps(url, declared) == []
    assert ask(with_role(url, "leadgen_api"), "select leadgen.is_ready()") == [(True,)]


@pytest.mark.parametrize("cut", [0.3, 0.95])
def test_half_a_dump_changes_nothing(cut: float, plain_source: str, elsewhere: Cluster, dump: Dump) -> None:
    file = dump(plain_source)
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * cut)])
    url = elsewhere.create("copy")
    with pytest.raises(RestoreError, match="the dump is not whole"):
        run(url, file)
    assert ask(url, OF_SCHEMAS) == []


def test_a_broken_archive_changes_nothing(plain_source: str, elsewhere: Cluster, dump: Dump) -> None:
    file = dump(plain_source, "--format=custom")
    file.write_bytes(file.read_bytes()[:100_000])
    url = elsewhere.create("copy")
    with pytest.raises(RestoreError, match="pg_restore"):
        run(url, file)
    assert ask(url, OF_SCHEMAS) == []


def test_a_statement_that_fails_changes_nothing(plain_source: str, elsewhere: Cluster, dump: Dump) -> None:
    file = dump(plain_source)
    file.write_text(
        file.read_text().replace("CREATE VIEW report.funnel", "CREATE VIEW report.no_such.funnel")
    )
    url = elsewhere.create("copy")
    with pytest.raises(RestoreError, match=r"nothing was restored: .*ERROR"):
        run(url, file)
    assert ask(url, OF_SCHEMAS) == []


def test_a_database_with_leadgen_in_it_is_refused(plain_source: str) -> None:
    with pytest.raises(RestoreError, match=r"has a schema \w+ already"):
        run(plain_source, RECORDS)


def test_who_is_no_superuser_is_refused(cluster: Cluster, upgraded: Upgraded) -> None:
    with cluster.clone("template0") as url, pytest.raises(RestoreError, match="by a superuser"):
        run(with_role(url, "leadgen_migrator"), RECORDS)


def test_no_file_is_refused(elsewhere: Cluster) -> None:
    with pytest.raises(RestoreError, match="no such file"):
        run(elsewhere.create("copy"), Path("/no/such/dump"))


def test_who_may_not_give_owners_back_is_told(source: str) -> None:
    ask(source, "alter schema leadgen owner to postgres")
    with pytest.raises(MigrateError, match="schema leadgen does not belong to leadgen_owner"):
        run_again(with_role(source, "leadgen_migrator"))
    run_again(source)
    assert ask(source, "select nspowner::regrole::text from pg_namespace where nspname = 'leadgen'") == [
        ("leadgen_owner",)
    ]


def test_the_command(
    cluster: Cluster, plain_source: str, dump: Dump, leadgen_here: Callable[..., CompletedProcess[str]]
) -> None:
    file = dump(plain_source)
    file.write_bytes(gzip.compress(file.read_bytes()))
    with cluster.clone("template0") as url:
        done = leadgen_here("restore", str(file), DATABASE_URL=url, ENVIRONMENT="development")
        assert done.returncode == 0, done.stderr
        assert "the database is up to date" in done.stderr, done.stderr
        assert ask(url, OF_DATA) == ask(plain_source, OF_DATA)
        again = leadgen_here("restore", str(file), DATABASE_URL=url, ENVIRONMENT="development")
    assert again.returncode == 1
    assert "leadgen: the database" in again.stderr


PYTHON_DUMP = b"""\
-- Name: plpython3u; Type: EXTENSION; Schema: -; Owner: -
CREATE EXTENSION IF NOT EXISTS plpython3u WITH SCHEMA pg_catalog;
-- Name: EXTENSION plpython3u; Type: COMMENT; Schema: -; Owner:
COMMENT ON EXTENSION plpython3u IS 'PL/Python3U untrusted procedural language';
-- Name: strict(text); Type: FUNCTION; Schema: leadgen; Owner: leadgen_owner
CREATE FUNCTION leadgen.strict(text) RETURNS text LANGUAGE plpython3u AS $$ return "" $$;
-- Name: FUNCTION strict(word text); Type: COMMENT; Schema: leadgen; Owner: leadgen_owner
COMMENT ON FUNCTION leadgen.strict(text) IS 'Greets.';
-- Name: FUNCTION strict(word text); Type: ACL; Schema: leadgen; Owner: leadgen_owner
REVOKE ALL ON FUNCTION leadgen.strict(text) FROM PUBLIC;
-- Name: loose(text); Type: FUNCTION; Schema: leadgen; Owner: leadgen_owner
CREATE FUNCTION leadgen.loose(text) RETURNS text LANGUAGE sql AS $$ select '' $$;
-- Data for Name: words; Type: TABLE DATA; Schema: leadgen; Owner: leadgen_owner
COPY leadgen.words (word) FROM stdin;
-- Name: plpython3u; Type: EXTENSION; Schema: -; Owner: nobody_at_all
LANGUAGE plpython3u
\\.
-- PostgreSQL database dump complete
"""


def test_what_this_server_does_not_have_is_left_out(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dump").write_bytes(PYTHON_DUMP)
    said: list[str] = []
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        adapter = Adapter(connection, said.append)
        adapter.extensions.discard("plpython3u")
        kept = b"".join(adapter.adapt(read_script(tmp_path / "dump"))).splitlines()
        assert said == ["left out plpython3u, which this server does not have, and what is written in it"]
        assert kept == PYTHON_DUMP.splitlines()[10:]
        adapter.extensions.clear()
        (tmp_path / "dump").write_bytes(PYTHON_DUMP.replace(b"plpython3u", b"pg_cron"))
        with pytest.raises(RestoreError, match="needs the extension pg_cron"):
            list(adapter.adapt(read_script(tmp_path / "dump")))
