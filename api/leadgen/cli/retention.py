"""`leadgen retention`: what is kept how long, and what becomes of it then."""

import re
from typing import Annotated

import psycopg
import typer
from rich.text import Text

from leadgen.cli.console import err, plain_table
from leadgen.cli.rows import AsJson, Row, Why, give_reason, print_json, read_rows
from leadgen.cli.target import database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError
from leadgen.words import count_of

RULES = """
select r.name, r.table_name, r.keep::text as keep, r.is_active, r.description,
  case when r.strikes is null and r.name <> 'leads' then 'deleted' else 'struck out' end as becomes
from leadgen.retention_rules r
order by r.position
"""
COUNT = "select name, due from leadgen.count_old(%s::text)"
FORGET = "select leadgen.forget_old(%s::text)"
SET = """
update leadgen.retention_rules
set keep = coalesce(%(keep)s::interval, keep), is_active = coalesce(%(active)s, is_active)
where name = %(name)s
returning keep::text, is_active
"""
TIME = re.compile(r"[1-9][0-9]{0,4} (hour|day|week|month|year)s?")

app = typer.Typer(no_args_is_help=True, help="Show and say how long what is kept, and delete what is older.")

Rule = Annotated[str, typer.Argument(metavar="RULE", help="Its name, as `leadgen retention show` shows it.")]


@app.command("show")
def show(as_json: AsJson = False) -> None:
    """Show the retention rules: what is kept how long, and how many rows are older now.

    A rule that is off does nothing. What is in no rule is kept for ever: the ledger, invoices, sales, decisions, the
    audit.

    Example: leadgen retention show
    """
    from leadgen.show.console import make_console

    rows = read_rows(RULES)
    due = {row["name"]: row["due"] for row in read_rows(COUNT, [None])}
    rows = [{**row, "due": due.get(row["name"], 0)} for row in rows]
    if as_json:
        print_json(rows)
        return
    table = plain_table("rule", "keeps", "state", "older now", "then", "what", numbers=("older now",))
    for row in rows:
        table.add_row(
            row["name"],
            _say_time(row["keep"]),
            "on" if row["is_active"] else "off",
            f"{row['due']:,}",
            row["becomes"],
            Text(row["description"]),
        )
    make_console().print(table)


@app.command("set")
def set_rule(
    rule: Rule,
    keep: Annotated[
        str | None, typer.Option(metavar="TIME", help='How long it is kept: "90 days", "3 years".')
    ] = None,
    active: Annotated[bool | None, typer.Option("--on/--off", help="Whether workers do it.")] = None,
    reason: Why = None,
) -> None:
    """Say how long something is kept, and whether it goes then.

    Try it first: `leadgen retention run --dry-run` counts what would go.

    Example: leadgen retention set leads --keep "3 years" --on --reason "privacy notice of 2026-11"
    """
    if keep is None and active is None:
        raise typer.BadParameter("give --keep, or --on or --off")
    if keep is not None and not TIME.fullmatch(keep):
        raise LeadGenError(
            f'--keep: found {keep}, allowed a number with hours, days, weeks, months or years, above 0: "90 days"'
        )
    with connect(database_url()) as connection:
        give_reason(connection, reason)
        row = connection.execute(SET.encode(), {"keep": keep, "active": active, "name": rule}).fetchone()
        if row is None:
            raise _no_rule(rule)
    state = "on" if row[1] else "off"
    err.print(f"{rule} keeps {_say_time(row[0])}, and is {state}", markup=False)


@app.command("run")
def run(
    rule: Annotated[
        str | None, typer.Argument(metavar="[RULE]", help="One of them. Default: all that are on.")
    ] = None,
    is_dry: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Count what would go, also by rules that are off; nothing is changed."
        ),
    ] = False,
) -> None:
    """Delete or strike out now what is older than its rule keeps, in portions; workers do the same by and by.

    It may be stopped at any moment, and goes on where it was.

    Example: leadgen retention run --dry-run
    """
    rules = {row["name"]: row for row in read_rows(RULES)}
    if rule is not None and rule not in rules:
        raise _no_rule(rule)
    wanted = [rule] if rule else list(rules)
    if is_dry:
        _show_due(rules, {row["name"]: row["due"] for row in read_rows(COUNT, [rule])}, wanted)
        return
    with connect(database_url(), autocommit=True) as connection:
        for name in wanted:
            if rule or rules[name]["is_active"]:
                _run_one(connection, rules[name])


def _show_due(rules: dict[str, Row], due: dict[str, int], wanted: list[str]) -> None:
    for name in wanted:
        row = rules[name]
        off = "" if row["is_active"] else "; the rule is off"
        err.print(
            f"{name}: {count_of(due[name], 'row')} of {row['table_name']} would be {row['becomes']}{off}",
            markup=False,
            soft_wrap=True,
        )


def _run_one(connection: psycopg.Connection, rule: Row) -> None:
    name = rule["name"]
    before = connection.execute(COUNT, [name]).fetchone()
    while (row := connection.execute(FORGET, [name]).fetchone()) and row[0]:
        pass
    after = connection.execute(COUNT, [name]).fetchone()
    gone = (before[1] if before else 0) - (after[1] if after else 0)
    err.print(f"{name}: {count_of(max(gone, 0), 'row')} {rule['becomes']}", markup=False)


def _say_time(keep: str) -> str:
    return re.sub(r"mon(s?)\b", r"month\1", keep)


def _no_rule(rule: str) -> LeadGenError:
    return LeadGenError(f"no retention rule {rule}: `leadgen retention show` lists them")
