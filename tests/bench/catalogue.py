"""Databases with the catalogue of real size (catalogue.sql)."""

from pathlib import Path

from leadgen.db.cluster import adopt_clones

from .revision import Revision
from .server import Bench

CATALOGUE = Path(__file__).with_suffix(".sql")
MOST_AREAS = (
    "delete from leadgen.buyer_service_areas where scope_type = 'postal_code' and scope_value not like '%*'"
)


def create_catalogue(bench: Bench, database: str, revision: Revision) -> None:
    """A database of this revision with the catalogue and no lead, never analyzed."""
    bench.create(database)
    revision.migrate(bench.url(database))
    adopt_clones(bench.url(database))
    with bench.connect(database) as admin:
        admin.execute(CATALOGUE.read_bytes())


def create_light_catalogue(bench: Bench, database: str, whole: str) -> None:
    """A copy with ten areas a buyer instead of 300: for what is copied often and is not about finding buyers."""
    bench.create(database, whole)
    with bench.connect(database) as admin:
        admin.execute(MOST_AREAS)
        admin.execute("vacuum full analyze")


def copy_to_receiver(bench: Bench, database: str, template: str, webhook: str) -> None:
    """A copy whose buyers all have this webhook and no e-mail."""
    bench.create(database, template)
    with bench.connect(database) as admin:
        admin.execute("update leadgen.buyers set webhook_url = %s, email_notifications = false", [webhook])
        admin.execute("vacuum analyze")
