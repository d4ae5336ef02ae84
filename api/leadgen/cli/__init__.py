"""The command line. Each command group is a module; heavy imports wait until their command runs."""

import os
import sys
from functools import cache
from importlib.metadata import version
from typing import Annotated, Any

import typer
from psycopg import Error as DatabaseError

from leadgen.cli import (
    adopt,
    audit,
    backup,
    buyers,
    check,
    consent,
    db,
    deliveries,
    demo,
    docs,
    doctor,
    dry_run,
    endpoints,
    events,
    explain,
    export,
    field_maps,
    find,
    hooks,
    import_leads,
    keys,
    market,
    money,
    money_payments,
    money_replacements,
    money_sources,
    person,
    policies,
    privacy,
    quarantine,
    replay,
    report,
    retention,
    returns,
    rules,
    sales,
    schema,
    sealing,
    services,
    suppress,
    unsold,
    users,
    verify,
    what_if,
)
from leadgen.cli.console import err, out
from leadgen.cli.errors import describe_error
from leadgen.cli.help import use_plain_help
from leadgen.errors import LeadGenError

app = typer.Typer(name="leadgen", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(db.app, name="db")
app.add_typer(keys.app, name="key")
app.add_typer(users.app, name="user")
app.add_typer(buyers.app, name="buyers")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(endpoints.app, name="endpoints")
app.add_typer(report.app, name="report")
app.add_typer(hooks.app, name="hooks")
app.add_typer(returns.app, name="returns")
money.app.command("payables")(money_sources.payables)
money.app.command("payout")(money_sources.payout)
money.app.command("source-statement")(money_sources.source_statement)
app.add_typer(money.app, name="money")
money.app.add_typer(money_payments.app, name="payments")
money.app.add_typer(money_replacements.app, name="replacements")
money.app.command("top-up")(money_payments.top_up)
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(field_maps.app, name="field-map")
app.add_typer(sealing.app, name="sealing")
app.add_typer(suppress.app, name="suppress")
app.add_typer(person.app, name="person")
app.add_typer(retention.app, name="retention")
app.add_typer(consent.app, name="consent")
app.add_typer(backup.app, name="backup")
for command in (
    demo.demo,
    schema.migrate,
    schema.restore,
    adopt.adopt,
    adopt.disown,
    schema.diff,
    schema.load,
    verify.verify,
    find.find,
    check.check,
    market.offers,
    explain.explain,
    unsold.unsold,
    dry_run.dry_run,
    what_if.what_if,
    policies.history,
    policies.rollback,
    events.events,
    export.export,
    audit.audit,
    replay.replay,
    suppress.unsuppress,
    privacy.erase,
    sealing.unmask,
    doctor.doctor,
):
    app.command()(command)
app.command("pause")(buyers.pause)
app.command("resume")(buyers.resume)
app.command("import")(import_leads.import_leads)
app.command("accept")(sales.accept_sale)
app.command("return")(sales.return_sale)
app.command("sell")(sales.sell_lead)
app.command("route")(sales.route_again)
for command in (docs.docs, services.serve, services.worker):
    app.command()(command)
app.command("test-rules")(rules.check_rules)
use_plain_help(app)


def show_version(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        out.print(f"leadgen {version('leadgen')}", markup=False)
        raise typer.Exit


@app.callback()
def describe(
    _: Annotated[
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """A pay-per-lead marketplace in PostgreSQL. Commands work on DATABASE_URL, or on the embedded database."""


@cache
def make_command() -> Any:
    """The tree of all commands. Its 150 take 40 ms: whoever runs several in one process makes it once."""
    return typer.main.get_command(app)


def main() -> None:
    """Entry point: an expected failure is one message and exit status 1; DEBUG=1 shows the traceback."""
    try:
        make_command()()
    except (LeadGenError, DatabaseError, UnicodeEncodeError) as error:
        if os.environ.get("DEBUG"):
            raise
        err.print(f"leadgen: {describe_error(error)}", markup=False, soft_wrap=True, style="red")
        sys.exit(1)
