"""Fixtures for every test.

A test that wants a database asks for `database` (a fresh clone, as superuser) or for `connect`
(sessions on it as any role). One that only reads, or rolls back, asks for `module_database` or `module_session`.
"""

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import StringIO
from subprocess import CompletedProcess

import psycopg
import pytest

from leadgen.cli import main
from leadgen.db.migrate import migrate
from leadgen.db.pgtap import load_kit
from leadgen.db.urls import with_role
from leadgen.settings import Settings, known_names
from rig.cluster import Cluster, Connect, QuickCluster, Seed, running_cluster

pytest_plugins = ["rig.failures", "rig.order"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--matrix`: tests/test_pgtap_matrix.py runs all of pgtap/, not a few files."""
    parser.addoption(
        "--matrix", action="store_true", help="run all of pgTAP in sessions and databases of every kind"
    )


def pytest_collection_finish() -> None:
    """What has been imported and collected stays to the end: it need not be looked through for garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    """The developer's environment must not decide a test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in known_names() - {"LEADGEN_POSTGRES_BIN"}:
            patch.delenv(name, raising=False)
        yield


TEMPLATE = "template_leadgen"


def make_template(cluster: Cluster) -> None:
    """Make the template database: what `leadgen migrate` makes of an empty one, reference data included.

    Webhooks may go to this machine: the receivers of the tests are on it. No rate limit holds, because tests post more
    from one address than any sender does; tests of rate limits switch them on.
    """

    def fill(url: str) -> None:
        migrate(url, Settings(environment="development"), say=lambda _: None)
        with psycopg.connect(url) as connection:
            connection.execute("update leadgen.rate_limits set is_active = false")

    cluster.make_template(TEMPLATE, fill)


@pytest.fixture(scope="session")
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[QuickCluster]:
    """A running server that the whole session shares. Of several processes the first makes the template for all."""
    seed = None
    if inputs := getattr(request.config, "workerinput", None):  # of xdist
        seed = Seed(tmp_path_factory.getbasetemp().parent, inputs["workercount"], make_template)
    with running_cluster(seed) as running:
        yield running


@pytest.fixture(scope="session")
def template(cluster: QuickCluster) -> str:
    """The name of the template database."""
    if not cluster.has(TEMPLATE):
        make_template(cluster)
    return TEMPLATE


@pytest.fixture(scope="session")
def stocked_template(cluster: Cluster, template: str) -> str:
    """The template with the catalogue of api/serving.py in it: an offer, its buyer Ann, and Bob, who buys nothing."""
    from api.serving import add_catalogue  # brings the API along, which few files need

    return cluster.make_template("template_stocked", add_catalogue, template)


@pytest.fixture(scope="session")
def pgtap_template(cluster: Cluster, template: str) -> str:
    """The template with pgTAP and pgtap/helpers in it."""

    return cluster.make_template("template_pgtap", lambda url: load_kit(url, cluster.shelf), template)


@pytest.fixture
def database(cluster: Cluster, template: str) -> Iterator[str]:
    """The superuser's URL of a migrated database that is this test's own."""
    with cluster.clone(template) as url:
        yield url


@pytest.fixture
def stocked_database(cluster: Cluster, stocked_template: str) -> Iterator[str]:
    """The superuser's URL of a database with a catalogue that is this test's own."""
    with cluster.clone(stocked_template) as url:
        yield url


@pytest.fixture(scope="module")
def module_database(cluster: Cluster, template: str) -> Iterator[str]:
    """The superuser's URL of a migrated database that a file's tests share: they read it, or roll back."""
    with cluster.clone(template) as url:
        yield url


@pytest.fixture
def module_session(module_database: str) -> Iterator[psycopg.Connection]:
    """An autocommit session of the superuser on `module_database`."""
    with psycopg.connect(module_database, autocommit=True) as session:
        yield session


@pytest.fixture
def role_url(database: str) -> Callable[[str], str]:
    """The URL of this test's database for a role: `role_url("leadgen_api")`."""
    return lambda role: with_role(database, role)


@pytest.fixture
def connect(database: str) -> Iterator[Connect]:
    """Autocommit sessions on this test's database: `connect()` as superuser, `connect("leadgen_api")`."""
    with ExitStack() as sessions:

        def open_session(role: str = "postgres", **options: object) -> psycopg.Connection:
            url = with_role(database, role)
            return sessions.enter_context(psycopg.connect(url, autocommit=True, **options))  # type: ignore[arg-type]

        yield open_session


@pytest.fixture
def leadgen_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., CompletedProcess[str]]:
    """Run a command with further environment variables as rig.cli does, but in this process: that takes no start."""

    def run_here(*arguments: str, stdin: str = "", **environment: str) -> CompletedProcess[str]:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", StringIO(stdin))
            patch.setattr(sys, "argv", ["leadgen", *arguments])
            for name, value in environment.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as left:
                main()
        said = capsys.readouterr()
        return CompletedProcess(arguments, int(left.value.code or 0), said.out, said.err)

    return run_here


@pytest.fixture
def run(
    database: str, leadgen_here: Callable[..., CompletedProcess[str]], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., CompletedProcess[str]]:
    """Run a command on this test's database, in this process."""
    monkeypatch.setenv("DATABASE_URL", database)
    return leadgen_here
