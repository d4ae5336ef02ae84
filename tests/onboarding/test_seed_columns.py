"""Whoever knows only the first seed document's columns can still write every one of its tables."""

import psycopg
import pytest

from rig.cluster import Connect

SEED_COLUMNS = {
    "markets": "id created_at updated_at name country_code region_code timezone currency is_active",
    "verticals": "id created_at updated_at slug name is_active",
    "validation_policies": "id created_at updated_at name version rules is_active",
    "routing_policies": "id created_at updated_at name version config is_active",
    "offers": "id created_at updated_at market_id vertical_id name is_active default_price_per_lead invoice_threshold"
    " validation_policy_id routing_policy_id",
    "sources": "id created_at updated_at offer_id kind name hostname path_prefix api_key_hash is_active",
    # But for webhook_secret: no secret is a column of a table that people read (webhook_secrets).
    "buyers": "id created_at updated_at name email phone company webhook_url email_notifications sms_notifications"
    " is_active balance credit_limit billing_cycle payment_method payment_method_id",
    "buyer_offers": "id created_at updated_at buyer_id offer_id is_active routing_priority capacity_per_day"
    " capacity_per_hour price_per_lead webhook_url_override email_override sms_override min_balance_required"
    " pause_until",
    "buyer_service_areas": "id created_at updated_at buyer_id market_id scope_type scope_value is_active",
    "offer_exclusivities": "id created_at updated_at offer_id scope_type scope_value buyer_id is_active",
    "leads": "id created_at updated_at market_id vertical_id offer_id source_id idempotency_key source name email phone"
    " country_code postal_code city region_code message status validation_reason buyer_id delivered_at accepted_at"
    " rejected_at rejection_reason billing_status price billed_at paid_at utm_source utm_medium utm_campaign ip_address"
    " user_agent",
    "invoices": "id created_at updated_at buyer_id offer_id period_start period_end due_date invoice_number status"
    " total_leads amount_due tax_amount total_amount payment_method paid_at transaction_id disputed_at dispute_reason"
    " resolved_at resolution_notes",
}
# Not null without a default, because a trigger derives them (SPEC §3): the insert below proves it.
DERIVED = {
    ("markets", "slug"),
    ("offers", "slug"),
    ("sources", "source_key"),
    ("buyer_service_areas", "scope_key"),
    ("offer_exclusivities", "scope_key"),
    ("invoices", "currency"),
    ("invoices", "timezone"),
}

# What the seed document requires of each row, and no more. Plain SQL, not rig.catalogue: it is what a DBA types.
LEAST = """
with m as (insert into leadgen.markets (name, timezone) values ('Austin, TX', 'America/Chicago') returning id),
  v as (insert into leadgen.verticals (slug, name) values ('plumbing', 'Plumbing') returning id),
  vp as (insert into leadgen.validation_policies (name, rules) values ('any', '{}') returning id),
  rp as (insert into leadgen.routing_policies (name, config) values ('any', '{}') returning id),
  o as (
    insert into leadgen.offers
      (market_id, vertical_id, name, default_price_per_lead, validation_policy_id, routing_policy_id)
    select m.id, v.id, 'Emergency Plumbing - Austin', 45, vp.id, rp.id from m, v, vp, rp returning id),
  s as (
    insert into leadgen.sources (offer_id, kind, name) select o.id, 'landing_page', 'Austin page' from o returning id),
  b as (
    insert into leadgen.buyers (name, email, phone) values ('Ann', 'ann@buyer.example', '+15125550100') returning id),
  bo as (insert into leadgen.buyer_offers (buyer_id, offer_id) select b.id, o.id from b, o),
  a as (
    insert into leadgen.buyer_service_areas (buyer_id, market_id, scope_type, scope_value)
    select b.id, m.id, 'postal_code', '78701' from b, m),
  i as (
    insert into leadgen.invoices (buyer_id, offer_id, period_start, period_end, due_date, invoice_number)
    select b.id, o.id, '2026-11-01', '2026-11-08', '2026-11-15', 'A-1' from b, o)
insert into leadgen.leads (market_id, vertical_id, offer_id, source_id, name, email, phone, postal_code)
select m.id, v.id, o.id, s.id, 'John', 'john@example.com', '+15125550123', '78701' from m, v, o, s
"""


def test_seed_columns_are_all_there(module_session: psycopg.Connection) -> None:
    """By the seed's names, in the seed's tables."""
    known = set(
        module_session.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'leadgen'"
        )
    )
    missing = {
        (table, column) for table, columns in SEED_COLUMNS.items() for column in columns.split()
    } - known
    assert missing == set()


@pytest.mark.parametrize("table", SEED_COLUMNS)
def test_what_we_added_is_optional(table: str, module_session: psycopg.Connection) -> None:
    """Every further column is nullable, has a default, or is derived by trigger."""
    added = module_session.execute(
        """
        select column_name, is_nullable = 'YES' or column_default is not null or is_identity = 'YES'
        from information_schema.columns
        where table_schema = 'leadgen' and table_name = %s and column_name <> all (%s)
        """,
        [table, SEED_COLUMNS[table].split()],
    )
    needed = {(table, column) for column, is_optional in added if not is_optional}
    assert needed <= DERIVED


def test_least_rows_of_the_seed_go_in(connect: Connect) -> None:
    """Rows with only what the seed requires, in one statement; then exclusivity and what was derived."""
    admin = connect()
    admin.execute(LEAST)
    admin.execute(
        """
        insert into leadgen.offer_exclusivities (offer_id, scope_type, scope_value, buyer_id)
        select o.id, 'city', 'Austin', b.id from leadgen.offers o, leadgen.buyers b
        """
    )
    derived = admin.execute(
        """
        select m.slug, o.slug, s.source_key, a.scope_key, e.scope_key
        from leadgen.markets m, leadgen.offers o, leadgen.sources s, leadgen.buyer_service_areas a,
          leadgen.offer_exclusivities e
        """
    ).fetchall()
    assert derived == [("austin-tx", "emergency-plumbing-austin", "austin-page", "78701", "austin")]


def test_every_column_of_the_seed_can_be_written(connect: Connect) -> None:
    """A row that was read with the seed's columns goes back in with all of them, but for its id and its unique name."""
    admin = connect()
    admin.execute(LEAST)
    for table, unique in (
        ("markets", None),
        ("buyers", "email"),
        ("sources", None),
        ("validation_policies", None),
    ):
        columns = [column for column in SEED_COLUMNS[table].split() if column != "id"]
        values = [f"'other-' || {column}" if column == unique else column for column in columns]
        into, what = f"leadgen.{table} ({', '.join(columns)})", ", ".join(values)
        admin.execute(f"insert into {into} select {what} from leadgen.{table}".encode())
    slugs = admin.execute("select slug from leadgen.markets order by id").fetchall()
    assert slugs == [("austin-tx",), ("austin-tx-2",)]
