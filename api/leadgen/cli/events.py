"""`leadgen events`: what is about to run out or was disabled, and what operators did."""

from datetime import UTC
from enum import StrEnum
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from leadgen.cli.console import err
from leadgen.cli.rows import Limit
from leadgen.cli.target import database_url
from leadgen.db.session import connect

EVENTS = """
select e.created_at, e.kind, o.slug, b.name, e.message
from leadgen.events e
left join leadgen.offers o on o.id = e.offer_id
left join leadgen.buyers b on b.id = e.buyer_id
where %(kind)s::text is null or e.kind = %(kind)s
order by e.id desc
limit %(limit)s
"""


class Kind(StrEnum):
    """The kinds of events, as the functions that write them name them."""

    CAP_LOW = "cap_low"
    BUDGET_LOW = "budget_low"
    LIMIT_REACHED = "limit_reached"
    BALANCE_LOW = "balance_low"
    CREDIT_LOW = "credit_low"
    ENDPOINT_DISABLED = "endpoint_disabled"
    ENDPOINT_ENABLED = "endpoint_enabled"
    SALE_UNDELIVERED = "sale_undelivered"
    RETURN_REQUESTED = "return_requested"
    RETURN_APPROVED = "return_approved"
    RETURN_REFUSED = "return_refused"
    DELIVERY_RETRIED = "delivery_retried"
    DELIVERY_PARKED = "delivery_parked"
    SECRET_ROTATED = "secret_rotated"  # noqa: S105  not a secret
    SECRETS_CHANGED = "secrets_changed"
    ADDRESS_CHANGED = "address_changed"
    RATE_EXCEEDED = "rate_exceeded"
    FETCH_REFUSED = "fetch_refused"
    EXCLUSIVITY_MERGED = "exclusivity_merged"
    QUARANTINE_PURGED = "quarantine_purged"
    LEAD_ERASED = "lead_erased"
    LEAD_SOLD_BY_HAND = "lead_sold_by_hand"
    SUBMISSION_ERASED = "submission_erased"
    LEADS_OPENED = "leads_opened"
    SUBMISSION_OPENED = "submission_opened"
    FETCH_OPENED = "fetch_opened"
    SEALED_TEXTS_ALTERED = "sealed_texts_altered"
    FETCH_ERASED = "fetch_erased"
    USER_ERASED = "user_erased"
    PERSON_EXPORTED = "person_exported"
    PAYMENT_DISPUTED = "payment_disputed"
    PAYMENT_UNKNOWN = "payment_unknown"
    POLICY_NOT_PUBLISHED = "policy_not_published"
    RECHARGE_FAILED = "recharge_failed"
    BILLING_FAILED = "billing_failed"
    OUTCOME_REPORTED = "outcome_reported"
    REPORT_FAILED = "report_failed"
    MONEY_MOVED = "money_moved"
    DATABASE_ADOPTED = "database_adopted"
    DATABASE_DISOWNED = "database_disowned"
    USER_SIGNED_UP = "user_signed_up"
    USER_CREATED = "user_created"
    USER_INVITED = "user_invited"
    USER_APPROVED = "user_approved"
    USER_STATUS_CHANGED = "user_status_changed"
    USER_ROLE_CHANGED = "user_role_changed"
    USER_PASSWORD_CHANGED = "user_password_changed"  # noqa: S105  an event
    KEY_MADE = "key_made"
    KEY_REVOKED = "key_revoked"
    KEYS_LEFT = "keys_left"
    USER_LINK_MADE = "user_link_made"
    USER_RESET_SENT = "user_reset_sent"
    USER_SESSIONS_REVOKED = "user_sessions_revoked"
    USER_TOTP_CHANGED = "user_totp_changed"
    USER_PASSKEY_CHANGED = "user_passkey_changed"
    USER_PASSKEY_SUSPECT = "user_passkey_suspect"
    USER_BINDING_CHANGED = "user_binding_changed"
    USER_RECOVERY_CODE_USED = "user_recovery_code_used"


def events(
    limit: Limit = 20,
    kind: Annotated[Kind | None, typer.Option(help="Events of this kind only.")] = None,
) -> None:
    """Show the latest events, newest first: warnings, and what operators did.

    cap_low and budget_low: the share of a cap or budget that settings.warn_at_percent names (80 %) is used, or one sale
    of a cap is left. balance_low: a balance is near the minimum of an enrollment.

    Example: leadgen events --kind cap_low
    """
    from leadgen.show.account import shorten_times
    from leadgen.show.console import make_console

    with connect(database_url()) as connection:
        found = connection.execute(EVENTS, {"kind": kind, "limit": limit}).fetchall()
    if not found:
        err.print("no events")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("when, UTC", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    for name in ("offer", "buyer", "what"):
        table.add_column(name, overflow="fold")
    for created_at, name, offer, buyer, message in found:
        at = created_at.astimezone(UTC)
        what = shorten_times(message, at.isoformat())
        table.add_row(f"{at:%Y-%m-%d %H:%M}", Text(name), Text(offer or ""), Text(buyer or ""), Text(what))
    make_console().print(table)
