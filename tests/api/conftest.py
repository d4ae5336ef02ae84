"""A real API process on a real database, shared by the session."""

import secrets
from collections.abc import Callable, Iterator

import psycopg
import pytest

from api.people import CREATE, PASSWORD, SERVE_CHEAP, Browser, known_password, make_passwords_cheap
from api.serving import Api, add_catalogue, running_api
from rig.cluster import Cluster


@pytest.fixture(scope="session")
def api(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The session's API; its database is shared too, so a test tells its own leads by their content.

    Passwords are cheap there.
    """
    with cluster.clone(template) as database:
        add_catalogue(database)
        make_passwords_cheap(database)
        with running_api(database, tmp_path_factory.mktemp("api"), code=SERVE_CHEAP) as running:
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
            "update leadgen.users set created_at = created_at - interval '2 days'"
            " where created_at > now() - interval '1 day'"
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
        challenge, digest = known_password(shared_database, password)
        shared_database.execute(CREATE, [email, "Ann Smith", role, buyer, member, challenge.salt, digest])
        return email

    return add
