"""`leadgen adopt` and `disown`: whether the database is the real one, from which workers send, or a copy."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer
from psycopg.errors import InsufficientPrivilege

from leadgen.cli.console import err, out, show_minute
from leadgen.cli.rows import call
from leadgen.cli.target import database_url
from leadgen.db.urls import database_name
from leadgen.errors import LeadGenError
from leadgen.words import count_of

SHOW = "select leadgen.show_adoption()"
ADOPT = "select leadgen.adopt_database(%s::boolean)"
DISOWN = "select leadgen.disown_database()"

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def adopt(
    park: Annotated[
        bool,
        typer.Option(
            "--park",
            help="Park the deliveries that wait, and cancel resend runs: nothing that waits now is sent by itself.",
        ),
    ] = False,
    yes: Yes = False,
) -> None:
    """Make a copy of a database the real one: show what waits in it, ask, and let workers send from it.

    A database that was restored, made from a template or moved to another server is a copy. Adopt it only if its
    original sends no more, or buyers hear twice of the same leads. An event keeps who adopted it and when.

    The owner, leadgen_migrator or a superuser may do this.

    Example: leadgen adopt --park
    """
    name = database_name(database_url())
    found = call_as_owner("adopt", SHOW)
    if not found["is_copy"]:
        err.print(f"{name} is no copy: {describe_adoption(found)}. Nothing was changed", markup=False)
        return
    err.print(f"{name} is a copy: {describe_adoption(found)}", markup=False)
    for line in list_waiting(found):
        out.print(line, markup=False, soft_wrap=True)
    if not yes:
        typer.confirm(f"Adopt {name}? Its original must not send any more", abort=True, err=True)
    done = call_as_owner("adopt", ADOPT, park)
    if done is None:
        err.print(f"{name} was adopted meanwhile. Nothing was changed", markup=False)
        return
    err.print(f"{name} is adopted: workers send from it", markup=False)
    if park:
        err.print(
            f"parked: {count_of(done['parked'], 'delivery', 'deliveries')}; cancelled: "
            f"{count_of(done['resends_cancelled'], 'resend run')}. `leadgen deliveries list --status parked` lists "
            "them, `leadgen deliveries retry` sends one"
        )


def disown(yes: Yes = False) -> None:
    """Make the database a copy: workers send nothing from it until `leadgen adopt`.

    For a physical copy (a base backup, a snapshot of a disk), which cannot be told from its original.

    The owner, leadgen_migrator or a superuser may do this.

    Example: leadgen disown --yes
    """
    name = database_name(database_url())
    if not yes:
        typer.confirm(f"Let workers send nothing from {name} any more?", abort=True, err=True)
    changed = call_as_owner("disown", DISOWN)
    said = "is a copy now: nothing is sent until `leadgen adopt`" if changed else "was a copy already"
    err.print(f"{name} {said}", markup=False)


def call_as_owner(what: str, query: str, *parameters: object) -> Any:
    """Call one function. Raises LeadGenError when this login may not."""
    try:
        return call(query, parameters)
    except InsufficientPrivilege as error:
        login = urlsplit(database_url()).username or "this login"
        raise LeadGenError(
            f"{login} may not {what} a database: a superuser or leadgen_migrator may"
        ) from error


def describe_adoption(found: dict[str, Any]) -> str:
    """When and by whom it was adopted last; of a copy, that was its original."""
    if found["adopted_at"] is None:
        return "when its original was adopted is not known"
    whose = "its original was" if found["is_copy"] else "it was"
    return f"{whose} adopted {show_moment(found['adopted_at'])} by {found['adopted_by']}"


def list_waiting(found: dict[str, Any]) -> list[str]:
    """What workers will do once the database is adopted, one line for each kind."""
    lines = []
    if found["deliveries"]:
        deliveries = count_of(found["deliveries"], "delivery", "deliveries")
        endpoints = count_of(found["endpoints"], "endpoint")
        lines.append(f"{deliveries} to {endpoints}, the oldest made {show_moment(found['oldest_at'])}")
    if found["held_leads"]:
        lines.append(f"{count_of(found['held_leads'], 'held lead')}, to be offered again")
    if found["resends"]:
        lines.append(f"{count_of(found['resends'], 'resend run')}, to go on")
    return [f"waits: {line}" for line in lines] or ["nothing waits"]


def show_moment(text: str) -> str:
    """A time of the database's JSON, as commands show it."""
    return f"{show_minute(datetime.fromisoformat(text))} UTC"
