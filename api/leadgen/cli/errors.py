"""A failure in one line, in the words that are typed on the command line."""

import re

from psycopg import Error
from psycopg.errors import InvalidSchemaName, UndefinedFunction, UndefinedTable

from leadgen.db.refusals import OURS, describe_refusal
from leadgen.settings import load_settings

__all__ = ["OURS", "describe_error", "say_as_typed"]

EMBEDDED = (
    "DATABASE_URL is not set, so this is the embedded database; "
    "set it to work on another one, for a demo that runs by `source .leadgen/demo.env`"
)
OUT_OF_DATE = (InvalidSchemaName, UndefinedFunction, UndefinedTable)
# What the functions of the database say, and how the same is typed here.
AS_TYPED = {
    "a country_code": "--country",
    "buyer_id: found": "--buyer: found",
    "country_code: found": "--country: found",
    "overlap: found": "--overlap: found",
    "scopes: found": "--scope: found",
    "p_again => true": "--again",
    "p_overlap": "--overlap",
    "an overlap of 0": "--overlap 0",
    "leadgen.enable_endpoint": "`leadgen endpoints enable`",
    "leadgen.enrollment_history": "`leadgen history`",
    "leadgen.offer_history": "`leadgen history`",
    "leadgen.policy_history": "`leadgen history`",
    "leadgen.return_sale": "`leadgen return`",
    "report.deliveries": "`leadgen deliveries list`",
    "report.endpoints": "`leadgen endpoints list`",
    "report.resends": "`leadgen deliveries resends`",
    "expires_at": "--until",
    "leadgen.resubmit_quarantined": "`leadgen quarantine resubmit`",
    "filter.buyer_id": "--buyer",
    "filter.from": "--from",
    "filter.per_minute": "--per-minute",
    "filter.statuses": "--status",
    "filter.to": "--to",
    "request_key": "--key",
}
WORDS = re.compile("|".join(rf"(?<![\w.]){re.escape(word)}(?!\w)" for word in AS_TYPED))


FIELDS = re.compile(
    r"(?<=; )(by|from|note|reason|until|where)(?=: (?:found|allowed) )"
)  # options of the same name


def describe_error(error: Exception) -> str:
    """One line for the operator: what is wrong, what was found, what is allowed, and the way out.

    An error of our own has its own words, also on several lines.
    """
    if isinstance(error, UnicodeEncodeError):
        return "the text is not valid UTF-8"
    if not isinstance(error, Error):
        return str(error)
    if isinstance(error, OUT_OF_DATE):
        message = error.diag.message_primary
        return f"the database is not up to date: run `leadgen migrate` ({message}){name_embedded()}"
    return say_as_typed(describe_refusal(error))


def name_embedded() -> str:
    """Without DATABASE_URL: which database this was, as who means another one has forgotten to set it."""
    return "" if load_settings().database_url else f". {EMBEDDED}"


def say_as_typed(text: str) -> str:
    """The text with options and commands in the place of parameters and functions."""
    return FIELDS.sub(r"--\1", WORDS.sub(lambda found: AS_TYPED[found[0]], text))
