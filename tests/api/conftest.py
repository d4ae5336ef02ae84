"""A real API process on a real database, shared by the session."""

import secrets
from collections.abc import Callable, Iterator

import psycopg
import pytest

from api.people import CREATE, PASSWORD, Browser
from api.serving import Api, add_catalogue, running_api
from leadgen.passwords import compute_digest, make_challenge
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
    """A superuser's session on the database of `api`.

    Leads that other tests left held would go before those of this one, and no worker offers them again. The users whom
    other tests invited count within 24 hours.
    """
    with psycopg.connect(api.database, autocommit=True) as connection:
        connection.execute(
            "update leadgen.settings set invitations_per_day = 1000 where invitations_per_day = 20"
        )
        connection.execute(
            "update leadgen.leads set hold_until = null, next_route_at = null where hold_until is not null"
        )
        yield connection


@pytest.fixture
def browser(api: Api) -> Browser:
    """Without cookies."""
    return Browser(api)


@pytest.fixture
def add_user(shared_database: psycopg.Connection) -> Callable[..., str]:
    """Makes an active user; returns its e-mail address."""

    def add(
        role: str = "admin", password: str = PASSWORD, buyer: int | None = None, member: str | None = None
    ) -> str:
        email = f"{secrets.token_hex(6)}@people.example"
        challenge = make_challenge()
        digest = compute_digest(password, challenge)
        shared_database.execute(CREATE, [email, "Ann Smith", role, buyer, member, challenge.salt, digest])
        return email

    return add
