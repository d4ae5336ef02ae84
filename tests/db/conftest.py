"""The database of an earlier commit, with its records, as today's deploy leaves it."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from leadgen.db.diff import declare
from leadgen.db.restore import restore
from leadgen.db.tree import SqlTree
from leadgen.paths import sql_dir
from leadgen.settings import Settings
from rig.cluster import Cluster

RECORDS = Path(__file__).with_name("fixtures") / "966f066.sql.xz"


@dataclass(frozen=True)
class Upgraded:
    """The template database, and what the deploy said."""

    template: str
    said: list[str]


@pytest.fixture(scope="session")
def upgraded(cluster: Cluster) -> Upgraded:
    """tests/db/fixtures/966f066.sql.xz, restored and migrated."""
    said: list[str] = []

    def fill(url: str) -> None:
        restore(url, Settings(environment="development"), RECORDS, say=said.append)

    return Upgraded(cluster.make_template("template_966f066", fill), said)


@pytest.fixture(scope="session")
def declared(cluster: Cluster) -> str:
    """The URL of a database in the declared state."""
    url = cluster.create("declared")
    declare(url, SqlTree(sql_dir()))
    return url
