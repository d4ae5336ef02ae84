"""What a page's form sends, and what is kept of it while its sender signs in again."""

import hmac
import json
from collections.abc import Mapping

from leadgen.app.cookies import make_csrf_token
from leadgen.app.form import read_form
from leadgen.app.headers import group
from leadgen.app.problems import Problem
from leadgen.app.services import Request
from leadgen.app.signed_in import CSRF_HEADER, NOT_OUR_PAGE

TOKEN = "csrf"  # noqa: S105  the field's name
MOST_FORM = 262_144  # bytes
MOST_FIELDS = 250  # a week has 168 hours
MOST_KEPT = 200_000  # characters of the fields as JSON
# No field that is a secret is kept in a page.
SECRETS = frozenset({TOKEN, "password", "password_now", "code"})


async def read_fields(request: Request, limit: int = MOST_FORM) -> dict[str, str]:
    """The fields of a form. Raises Problem."""
    return await read_form(request, group(request.scope["headers"]), limit, MOST_FIELDS)


def is_genuine(request: Request, fields: Mapping[str, str], session_token: str) -> bool:
    """Whether the form, or htmx for it, shows the token of the session."""
    given = fields.get(TOKEN, "") or request.headers.get(CSRF_HEADER) or ""
    return hmac.compare_digest(given.encode(), make_csrf_token(session_token).encode())


def refuse_form() -> Problem:
    """The problem of a form that no page of this session made."""
    return Problem(
        NOT_OUR_PAGE, "The form was not made by a page of this session. Go back and load the page again."
    )


def keep(fields: Mapping[str, str]) -> str | None:
    """The fields as JSON, without secrets; None: there are none, or they are too many to be kept in a page."""
    kept = {name: value for name, value in fields.items() if name not in SECRETS}
    text = json.dumps(kept)
    return text if kept and len(text) <= MOST_KEPT else None


def read_kept(text: str) -> dict[str, str]:
    """The fields that `keep` kept; {}: none, or none of ours."""
    try:
        kept = json.loads(text)
        json.dumps(kept, ensure_ascii=False).encode()
    except (ValueError, RecursionError):  # no JSON, half a character, or too deep
        return {}
    if not isinstance(kept, dict):
        return {}
    return {name: value for name, value in kept.items() if isinstance(value, str) and name not in SECRETS}
