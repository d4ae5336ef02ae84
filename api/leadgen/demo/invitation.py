"""What to try while `leadgen demo --serve` keeps everything running."""

import json
import secrets
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit

import psycopg
from rich.console import Console

from leadgen.db.urls import with_role
from leadgen.demo.report import find_interesting_lead
from leadgen.passwords import compute_digest, make_challenge
from leadgen.paths import state_dir

OPERATOR = "operator@demo.example"
OWNER = "owner@demo.example"
CREATE_OPERATOR = "select leadgen.create_user(%s, 'Dana Rivers', 'admin', null, null, null, %s, %s)"
# Its buyer is the one that was billed, so that each page of the portal has something to show.
CREATE_OWNER = """
select leadgen.create_user(%s, 'Sam Ortiz', 'buyer', i.buyer_id, null, 'owner', %s, %s)
from leadgen.invoices i
where i.number is not null
order by i.id desc
limit 1
"""
LEAD = {
    "source_key": "austin-plumbing-v1",
    "name": "Jane Doe",
    "email": "jane.doe@example.com",
    "phone": "512-555-0199",
    "postal_code": "78704",
    "message": "The kitchen tap drips.",
    "attributes": {"job_type": "leak"},
}


@contextmanager
def written_environment(database: str, api_url: str, operator_key: str) -> Iterator[Path]:
    """A file for another terminal to source, readable by its owner alone; gone when the demo ends.

    With it commands work on the demo's database, and `leadgen migrate` leaves a database of the demo behind.
    """
    variables = {
        "API": api_url,
        "OPERATOR_KEY": operator_key,
        "DATABASE_URL": database,
        "ENVIRONMENT": "development",
    }
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()]
    file = state_dir() / "demo.env"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text("".join(lines))
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def add_user(database: str, create: LiteralString, email: str) -> str:
    """A user of the demo, with a password that nobody else has: the password."""
    password, challenge = secrets.token_urlsafe(12), make_challenge()
    digest = compute_digest(password, challenge)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(create, [email, challenge.salt, digest])
    return password


def show_invitation(console: Console, file: Path, database: str, api_url: str, operator_key: str) -> None:
    """Print commands that can be copied, and how to sign in to the console and the portal."""
    operators, owners = add_user(database, CREATE_OPERATOR, OPERATOR), add_user(database, CREATE_OWNER, OWNER)
    with psycopg.connect(database) as connection:
        lead_id = find_interesting_lead(connection) or 1
    shown = hide_password(database)
    near = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    entries = (
        ("the console, in a browser", f"{api_url}/console"),
        ("its sign-in: e-mail address and password", f"{OPERATOR}  {operators}"),
        ("the portal of a buyer, in a browser where nobody is signed in", f"{api_url}/portal"),
        ("its sign-in: e-mail address and password", f"{OWNER}  {owners}"),
        ("use this demo in another terminal, as README does", f"source {shlex.quote(str(near))}"),
        (
            "post a lead (again: the same answer; another message: a duplicate)",
            f"curl -s {api_url}/api/leads -H 'Content-Type: application/json' -d '{json.dumps(LEAD)}'",
        ),
        (
            "ask why a lead went where it went, with the operator's key",
            f"curl -s {api_url}/api/leads/{lead_id}/decision -H 'Authorization: Bearer {operator_key}'",
        ),
        ("the same as text", f"DATABASE_URL='{shown}' leadgen explain {lead_id}"),
        ("the API's description", f"{api_url}/schema"),
        ("the database", f"psql '{shown}'"),
    )
    console.print()
    for title, command in entries:
        console.print(title, style="bold cyan", markup=False)
        console.print(f"  {command}", soft_wrap=True, markup=False)
    console.print("\nServing until Ctrl-C; what the buyers receive is shown here.", markup=False)


def hide_password(url: str) -> str:
    """The URL without its password: a terminal is no place for one."""
    user = urlsplit(url).username
    return with_role(url, user) if user else url
