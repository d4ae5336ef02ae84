"""What the catalogue's pages share: a row with its form, a new one, and what is refused beside its field.

The database says which fields a form has and what each takes; here they are only written and read.
"""

import json
from dataclasses import dataclass, replace
from http import HTTPStatus

from litestar import Response

from leadgen.api_keys import make_key
from leadgen.app.problems import FieldError, Problem
from leadgen.console.catalogue_queries import (
    ADD_ROW,
    BUYER,
    GIVE_KEY,
    NEW_FORM,
    OFFER,
    SAVE_ROW,
    SOURCE,
    TAKE_KEY,
)
from leadgen.pages.forms import TOKEN
from leadgen.pages.site import Json
from leadgen.pages.visitor import Visitor
from leadgen.pages.words import show_words

SAID = (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
NO_COLUMNS = frozenset({TOKEN, "stamp", "reason"})  # of a form of a row


@dataclass(frozen=True)
class Subject:
    """A kind of row: the name of its form, where its pages are, how one is read and shown."""

    form: str
    place: str
    query: str

    @property
    def template(self) -> str:
        """The page of one."""
        return f"own/{self.form}.html"


BUYERS_PAGE = Subject("buyer", "/console/buyers", BUYER)
OFFERS_PAGE = Subject("offer", "/console/offers", OFFER)
SOURCES_PAGE = Subject("source", "/console/sources", SOURCE)


async def show_row(
    visitor: Visitor,
    subject: Subject,
    row: int,
    problem: Problem | None = None,
    at: str = "",
    **values: object,
) -> Response[bytes]:
    """The page of a row. `at`: the form of the page that the problem is of."""
    found = await visitor.ask(subject.query, row)
    whole = {"made": None, **found, "form": word_form(found["form"]), "at": at, "subject": subject, **values}
    return visitor.show(subject.template, whole, problem, visitor.fields if problem else None)


async def show_new(visitor: Visitor, subject: Subject, problem: Problem | None = None) -> Response[bytes]:
    """The form of a new row."""
    found = await visitor.ask(NEW_FORM, subject.form)
    values = {**found, "form": word_form(found["form"]), "at": "row", "subject": subject}
    return visitor.show("own/new_row.html", values, problem, visitor.fields if problem else None)


async def add_row(visitor: Visitor, subject: Subject) -> Response[bytes]:
    """Add what was typed, and go on to its page."""
    try:
        row = await visitor.call(ADD_ROW, subject.form, read_columns(visitor), visitor.fields.get("reason"))
    except Problem as problem:
        return await show_new(visitor, subject, let_through(problem))
    return visitor.go(f"{subject.place}/{row}", f"The {subject.form} is there: {row}.")


async def save_row(visitor: Visitor, subject: Subject, row: int) -> Response[bytes]:
    """Save what was typed, if the row is still as its form showed it."""
    fields = visitor.fields
    try:
        is_new = await visitor.call(
            SAVE_ROW, subject.form, row, read_columns(visitor), fields.get("stamp"), fields.get("reason")
        )
    except Problem as problem:
        return await show_row(visitor, subject, row, let_through(problem), "row")
    return visitor.go(f"{subject.place}/{row}", "It is saved." if is_new else "Nothing was changed.")


async def give_key(visitor: Visitor, subject: Subject, row: int) -> Response[bytes]:
    """Make a key of a source or a buyer. The page that answers is the only one that shows it."""
    key, fields = make_key(subject.form), visitor.fields
    try:
        await visitor.call(
            GIVE_KEY, subject.form, row, fields.get("name"), key.prefix, key.digest, fields.get("reason")
        )
    except Problem as problem:
        return await show_row(visitor, subject, row, let_through(problem), "key")
    return await show_row(visitor, subject, row, made=key.text)


async def take_key(visitor: Visitor, subject: Subject, row: int, key: int) -> Response[bytes]:
    """Revoke one, at once."""
    try:
        is_new = await visitor.call(TAKE_KEY, key, visitor.fields.get("reason"))
    except Problem as problem:
        return await show_row(visitor, subject, row, let_through(problem), f"key-{key}")
    said = "The key is revoked." if is_new else "The key was revoked before."
    return visitor.go(f"{subject.place}/{row}", said)


def word_form(form: Json | None) -> Json | None:
    """A form with the value of each field as its input has it."""
    for field in (form or {}).get("fields", ()):
        field["text"] = write_value(field["value"], field["kind"])
        field["options"] = list_options(field)
    return form


def list_options(field: Json) -> list[tuple[str, str]]:
    """What a field may be chosen from; []: it is typed. A row that is switched off stays where it is."""
    words = field["words"] or (("yes", "no") if field["kind"] == "boolean" else ())
    options = [(word, show_words(word)) for word in words]
    options += [(str(row), name) for row, name in field["choices"] or ()]
    if field["kind"] == "id" and field["text"] and field["text"] not in dict(options):
        options.append((field["text"], f"{field['text']}, switched off"))
    return options


def write_value(value: object, kind: str) -> str:
    """A value as an input has it: nothing is an empty text."""
    if value is None:
        return ""
    if kind == "boolean":
        return "yes" if value in (True, "true") else "no"
    if kind == "numbers" and isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if kind == "json":
        return json.dumps(value, default=float, indent=1, ensure_ascii=False)  # a fraction is read as Decimal
    return str(value)


def read_columns(visitor: Visitor) -> str:
    """What was typed into the columns of a row, as JSON."""
    return json.dumps({name: text for name, text in visitor.fields.items() if name not in NO_COLUMNS})


def let_through(problem: Problem) -> Problem:
    """A problem that the page says, its field as the form names it; any other is raised."""
    if problem.kind.status not in SAID:
        raise problem
    beside = [
        FieldError(**{**one, "field": one.get("field", "").split(".")[0].split("[")[0]})
        for one in problem.errors
    ]
    return replace(problem, errors=beside)
