"""`leadgen audit`: who changed which row of the catalogue, the policies, the keys and the settings."""

import difflib
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import psycopg
import typer
from rich.text import Text

from leadgen.cli.console import err, plain_table, show_minute
from leadgen.cli.moments import read_moment
from leadgen.cli.rows import AsJson, Limit, Row, print_json, read_rows
from leadgen.cli.target import database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError
from leadgen.words import count_of

ENTRIES = """
select l.id, l.created_at as changed_at, l.entity_type as table, l.entity_id as row, l.action_type as action,
  l.description, l.metadata -> 'before' as before, l.metadata -> 'after' as after, l.metadata ->> 'reason' as reason,
  l.actor_id as actor, l.metadata ->> 'login' as login, l.user_agent as application, host(l.ip_address) as address,
  (l.metadata ->> 'transaction')::bigint as transaction, (l.metadata ->> 'position')::bigint as position,
  l.metadata ->> 'digest' as digest
from report.audit_log l
where (%(table)s::text is null or l.entity_type = %(table)s)
  and (%(row)s::text is null or l.entity_id = %(row)s)
  and (%(actor)s::text is null or starts_with(l.actor_id, %(actor)s) or l.metadata ->> 'login' = %(actor)s)
  and (%(since)s::timestamptz is null or l.created_at >= %(since)s)
order by l.id desc
limit %(limit)s
"""
TABLES = "select t.table_name, t.why_not from leadgen.audit_tables t order by t.table_name"
HEAD = "select last_position, digest, last_entry, waiting from leadgen.find_audit_head()"
CHAINED = "select at_position, digest, entry from leadgen.list_chained_audit(%s::bigint, %s::integer)"

PORTION = 5_000  # entries that are exported by one call


def audit(
    table: Annotated[
        str | None, typer.Option(metavar="TABLE", help="Changes of this table only, such as buyer_offers.")
    ] = None,
    row: Annotated[
        str | None, typer.Option(metavar="KEY", help="Of this row of it only, by its id or key.")
    ] = None,
    actor: Annotated[
        str | None,
        typer.Option(metavar="WHO", help="By whom: a login, or what an actor begins with: 'leadgen buyers'."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="From a date or time of ISO 8601 on, without an offset in UTC."),
    ] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write all chained entries with their digests to a file, as JSON lines."
        ),
    ] = None,
) -> None:
    """Show the latest changes of the catalogue, the policies, the keys and the settings, newest first.

    Each says who changed which row, from what to what and why. `leadgen verify audit` proves that none was altered.
    With --export they are written to a file, oldest first, which `leadgen verify audit --file` proves by itself.

    Example: leadgen audit --table buyer_offers --since 2026-11-20
    """
    if export is not None:
        if table or row or actor or since or as_json:
            raise LeadGenError("--export takes no other option: a chain with gaps could not be proved")
        export_entries(export)
        return
    if row is not None and table is None:
        raise LeadGenError("--row: found without --table, allowed with it: --table offers --row 3")
    if table is not None:
        check_table(table)
    start = read_moment(since, "--since", ZoneInfo("UTC")) if since else None
    rows = read_rows(ENTRIES, {"table": table, "row": row, "actor": actor, "since": start, "limit": limit})
    if as_json:
        print_json(rows)
    elif rows:
        print_entries(rows)
    else:
        err.print("no such change")


def check_table(name: str) -> None:
    """Raises LeadGenError for a table that is not audited, and says why it is not."""
    tables = {row["table_name"]: row["why_not"] for row in read_rows(TABLES)}
    audited = [one for one, why_not in tables.items() if why_not is None]
    if name in audited:
        return
    if name in tables:
        raise LeadGenError(f"--table: {name} is not audited. {tables[name]}")
    meant = difflib.get_close_matches(name, audited, n=1)
    hint = f". Did you mean {meant[0]}?" if meant else ""
    raise LeadGenError(f"--table: found {name}, allowed {', '.join(audited)}{hint}")


def print_entries(rows: list[Row]) -> None:
    """One line each: when, who, which row, what changed and why."""
    from leadgen.show.console import make_console

    shown = plain_table("when, UTC", "who", "table", "row", "what", "why")
    for row in rows:
        who = row["actor"] if row["actor"] == row["login"] else f"{row['actor']} ({row['login']})"
        shown.add_row(
            show_minute(row["changed_at"]),
            Text(who),
            row["table"],
            Text(row["row"] or "all"),
            Text(row["description"]),
            Text(row["reason"] or ""),
        )
    make_console().print(shown)


def export_entries(file: Path) -> None:
    """Write what is chained, a line each: {"position": 1, "digest": "…", "entry": {…}}."""
    written = 0
    try:
        with (
            connect(database_url(), autocommit=True) as connection,
            file.open("w", encoding="utf-8") as lines,
        ):
            for position, digest, entry in list_sealed(connection):
                lines.write(f'{{"position": {position}, "digest": "{digest}", "entry": {entry}}}\n')
                written += 1
            head = connection.execute(HEAD).fetchone()
    except OSError as error:
        raise LeadGenError(f"--export: {file} cannot be written: {error.strerror}") from error
    waiting = head[3] if head else 0
    later = f"; {count_of(waiting, 'entry', 'entries')} not chained yet" if waiting else ""
    err.print(
        f"{count_of(written, 'entry', 'entries')} written to {file}{later}", markup=False, soft_wrap=True
    )


def list_sealed(connection: psycopg.Connection[Any]) -> Iterator[tuple[int, str, str]]:
    """All of the chain, in portions. Raises LeadGenError where an entry is gone."""
    after = 0
    while found := connection.execute(CHAINED, [after, PORTION]).fetchall():
        for position, digest, entry in found:
            if entry is None:
                raise LeadGenError(
                    f"the entry at position {position} is gone: `leadgen verify audit` says more"
                )
            yield position, digest, entry
        after = found[-1][0]


def verify_file(file: Path) -> tuple[int, str]:
    """The last position and digest of an export whose every digest is right, without a database.

    Raises LeadGenError: it names the first line that is wrong.
    """
    last, digest = 0, b""
    try:
        with file.open(encoding="utf-8", newline="\n") as lines:
            for number, line in enumerate(lines, 1):
                position, stored, text = read_line(line, number, file)
                digest = hashlib.sha256(digest + text.encode()).digest()
                if (position, stored) != (last + 1, digest.hex()):
                    raise LeadGenError(
                        f"{file}, line {number}: position {position} is not what was chained after position {last}"
                    )
                last = position
    except (OSError, UnicodeDecodeError) as error:
        raise LeadGenError(f"--file: {file} cannot be read: {error}") from error
    return last, digest.hex()


def read_line(line: str, number: int, file: Path) -> tuple[int, str, str]:
    """Position, digest, and the entry to the letter. Raises LeadGenError for a line that is no line of an export."""
    try:
        read = json.loads(line)
        position, digest = int(read["position"]), str(read["digest"])
        start = f'{{"position": {position}, "digest": "{digest}", "entry": '
        if not line.startswith(start) or not line.endswith("}\n"):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise LeadGenError(f"{file}, line {number}: not a line of `leadgen audit --export`") from None
    return position, digest, line.removeprefix(start).removesuffix("}\n")
