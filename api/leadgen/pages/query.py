"""What the address of a page says: ids and words, bounded. What they mean, the database judges."""

from urllib.parse import urlencode

from leadgen.app.problems import NOT_FOUND, Problem
from leadgen.app.queries import MAX_BIGINT
from leadgen.app.services import Request

LONGEST = 200


def read_text(request: Request, name: str) -> str | None:
    """A text of the query; None: there is none."""
    return request.query_params.get(name, "").strip()[:LONGEST].replace("\0", "") or None


def read_id(request: Request, name: str) -> int | None:
    """An id of the query; None: there is none, or what is there is no id."""
    return to_id(request.query_params.get(name, ""))


def to_id(text: str) -> int | None:
    """The id that a text is."""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(MAX_BIGINT)):
        return None
    number = int(text)
    return number if 0 < number <= MAX_BIGINT else None


def read_row(text: str) -> int:
    """The id in a path. Raises Problem: 404 for what is none."""
    row = to_id(text)
    if row is None:
        raise Problem(NOT_FOUND, "There is nothing at this address.")
    return row


def address(path: str, **query: object) -> str:
    """A path with what of the query is there."""
    given = {name: value for name, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path
