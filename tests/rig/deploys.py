"""A deploy without the two large sets of reference data, which take most of its time."""

import psycopg

from leadgen.db import reference
from leadgen.db.migrate import migrate
from leadgen.settings import Settings


def deploy_small(url: str, settings: Settings) -> None:
    """Migrate, and load how phones are numbered: no lead is taken without it. Postal codes and domains stay empty."""
    migrate(url, settings, reference=False, say=lambda _: None)
    with psycopg.connect(url, autocommit=True) as connection:
        for data in reference.DATA_SETS:
            if data.package == "phonenumbers":
                reference._load(connection, data)
