"""`leadgen returns`: what buyers want to give back, and deciding it."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.text import Text

from leadgen.cli.console import err, out, plain_table, show_minute
from leadgen.cli.rows import AsJson, BuyerOption, Id, Limit, call, print_json, read_rows, refuse_unknown
from leadgen.errors import LeadGenError
from leadgen.words import money

app = typer.Typer(
    no_args_is_help=True, help="Returns that buyers ask for: look at them, approve or refuse them."
)

LIST = """
select r.id, r.created_at, r.buyer_id, b.name as buyer, r.assignment_id, a.lead_id, a.price, a.currency, r.reason_code,
  r.via, r.status, r.decided_at, r.decided_by, r.decision_note, r.gives,
  (select count(*) from leadgen.return_evidence e where e.return_id = r.id) as files,
  case when %(notes)s then r.note end as note
from leadgen.sale_returns r
join leadgen.lead_assignments a on a.id = r.assignment_id
join leadgen.buyers b on b.id = r.buyer_id
where case
  when %(status)s::text is null then r.status in ('received', 'requested')
  else %(status)s in ('all', r.status)
end
and (%(buyer)s::bigint is null or r.buyer_id = %(buyer)s)
order by r.id desc
limit %(limit)s
"""
EVIDENCE = """
select e.created_at, e.reference, e.sha256, e.bytes, e.media_type
from leadgen.return_evidence e
where e.return_id = %s
order by e.id
"""
KNOWN = "select from leadgen.sale_returns r where r.id = %s"
REASONS = "select leadgen.list_return_reasons()"
DECIDE = "select leadgen.decide_return(%s::bigint, %s::boolean, %s::text)"

Note = Annotated[str | None, typer.Option(metavar="TEXT", help="Why. It is kept with the decision.")]


class Status(StrEnum):
    """The states of a return."""

    RECEIVED = "received"
    REQUESTED = "requested"
    APPROVED = "approved"
    REFUSED = "refused"
    ALL = "all"


@app.command("list")
def list_returns(
    buyer: BuyerOption = None,
    status: Annotated[
        Status | None, typer.Option(help="Only those in this state. Default: those that wait for a decision.")
    ] = None,
    notes: Annotated[
        bool, typer.Option("--notes", help="Show the buyers' notes, which may name people.")
    ] = False,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """List returns, newest first. Without --status: those that wait for a decision.

    Example: leadgen returns list --buyer 7
    """
    from leadgen.show.console import make_console

    rows = read_rows(LIST, {"buyer": buyer, "status": status, "notes": notes, "limit": limit})
    if not rows:
        refuse_unknown(buyer)
    if as_json:
        print_json(rows)
        return
    if not rows:
        decided = status is None and read_rows(
            LIST, {"buyer": buyer, "status": "all", "notes": False, "limit": 1}
        )
        err.print(
            "no return waits for a decision; --status all shows those that are decided"
            if decided
            else "no returns"
        )
        return
    table = plain_table(
        "id", "asked, UTC", "buyer", "sale", "price", "reason", "through", "status", "files",
        *(["note"] if notes else []),
        numbers=("id", "sale", "price", "files"),
    )  # fmt: skip
    for row in rows:
        cells = [row["reason_code"], row["via"], row["status"], str(row["files"] or "")]
        cells += [row["note"] or ""] if notes else []
        table.add_row(
            str(row["id"]),
            show_minute(row["created_at"]),
            Text(row["buyer"]),
            str(row["assignment_id"]),
            f"{money(row['price'], row['currency'])} {row['currency']}",
            *map(Text, cells),
        )
    make_console().print(table)


@app.command()
def evidence(return_id: Id, as_json: AsJson = False) -> None:
    """List the files that a buyer shows for a return. Nothing here has opened them: compare size and hash.

    Example: leadgen returns evidence 12
    """
    rows = read_rows(EVIDENCE, [return_id])
    if not rows and not read_rows(KNOWN, [return_id]):
        raise LeadGenError(f"no return {return_id}: `leadgen returns list --status all` lists them")
    if as_json:
        print_json(rows)
        return
    if not rows:
        err.print(f"return {return_id} has no files")
        return
    for row in rows:
        out.print(row["reference"] or "(erased)", markup=False, highlight=False, soft_wrap=True)
        named = row["sha256"] and f"{row['media_type']}, {row['bytes']:,} bytes, sha256 {row['sha256']}"
        out.print(
            f"  {named or 'a link'}, {show_minute(row['created_at'])} UTC",
            markup=False, highlight=False, soft_wrap=True,
        )  # fmt: skip


@app.command()
def reasons(as_json: AsJson = False) -> None:
    """List the reasons for which a sale may be returned.

    Example: leadgen returns reasons
    """
    found = call(REASONS, [])
    if as_json:
        print_json(found)
        return
    table = plain_table("reason", "what it means")
    for row in found:
        table.add_row(row["code"], Text(row["description"]))
    out.print(table)


@app.command()
def approve(return_id: Id, note: Note = None) -> None:
    """Approve a return: the sale ends, and the lead goes to the next buyer if its policy says so.

    Example: leadgen returns approve 12
    """
    call(DECIDE, [return_id, True, note])
    err.print(f"return {return_id} is approved")


@app.command()
def refuse(return_id: Id, note: Note = None) -> None:
    """Refuse a return: the sale stands.

    Example: leadgen returns refuse 12 --note "the number works"
    """
    call(DECIDE, [return_id, False, note])
    err.print(f"return {return_id} is refused")
