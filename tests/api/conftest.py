"""A real API process on a real database, shared by the session."""

from collections.abc import Iterator

import psycopg
import pytest

from api.serving import Api, add_catalogue, running_api
from rig.cluster import Cluster


@pytest.fixture(scope="session")
def api(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The session's API; its database is shared too, so a test tells its own leads by their content."""
    with cluster.clone(template) as database:
        add_catalogue(database)
        with running_api(database, tmp_path_factory.mktemp("api")) as running:
            yield running


@pytest.fixture
def shared_database(api: Api) -> Iterator[psycopg.Connection]:
    """A superuser's session on the database of `api`."""
    with psycopg.connect(api.database, autocommit=True) as connection:
        yield connection
