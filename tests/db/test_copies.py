"""A copy of a database knows that it is one, however it was made; its original goes on."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from db.conftest import RECORDS
from leadgen.db.binaries import find_binaries
from leadgen.db.diff import compare_dumps, dump_objects
from leadgen.db.migrate import migrate
from leadgen.db.restore import read_script, restore
from leadgen.db.urls import with_role
from leadgen.settings import Settings
from rig.catalogue import Catalogue
from rig.cluster import Cluster, running_cluster
from rig.deploys import deploy_small

SETTINGS = Settings(environment="development")
LEAD = {"source_key": "austin", "name": "Jane Doe", "phone": "+15125550123", "postal_code": "78701"}
FAULT = "it is a copy, so workers send nothing from it"
CLAIM = """select count(*) from leadgen.claim_deliveries('w', '{"webhook": 10, "email": 10}', '30 seconds')"""
WAITING = 4  # two leads, each by webhook and e-mail
IS_COPY = "select leadgen.is_copy()"
BEFORE = "drop table leadgen.adoption; delete from leadgen.schema_migrations where number = 31"
SEND = """
select count(*) from (
  select jsonb_agg(jsonb_build_object('delivery_id', c.delivery_id, 'lease_token', c.lease_token,
    'outcome', 'delivered', 'started_at', now(), 'latency_ms', 1)) as results
  from leadgen.claim_deliveries('w', '{"webhook": 1, "email": 1}', '30 seconds') c
) x, leadgen.record_attempts(x.results, 0, '1 second')
"""


@pytest.fixture(scope="module")
def other_server() -> Iterator[Cluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def installed(cluster: Cluster) -> Iterator[str]:
    """The name of a database that was installed as anybody would, with two leads sold. The module shares it."""
    url = cluster.create("installed")
    deploy_small(url, SETTINGS)
    with psycopg.connect(url, autocommit=True) as session:
        catalogue = Catalogue(session, timezone="America/Chicago")
        offer = catalogue.add_offer({"on_no_buyer": "hold"}, source_key="austin")
        catalogue.enroll(offer, catalogue.add_buyer(name="Ann", email="ann@buyer.example"))
        for number in range(2):
            lead = LEAD | {"email": f"jane{number}@example.com", "phone": f"+1512555012{number}"}
            row = session.execute("select leadgen.submit_lead(%s) ->> 'status'", [Jsonb(lead)]).fetchone()
            assert row == ("accepted",)
    yield "installed"
    cluster.drop("installed")


@pytest.fixture
def original(cluster: Cluster, installed: str) -> Iterator[str]:
    """The name of a database that is the real one; this test's own."""
    cluster.create("original", installed)
    ask(cluster.url("original"), "select leadgen.adopt_database()")
    yield "original"
    cluster.drop("original")


@pytest.fixture
def old(cluster: Cluster, installed: str) -> Iterator[Callable[[], str]]:
    """The database from before migration 0031, under another name while a test has it."""
    cluster.create("aside", installed)
    ask(cluster.url(installed), BEFORE)
    yield lambda: installed
    cluster.drop(installed)
    administer(cluster, "alter database aside rename to installed")
    ask(cluster.url(installed), "select leadgen.adopt_database()")


@pytest.fixture
def copy(cluster: Cluster) -> Iterator[str]:
    """The name of a database that a test makes."""
    yield "copy"
    cluster.drop("copy")


def administer(cluster: Cluster, statement: str) -> None:
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as session:
        session.execute(statement.encode())


def ask(url: str, query: str) -> Any:
    """The first value of what a query finds, None for nothing."""
    with psycopg.connect(url, autocommit=True) as session:
        cursor = session.execute(query.encode())
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None


def deploy(url: str) -> list[str]:
    """What a deploy says."""
    said: list[str] = []
    migrate(url, SETTINGS, reference=False, say=said.append)
    return said


def settle(url: str) -> list[str]:
    """What a deploy says that declares no function again: those of the dump are today's.

    Migration 0031 tells a copy before the reload, which takes most of a deploy's time.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("leadgen.db.migrate.reload", lambda *_, **__: [])
        return deploy(url)


def list_owners_and_grants(url: str) -> dict[str, list[str]]:
    """Each object of a database with its owner, those that are grants with what they say."""
    return {name: lines if "ACL" in name else [] for name, lines in dump_objects(url).items()}


def dump(url: str, target: Path, *options: str) -> Path:
    subprocess.run([find_binaries()["pg_dump"], *options, f"--file={target}", url], check=True)
    return target


def load(url: str, file: Path, *options: str) -> None:
    """What somebody does by hand, whatever errors come."""
    command = [find_binaries()["pg_restore"], f"--dbname={url}", *options, str(file)]
    subprocess.run(command, capture_output=True, check=False)


def expect_copy(url: str) -> None:
    """Leads are taken, nothing is sent; adopted, it is."""
    assert ask(url, IS_COPY) is True
    assert ask(with_role(url, "leadgen_worker"), CLAIM) == 0
    ask(url, "select leadgen.adopt_database()")
    assert ask(with_role(url, "leadgen_worker"), CLAIM) == WAITING


def test_first_installation_is_the_real_one(cluster: Cluster, installed: str) -> None:
    assert ask(cluster.url(installed), IS_COPY) is False
    assert deploy(cluster.url(installed)) == []


def test_database_made_from_a_template_is_a_copy(cluster: Cluster, original: str, copy: str) -> None:
    url = cluster.create(copy, original)
    assert [line for line in deploy(url) if FAULT not in line] == []
    assert (
        ask(url, "select count(*) from leadgen.list_configuration_faults() f where f.fault ~ 'it is a copy'")
        == 1
    )
    expect_copy(url)
    assert ask(cluster.url(original), IS_COPY) is False
    assert ask(cluster.url(original), CLAIM) == WAITING, "the original goes on"


def test_database_that_is_renamed_is_no_copy(cluster: Cluster, original: str, copy: str) -> None:
    administer(cluster, f"alter database {original} rename to {copy}")
    assert ask(cluster.url(copy), IS_COPY) is False


def test_dump_on_the_same_server_under_the_same_name(
    cluster: Cluster, original: str, tmp_path: Path, declared: str
) -> None:
    """Owners and grants come back, too: what the dump says of its last deploy was another database's."""
    url = cluster.url(original)
    file = dump(url, tmp_path / "dump", "--format=custom")
    cluster.drop(original)
    load(cluster.create(original), file, "--no-owner", "--no-privileges")
    said = deploy(url)
    assert [line for line in said if line.startswith("reloaded")], said
    assert FAULT in said[-1]
    assert list_owners_and_grants(url) == list_owners_and_grants(declared)
    assert ask(with_role(url, "leadgen_api"), "select leadgen.is_ready()") is True
    expect_copy(url)


def test_older_dump_in_the_place_of_the_original(cluster: Cluster, original: str, tmp_path: Path) -> None:
    url = cluster.url(original)
    file = dump(url, tmp_path / "dump", "--format=custom")
    assert ask(url, CLAIM) == WAITING, "sent after the dump"
    load(url, file, "--clean", "--if-exists")
    assert FAULT in settle(url)[-1]
    expect_copy(url)


def test_dump_on_another_server(
    cluster: Cluster, other_server: Cluster, original: str, tmp_path: Path, declared: str
) -> None:
    """With the number that the original has."""
    oid = ask(cluster.url(original), "select oid from pg_database where datname = current_database()")
    file = dump(cluster.url(original), tmp_path / "dump", "--format=custom")
    administer(other_server, f"create database copy template template0 oid {oid}")
    load(other_server.url("copy"), file, "--no-owner", "--no-privileges")
    said = deploy(other_server.url("copy"))
    assert [line for line in said if line.startswith("reloaded")], said
    assert compare_dumps(other_server.url("copy"), declared) == []
    expect_copy(other_server.url("copy"))
    other_server.drop("copy")


def test_template_copy_has_every_grant(cluster: Cluster, original: str, copy: str, declared: str) -> None:
    assert compare_dumps(cluster.create(copy, original), declared) == []


def test_restore_never_adopts(cluster: Cluster, original: str, copy: str, tmp_path: Path) -> None:
    said: list[str] = []
    file = dump(cluster.url(original), tmp_path / "dump")
    restore(cluster.create(copy), SETTINGS, file, reference=False, say=said.append)
    assert FAULT in said[-1]
    expect_copy(cluster.url(copy))


def test_database_of_before_goes_on(cluster: Cluster, old: Callable[[], str]) -> None:
    url = cluster.url(old())
    assert deploy(url)[0] == "applied 0031_adoption.sql"
    assert ask(url, IS_COPY) is False
    assert ask(url, CLAIM) == WAITING


@pytest.mark.parametrize(
    "options",
    [["--no-owner", "--no-privileges"], ["--single-transaction"], ["--jobs=2"]],
    ids=" ".join,
)
def test_dump_of_before_restored_by_hand_is_a_copy(
    options: list[str], cluster: Cluster, old: Callable[[], str], copy: str, tmp_path: Path
) -> None:
    file = dump(cluster.url(old()), tmp_path / "dump", "--format=custom", "--no-comments")
    url = cluster.create(copy)
    load(url, file, *options)
    assert FAULT in (deploy if "--no-owner" in options else settle)(url)[-1]
    expect_copy(url)


def test_dump_of_before_restored_by_psql_is_a_copy(
    cluster: Cluster, old: Callable[[], str], copy: str, tmp_path: Path
) -> None:
    """Each row by a statement of its own."""
    file = dump(cluster.url(old()), tmp_path / "dump", "--inserts", "--no-comments")
    url = cluster.create(copy)
    subprocess.run(
        [find_binaries()["psql"], "-X", "-q", f"--file={file}", url], capture_output=True, check=True
    )
    assert FAULT in settle(url)[-1]
    expect_copy(url)


def test_dump_of_before_restored_by_the_command_is_a_copy_until_a_deploy_of_before(
    cluster: Cluster, old: Callable[[], str], copy: str, tmp_path: Path
) -> None:
    """Each row by a statement of its own. If the earlier version deployed here, it is in use, as if installed."""
    file = dump(cluster.url(old()), tmp_path / "dump", "--inserts", "--no-comments")
    url = cluster.create(copy)
    restore(url, SETTINGS, file, reference=False, say=lambda _: None)
    assert ask(url, IS_COPY) is True
    assert ask(with_role(url, "leadgen_worker"), CLAIM) == 0
    ask(url, BEFORE)
    assert FAULT not in settle(url)[-1]
    assert ask(url, IS_COPY) is False


def test_template_copy_of_before_is_a_copy_unless_it_has_sent_something(
    cluster: Cluster, old: Callable[[], str], copy: str
) -> None:
    url = cluster.create(copy, old())
    assert FAULT in settle(url)[-1]
    assert ask(url, IS_COPY) is True
    ask(url, "select leadgen.adopt_database()")
    assert ask(url, SEND) == 2
    ask(url, BEFORE)
    settle(url)
    assert ask(url, IS_COPY) is False


def test_fixture_of_an_earlier_release_is_a_copy(cluster: Cluster, copy: str) -> None:
    """Restored by psql as it is, statement by statement."""
    url = cluster.create(copy)
    script = b"".join(read_script(RECORDS))
    subprocess.run(
        [find_binaries()["psql"], "-X", "-q", "-f", "-", url], input=script, capture_output=True, check=True
    )
    deploy(url)
    assert ask(url, IS_COPY) is True


def test_a_server_whose_identity_is_closed_to_all(cluster: Cluster, original: str) -> None:
    """A superuser's deploy opens it to the owner."""
    url = cluster.url(original)
    ask(url, "revoke execute on function pg_control_system() from public")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(with_role(url, "leadgen_worker"), CLAIM)
    deploy(url)
    assert ask(with_role(url, "leadgen_worker"), CLAIM) == WAITING


def test_clones_of_the_tests_are_no_copies(cluster: Cluster, database: str) -> None:
    assert ask(database, IS_COPY) is False
    assert ask(database, "select database_oid from leadgen.adoption") is None
