"""An API with the portal's pages on a database of its own, for the tests of a file: Ann buys, Bob buys nothing."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from api.serving import Api, add_catalogue, running_api
from console.people import Tab
from doubles.stripe_api import WEBHOOK_SECRET
from portal.visitors import open_tab
from rig.cluster import Cluster


@pytest.fixture(scope="module")
def site(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The API, as in development: its pages come over http."""
    with cluster.clone(template) as database:
        add_catalogue(database)
        directory = tmp_path_factory.mktemp("site")
        with running_api(
            database, directory, ENVIRONMENT="development", STRIPE_WEBHOOK_SECRET=WEBHOOK_SECRET
        ) as running:
            yield running


@pytest.fixture
def market(site: Api) -> Iterator[psycopg.Connection]:
    """A superuser's session on its database."""
    with psycopg.connect(site.database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def tab(site: Api, market: psycopg.Connection) -> Callable[..., Tab]:
    """Opens a browser in which somebody of a buyer is signed in: an owner of Ann, if nobody says otherwise."""
    return lambda kind="owner", buyer="Ann": open_tab(site, market, kind, buyer)
