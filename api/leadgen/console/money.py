"""What the pages of money share: amounts, days and numbers as people type them, and what is said beside a field."""

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import uuid4

from leadgen.app.book_parts import AMOUNT
from leadgen.app.invoices import read_day
from leadgen.app.problems import CONFLICT, KEY_REUSED, NOT_FOUND, FieldError, Problem
from leadgen.app.services import Request
from leadgen.console.query import read_text, to_id
from leadgen.pages.visitor import Visitor

GROUPED = re.compile(
    r"\d{1,3}(,\d{3})+(\.\d{1,2})?"
)  # 1,200.50; a comma before cents would be another amount
LONGEST_NUMBER = 50
LONGEST_KEY = 200
MOST_LINES = 1_000_000_000
METHODS = (
    ("bank_transfer", "bank transfer"),
    ("check", "check"),
    ("paypal", "PayPal"),
    ("manual", "in another way"),
)
# Fields that the database names otherwise than the forms do.
NAMES = {
    "buyer_id": "buyer",
    "invoice_id": "invoice",
    "number": "invoice",
    "provider": "method",
    "position": "line",
    "line_id": "buyer",
}


def make_key() -> str:
    """The key of a form: sent twice, it books once."""
    return str(uuid4())


def read_amount(visitor: Visitor, *, may_be_all: bool = False) -> Decimal | None:
    """The amount of a form; None: all that is left, where that may be. Raises Problem.

    Where the page has shown how much that is (`shown`), it is that, whatever came since.
    """
    text = (visitor.fields.get("amount", "") or visitor.fields.get("shown", "")).strip()
    if not text and may_be_all:
        return None
    plain = text.replace(",", "") if GROUPED.fullmatch(text) else text
    if not AMOUNT.fullmatch(plain) or not (amount := Decimal(plain)):
        raise Problem.of_field(
            "amount", text[:30] or "nothing", "an amount such as 250.00, cents after a point"
        )
    return amount


def read_one(visitor: Visitor, name: str, what: str) -> int:
    """The id that a field has. Raises Problem."""
    text = visitor.fields.get(name, "").strip()
    found = to_id(text)
    if found is None:
        raise Problem.of_field(name, text[:30] or "nothing", f"the id of a {what}")
    return found


def read_words(visitor: Visitor, name: str) -> str | None:
    """A short text of a form; None: there is none."""
    return visitor.fields.get(name, "").strip()[: LONGEST_KEY + 1] or None


def read_line(text: str, name: str = "line") -> int | None:
    """The number of a line, None: there is none. Raises Problem."""
    text = text.strip()
    if not text:
        return None
    found = to_id(text)
    if found is None or found > MOST_LINES:
        raise Problem.of_field(name, text[:30], "the number of a line")
    return found


def read_day_of(visitor: Visitor, name: str) -> date | None:
    """A day of a form; None: there is none. Raises Problem."""
    text = visitor.fields.get(name, "").strip()
    return read_day(text, name) if text else None


def read_asked_day(request: Request, name: str) -> date | None:
    """A day of the query; None: there is none. Raises Problem."""
    text = read_text(request, name)
    return read_day(text, name) if text else None


def read_after(request: Request) -> int | None:
    """After how many lines a page begins; None: at the first."""
    found = to_id(request.query_params.get("after", ""))
    return found if found is not None and found <= MOST_LINES else None


def clean_number(number: str) -> str:
    """The number of a document, as an address has it."""
    return number[:LONGEST_NUMBER].replace("\0", "")


def say_beside(problem: Problem, visitor: Visitor) -> Problem:
    """A problem that the form says, its field as the form names it; any other is raised.

    What a form names and is not there is of the form; a page that is not there has no such field.
    """
    if problem.kind is KEY_REUSED:
        visitor.fields.pop("key", None)  # the form that is shown again books anew
        problem = replace(
            problem,
            kind=CONFLICT,
            detail="This form has booked something else. Send it again for a second one.",
        )
    beside = [
        FieldError(**{**one, "field": NAMES.get(one.get("field", ""), one.get("field", ""))})
        for one in problem.errors
    ]
    is_of_form = any(one["field"] in visitor.fields for one in beside)
    if problem.kind.status not in (400, 409, 422) and not (problem.kind is NOT_FOUND and is_of_form):
        raise problem
    return replace(problem, errors=beside)
