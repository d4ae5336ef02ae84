"""`leadgen db`: the embedded server, or the one that DATABASE_URL names."""

import os
from typing import Annotated

import psycopg
import typer
from psycopg import sql

from leadgen.cli.console import err, out
from leadgen.cli.target import database_url, embedded_server
from leadgen.db.binaries import find_binaries
from leadgen.db.urls import database_name, with_database
from leadgen.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="The embedded server, or the one that DATABASE_URL names.")


@app.command()
def start() -> None:
    """Start the embedded server and print its URL.

    Example: leadgen db start
    """
    _print_url(database_url())


@app.command()
def stop(
    remove: Annotated[bool, typer.Option("--remove", help="Delete its data and logs too.")] = False,
) -> None:
    """Stop the embedded server. A server that DATABASE_URL names is left alone.

    Example: leadgen db stop
    """
    server = embedded_server()
    err.print("the embedded server is stopped" if server.stop() else "the embedded server was not running")
    if remove:
        server.remove()
        err.print(f"{server.data} is removed")


@app.command()
def url() -> None:
    """Print the URL, without starting anything.

    Example: leadgen db url
    """
    _print_url(load_settings().database_url or embedded_server().url)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(context: typer.Context) -> None:
    """Open psql on the database; further arguments go to psql.

    Errors are shown without the CONTEXT of functions; `\\set SHOW_CONTEXT errors` shows it.

    Example: leadgen db psql -c "select count(*) from leadgen.leads"
    """
    target = database_url()
    program = find_binaries()["psql"]
    os.execv(program, [program, "--set=SHOW_CONTEXT=never", target, *context.args])  # noqa: S606


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Drop the database with everything in it and make an empty one.

    Example: leadgen db reset --yes
    """
    target = database_url()
    name = database_name(target)
    if not yes:
        typer.confirm(f"Drop the database {name} with everything in it?", abort=True)
    with psycopg.connect(with_database(target, "postgres"), autocommit=True) as connection:
        identifier = sql.Identifier(name)
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(identifier))
        connection.execute(sql.SQL("create database {}").format(identifier))
    err.print(f"{name} is empty: `leadgen migrate` fills it")


def _print_url(target: str) -> None:
    out.print(target, soft_wrap=True, markup=False)
