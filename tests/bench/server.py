"""The throw-away server that is measured, and its databases."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from leadgen.db.binaries import find_binaries
from leadgen.db.embedded import EmbeddedServer
from leadgen.db.migrate import migrate
from leadgen.db.urls import with_database
from leadgen.settings import Settings

# As durable as in production. Checkpoints are kept away, so that none falls on one side of a ratio.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
}

# 20 offers of 20 candidates each; ids are known: enrollment (offer - 1) * 20 + place, source = offer.
OFFERS, CANDIDATES, BUYERS = 20, 20, 40
BUYER_OF = "1 + (place * 7 + offer) %% 40"
CATALOGUE = f"""
set search_path = leadgen;
insert into markets (name, timezone, region_code) values ('Austin, TX', 'America/Chicago', 'US-TX');
insert into verticals (slug, name) values ('plumbing', 'Plumbing');
insert into validation_policies (name, rules) values ('ten rules', '{{
  "required_fields": ["attributes.job_type"],
  "field_rules": {{"attributes.job_type": {{"enum": ["leak", "drain", "heater"]}}, "message": {{"maxLength": 2000}}}},
  "allowed_country_codes": ["US"],
  "allowed_postal_codes": ["787*"],
  "allowed_cities": ["Austin"],
  "phone_region": "US",
  "disposable_email_blocklist_enabled": true,
  "blocked_email_domains": ["spam.example"],
  "duplicate_window_hours": 24,
  "consent_required": true
}}');
insert into routing_policies (name, config) values ('turns', '{{"strategy": "round_robin"}}');
insert into pricing_policies (name, rules) values ('premium', '{{"exclusivity_premium": {{"percent": 25}}}}');
insert into offers
  (market_id, vertical_id, name, default_price_per_lead, validation_policy_id, routing_policy_id, pricing_policy_id)
select 1, 1, 'Offer ' || offer, 45, 1, 1, 1 from generate_series(1, {OFFERS}) offer order by offer;
insert into sources (offer_id, kind, name, source_key)
select offer, 'landing_page', 'Page ' || offer, 's' || offer from generate_series(1, {OFFERS}) offer order by offer;
insert into buyers (name, email, phone, webhook_url, email_notifications)
select 'Buyer ' || n, 'b' || n || '@buyer.example', '+15125550100', %(webhook)s, %(email)s
from generate_series(1, {BUYERS}) n order by n;
insert into buyer_offers (buyer_id, offer_id, routing_priority, capacity_per_hour, capacity_per_day)
select {BUYER_OF}, offer, place, 1000000, 1000000
from generate_series(1, {OFFERS}) offer, generate_series(1, {CANDIDATES}) place order by offer, place;
insert into buyer_service_areas (buyer_id, market_id, scope_type, scope_value)
select n, 1, 'postal_code', code
from generate_series(1, {BUYERS}) n, unnest('{{78701,78702,78703,78704,78705,787*}}'::text[]) code;
insert into offer_exclusivities (offer_id, scope_type, scope_value, buyer_id)
select offer, 'postal_code', '78799', 1 from generate_series(1, {OFFERS}) offer;
"""


class Bench:
    """The running server. `connect` gives superuser's sessions."""

    def __init__(self, server: EmbeddedServer) -> None:
        self._server = server
        self.version = str(find_binaries().major)

    def url(self, database: str) -> str:
        """The superuser's URL of a database."""
        return with_database(self._server.url, database)

    def connect(self, database: str) -> psycopg.Connection:
        """An autocommit session."""
        return psycopg.connect(self.url(database), autocommit=True)

    def create(self, database: str, template: str) -> None:
        """Copy a database that nobody is connected to."""
        with self.connect("postgres") as admin:
            admin.execute(f"create database {database} template {template}".encode())

    def drop(self, database: str) -> None:
        """Drop a database."""
        with self.connect("postgres") as admin:
            admin.execute(f"drop database {database} with (force)".encode())

    def add_catalogue(self, database: str, webhook: str | None, email: bool) -> None:
        """Fill a migrated database; every buyer has this webhook, and email or not."""
        with self.connect(database) as admin:
            psycopg.ClientCursor(admin).execute(
                CATALOGUE, {"webhook": webhook or "https://buyer.example/leads", "email": email}
            )
            admin.execute("vacuum analyze")


@contextmanager
def running_bench() -> Iterator[Bench]:
    """A migrated server in a temporary directory (database `leadgen`, empty), removed at the end."""
    directory = Path(tempfile.mkdtemp(prefix="leadgen-bench-"))
    directory.chmod(0o755)  # as root the server runs as somebody else
    conf = "".join(f"{name} = {value}\n" for name, value in SETTINGS.items())
    server = EmbeddedServer(directory, conf)
    try:
        settings = Settings(environment="development")  # webhooks of loopback
        migrate(server.start(), settings, say=lambda _: None)
        yield Bench(server)
    finally:
        server.stop("immediate")
        shutil.rmtree(directory)
