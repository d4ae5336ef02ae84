"""The databases of earlier commits, with their records, as today's deploy leaves them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from db.tiny_tree import write_tree
from leadgen.db.diff import declare
from leadgen.db.restore import restore
from leadgen.db.tree import SqlTree
from leadgen.paths import sql_dir
from leadgen.settings import Settings
from rig.cluster import Cluster
from rig.deploys import deploy_small

FIXTURES = Path(__file__).with_name("fixtures")
OLDEST, *LATER = "966f066", "01fe1aa", "948feb1", "bb92860"  # the last is that of the release before this one
RECORDS = FIXTURES / f"{OLDEST}.sql.xz"


@dataclass(frozen=True)
class Upgraded:
    """The template database, what the deploy said, and the commit that it comes from."""

    commit: str
    template: str
    said: list[str]


@cache  # pytest makes a session's fixture anew whenever its parameter changes
def upgrade(cluster: Cluster, commit: str) -> Upgraded:
    """A fixture of tests/db/fixtures, restored and migrated, without postal codes and throw-away domains."""
    said: list[str] = []

    def fill(url: str) -> None:
        settings = Settings(environment="development")
        restore(url, settings, FIXTURES / f"{commit}.sql.xz", reference=False, say=said.append)
        deploy_small(url, settings)

    return Upgraded(commit, cluster.make_template(f"template_{commit}", fill), said)


@pytest.fixture
def tree(tmp_path: Path) -> SqlTree:
    """A small tree of SQL files, to be changed."""
    return write_tree(tmp_path / "sql")


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[str]:
    """The URL of a database without anything in it."""
    with cluster.clone("template0") as url:
        yield url


@pytest.fixture(scope="session")
def upgraded(cluster: Cluster) -> Upgraded:
    """The oldest fixture."""
    return upgrade(cluster, OLDEST)


@pytest.fixture(scope="session", params=[OLDEST, *LATER])
def any_upgraded(request: pytest.FixtureRequest, cluster: Cluster) -> Upgraded:
    """Each fixture: as a dump it is restored with the functions of its day, which the deploy replaces."""
    if request.param == OLDEST:
        oldest: Upgraded = request.getfixturevalue("upgraded")
        return oldest
    return upgrade(cluster, request.param)


@pytest.fixture(scope="session")
def declared(cluster: Cluster) -> str:
    """The URL of a database in the declared state."""
    url = cluster.create("declared")
    declare(url, SqlTree(sql_dir()))
    return url
