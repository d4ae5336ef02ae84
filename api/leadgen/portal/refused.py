"""What the database refuses, said on the page where it was asked."""

from litestar import Response

from leadgen.app.problems import CONFLICT, MALFORMED, NOT_FOUND, Problem
from leadgen.app.signed_in import SIGN_IN_AGAIN
from leadgen.pages.failures import show_sign_in
from leadgen.pages.forms import keep
from leadgen.pages.query import to_id
from leadgen.pages.visitor import Visitor
from leadgen.portal.site import PORTAL


def check_said(problem: Problem) -> None:
    """Raise the problem, unless it is one that a page says beside its form."""
    if problem.kind not in (MALFORMED, CONFLICT):
        raise problem


def ask_to_sign_in_again(visitor: Visitor, problem: Problem) -> Response[bytes] | None:
    """The sign-in page with what was typed kept, where this needs a new sign-in; None: it is another problem."""
    if problem.kind is not SIGN_IN_AGAIN:
        return None
    place, kept = visitor.request.url.path, keep(visitor.fields) or ""
    return show_sign_in(PORTAL, visitor.services, place=place, kept=kept, problem=problem, status=403)


def read_row(text: str) -> int:
    """The id in a path. Raises Problem: 404 for what is none."""
    row = to_id(text)
    if row is None:
        raise Problem(NOT_FOUND, "There is nothing at this address.")
    return row
