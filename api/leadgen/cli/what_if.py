"""`leadgen what-if`: real leads of a period under other rules, prices or buyers. Writes nothing."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from psycopg.types.json import Jsonb

from leadgen.cli.console import err, out
from leadgen.cli.offers import From, OfferName, To, find_offer, read_period
from leadgen.cli.opening import find_vault, open_contacts
from leadgen.cli.target import database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError

WHAT_IF = """
select leadgen.what_if(%s::bigint, %s::timestamptz, %s::timestamptz, %s::jsonb, %s::jsonb)::text
"""
SEALED = """
select l.id from leadgen.leads l
where l.offer_id = %s and l.created_at >= %s and l.created_at < %s and l.sealed is not null
"""


def what_if(
    offer: OfferName,
    start: From = None,
    end: To = None,
    changes: Annotated[
        Path | None,
        typer.Option(
            "--changes",
            metavar="FILE",
            help='The changes as a JSON object: {"routing": {"strategy": "weighted"}}.',
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="One change: routing.strategy=weighted. May be repeated."
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write a page with charts.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Decide an offer's past leads of a period again under changes, and compare with what happened.

    Nothing is written. Without any change it shows that the rules reproduce what happened.

    The keys that can be changed, each with an example (3 is the id of an enrollment, 7 the id of a buyer):

      routing.strategy=weighted                            (or another key of a routing policy)
      pricing.exclusivity_premium='{"percent": 30}'        (of a pricing policy)
      payout.price=8                                       (of the payout policies of its sources)
      validation.required_fields='["message"]'             (of a validation policy)
      default_price_per_lead=50
      without='[7]'                                        (buyers that are left out)
      with='[{"buyer_id": 7, "service_areas": ["787*"], "weight": 2}]'  (buyers that are added)
      enrollments.3.is_active=false
      enrollments.3.price_per_lead=60
      enrollments.3.routing_priority=5
      enrollments.3.weight=3
      enrollments.3.capacity_per_hour=2
      enrollments.3.capacity_per_day=12
      enrollments.3.capacity_per_week=40
      enrollments.3.capacity_per_month=null
      enrollments.3.budget_per_day=300
      enrollments.3.budget_per_month=5000
      enrollments.3.min_balance_required=100
      enrollments.3.pause_from=2026-11-20T00:00:00Z        (together with pause_until)
      enrollments.3.pause_until=2026-12-01T00:00:00Z
      enrollments.3.schedule='{"mon": [["08:00", "18:00"]]}'
      enrollments.3.filters='{"attributes.job_type": {"enum": ["leak"]}}'

    docs/policy-keys.md lists the keys of policies. A key of a policy is replaced whole; null takes it away. Not
    max_per_ip_per_hour, max_per_phone_per_day, mx_lookup_enabled and contact_window_days: for these a what-if takes
    what was found when the lead came. `leadgen buyers --offer OFFER` lists enrollments and buyers.

    Example: leadgen what-if austin-plumbing --from 2026-11-14 --set routing.strategy=weighted
    """
    from leadgen.show.console import make_console
    from leadgen.whatif import make_page, read_changes, show_outcome

    given = json.dumps(read_changes(changes, settings or []))
    with connect(database_url()) as connection:
        found = find_offer(connection, offer)
        period = read_period(start, end, found.zone)
        with err.status("running the leads of the period"):
            opened = open_period(connection, [found.id, *period])
            row = connection.execute(WHAT_IF, [found.id, *period, given, Jsonb(opened)]).fetchone()
        connection.commit()  # the event that says who opened them
    text = row[0] if row else "{}"
    outcome = json.loads(text, parse_float=Decimal)
    if as_json:
        out.print(text, markup=False, soft_wrap=True)
    else:
        make_console().print(show_outcome(outcome, found.zone))
    if html:
        write_page(html, make_page(outcome, found.zone, datetime.now(UTC)))


def open_period(connection: psycopg.Connection[Any], period: Sequence[object]) -> dict[str, list[str | None]]:
    """The contacts of an offer's sealed leads of a period, by id; {} without keys."""
    vault = find_vault(connection)
    if vault is None:
        return {}
    ids = [lead for (lead,) in connection.execute(SEALED, period).fetchall()]
    return {str(lead): contact for lead, contact in open_contacts(connection, vault, ids, "what-if").items()}


def write_page(file: Path, page: str) -> None:
    """Write the page and say where it is. Raises LeadGenError when it cannot be written."""
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise LeadGenError(f"{file}: {error.strerror}") from None
    err.print(f"the page is in {file}", markup=False, soft_wrap=True)
