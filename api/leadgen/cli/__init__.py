"""The command line. Each command group is a module; heavy imports wait until their command runs."""

import os
import sys

import typer
from psycopg import Error as DatabaseError
from psycopg.errors import InvalidSchemaName, UndefinedFunction, UndefinedTable

from leadgen.cli import db, demo, explain, keys, schema, services
from leadgen.cli.console import err
from leadgen.errors import LeadGenError

app = typer.Typer(name="leadgen", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(db.app, name="db")
app.add_typer(keys.app, name="key")
for command in (
    demo.demo,
    schema.migrate,
    schema.diff,
    schema.load,
    schema.verify,
    explain.explain,
    services.serve,
    services.worker,
):
    app.command()(command)


def main() -> None:
    """Entry point: an expected failure is one message and exit status 1; DEBUG=1 shows the traceback."""
    try:
        app()
    except (LeadGenError, DatabaseError) as error:
        if os.environ.get("DEBUG"):
            raise
        message = str(error)
        if isinstance(error, InvalidSchemaName | UndefinedFunction | UndefinedTable):
            message = f"the database is not up to date: run `leadgen migrate` ({error.diag.message_primary})"
        err.print(f"leadgen: {message}", markup=False, soft_wrap=True, style="red")
        sys.exit(1)
