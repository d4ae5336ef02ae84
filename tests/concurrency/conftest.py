"""A session of the superuser and a catalogue on this test's own database."""

import psycopg
import pytest

from rig.catalogue import Catalogue, Offer
from rig.cluster import Connect


@pytest.fixture
def admin(connect: Connect) -> psycopg.Connection:
    """A superuser's session, which also watches the others."""
    return connect()


@pytest.fixture
def catalogue(admin: psycopg.Connection) -> Catalogue:
    """An empty market."""
    return Catalogue(admin)


@pytest.fixture
def offer(catalogue: Catalogue) -> Offer:
    """An offer with one buyer who takes everything."""
    offer = catalogue.add_offer()
    catalogue.enroll(offer)
    return offer
