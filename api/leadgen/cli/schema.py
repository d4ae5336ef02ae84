"""`leadgen migrate`, `restore`, `diff` and `load`: the state of the schema and of its reference data."""

from math import isnan
from pathlib import Path
from typing import Annotated

import typer

from leadgen.cli.console import err, out
from leadgen.cli.target import database_url
from leadgen.db.blockers import PATIENCE_SECONDS
from leadgen.settings import load_settings
from leadgen.words import count_of

DAY_SECONDS = 86_400


def migrate(
    wait: Annotated[
        float,
        typer.Option(
            min=0,
            max=DAY_SECONDS,
            metavar="SECONDS",
            help="How long to wait for sessions that hold locks on our tables; at most a day.",
        ),
    ] = PATIENCE_SECONDS,
) -> None:
    """Bring the database to the current state. It is safe to repeat.

    Example: leadgen migrate --wait 300
    """
    from leadgen.db.migrate import migrate as run

    if isnan(wait):
        raise typer.BadParameter("--wait nan: write a number of seconds, such as 300")
    run(database_url(), load_settings(), wait=wait, say=lambda line: err.print(line, markup=False))
    err.print("the database is up to date")


def restore(
    dump: Annotated[
        Path,
        typer.Argument(metavar="DUMP", help="A dump by pg_dump, in any format; plain SQL may be compressed."),
    ],
) -> None:
    """Restore a dump into the empty database, with roles, owners and grants, and bring it to the current state.

    It is a copy then: workers send nothing from it until `leadgen adopt`.

    Example: leadgen restore leadgen.dump
    """
    from leadgen.db.restore import restore as run

    run(database_url(), load_settings(), dump, say=lambda line: err.print(line, markup=False))
    err.print("the database is up to date: `leadgen verify` replays every lead")


def diff() -> None:
    """Show how the database differs from the declared state. Exit status 1 if it does.

    Example: leadgen diff
    """
    from leadgen.db.diff import difference

    found = difference(database_url())
    if found:
        out.print(found, markup=False, soft_wrap=True)
        raise typer.Exit(1)
    err.print("the database is in the declared state")


def load(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="`reference`, `demo` or a .sql file.")
    ] = "reference",
) -> None:
    """Load reference data, the demo's catalogue or a .sql file, as the schema's owner.

    `reference` loads the telephone numbers and postal codes that changed. A file is loaded whole or not at all.

    Example: leadgen load rows.sql
    """
    from leadgen.db.load import load_file, load_reference_data

    if what == "reference":
        loaded = load_reference_data(database_url())
        for name, rows in loaded.items():
            err.print(f"loaded {count_of(rows, 'row')} of {name}")
        if not loaded:
            err.print("the reference data is up to date")
    elif what == "demo":
        from leadgen.demo.catalogue import load_catalogue

        load_catalogue(database_url())
        err.print("loaded the demo's catalogue")
    else:
        load_file(database_url(), Path(what))
        err.print(f"loaded {what}")
