"""`leadgen field-map`: how documents of another shape become leads."""

import json
from typing import Annotated

import typer
from rich.text import Text

from leadgen.cli.console import err, out, plain_table
from leadgen.cli.dry_run import read_object, read_text
from leadgen.cli.quarantine import resubmit_each
from leadgen.cli.rows import AsJson, print_json, read_rows
from leadgen.errors import LeadGenError
from leadgen.show.console import escape_json

app = typer.Typer(no_args_is_help=True, help="Field maps: how documents of another shape become leads.")

LIST = """
select m.slug, m.name,
  array(select s.source_key::text from leadgen.source_maps p join leadgen.sources s on s.id = p.source_id
    where p.field_map_id = m.id order by 1) as sources
from leadgen.field_maps m
order by m.slug
"""
TRY = "select payload from leadgen.try_field_map(%s::text, %s::jsonb) payload"
IS_THERE = "select from leadgen.field_maps m where m.slug = %s"
WAITING = """
select q.id
from leadgen.intake_quarantine q
join leadgen.sources s on s.source_key = q.payload ->> 'source_key'
join leadgen.source_maps p on p.source_id = s.id
join leadgen.field_maps m on m.id = p.field_map_id
where m.slug = %s and q.resubmitted_at is null
order by q.id
"""

Slug = Annotated[str, typer.Argument(metavar="MAP", help="The slug of a field map.")]


@app.command("list")
def list_field_maps(as_json: AsJson = False) -> None:
    """List the field maps and the sources that post by them.

    Example: leadgen field-map list
    """
    from leadgen.show.console import make_console

    rows = read_rows(LIST)
    if as_json:
        print_json(rows)
        return
    table = plain_table("map", "name", "sources")
    for row in rows:
        table.add_row(Text(row["slug"]), Text(row["name"]), Text(", ".join(row["sources"])))
    make_console().print(table)


@app.command("try")
def try_field_map(
    slug: Slug,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A sample as JSON; - reads standard input.")],
) -> None:
    """Show what a field map makes of a sample: JSON for each lead in it. Nothing is kept.

    Example: leadgen field-map try google-ads-lead-form sample.json
    """
    rows = read_rows(TRY, [slug, read_object(read_text(file), file)])
    for row in rows:
        payload = json.dumps(row["payload"], ensure_ascii=False, indent=2)
        out.print(escape_json(payload), markup=False, soft_wrap=True)
    if not rows:
        err.print("the sample has no lead in it")


@app.command()
def resubmit(slug: Slug) -> None:
    """Resubmit the quarantined posts of a field map's sources. Exit status 1 if one is refused or still waits.

    A post was mapped when it came. A change of the map counts for later posts only.

    Example: leadgen field-map resubmit google-ads-lead-form
    """
    if not read_rows(IS_THERE, [slug]):
        raise LeadGenError(f"no field map {slug}: `leadgen field-map list` shows them")
    resubmit_each([row["id"] for row in read_rows(WAITING, [slug])])
