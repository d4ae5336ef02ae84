"""`leadgen import`: the leads of a file, as a spreadsheet writes it, sold as any others."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from leadgen.cli.console import err, out, plain_table
from leadgen.cli.errors import describe_error
from leadgen.cli.opening import find_ring
from leadgen.cli.rows import AsJson, print_json
from leadgen.cli.target import database_url
from leadgen.db.session import connect
from leadgen.errors import LeadGenError
from leadgen.imports.columns import KEY, Column, Others, list_missing, match_columns, read_map
from leadgen.imports.lead import Reader
from leadgen.imports.posting import Fate, Poster
from leadgen.imports.report import Report
from leadgen.imports.source import Source, find_source
from leadgen.imports.source_file import SourceFile, source_file
from leadgen.imports.table import DELIMITERS, LEAD, LINE, OUTCOME, REASON
from leadgen.sealing.store import fill_vault
from leadgen.settings import load_settings
from leadgen.words import count_of, money

SAY_SECONDS = 5.0  # between two plain lines
INTERRUPTED = 130  # exit status after Ctrl-C
OUTCOMES = {
    "sold": "sold",
    "held": "held: no buyer can take it now",
    "unsold": "unsold: no buyer takes it",
    "rejected": "rejected: it failed validation",
    "refused": "refused: it cannot be a lead",
}
NAMED = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}


@dataclass
class Summary:
    """What became of the rows so far."""

    rows: Counter[str] = field(default_factory=Counter)
    came_before: Counter[str] = field(default_factory=Counter)
    price: Decimal = Decimal(0)
    buyers: dict[str, tuple[int, Decimal]] = field(default_factory=dict)

    def add(self, fate: Fate) -> None:
        """Count one more."""
        self.rows[fate.outcome] += 1
        self.came_before[fate.outcome] += fate.came_before
        self.price += fate.price
        for buyer, price in fate.sales:
            leads, total = self.buyers.get(buyer, (0, Decimal(0)))
            self.buyers[buyer] = leads + 1, total + price


def import_leads(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="A CSV file whose first line has the headings; - reads standard input."
        ),
    ],
    source: Annotated[
        str, typer.Option("--source", metavar="SOURCE_KEY", help="The source that the leads come from.")
    ],
    mapped: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=FIELD",
            help="Which field a column is, where its heading does not say it; attributes.NAME is an attribute, and "
            "COLUMN= leaves the column out. May be repeated.",
        ),
    ] = None,
    map_file: Annotated[
        Path | None,
        typer.Option("--map-file", metavar="FILE", help="The same as lines of a file; # begins a comment."),
    ] = None,
    attributes: Annotated[
        bool, typer.Option("--attributes", help="Columns that match no field become attributes.")
    ] = False,
    leave_out: Annotated[
        bool, typer.Option("--leave-out", help="Columns that match no field are left out.")
    ] = False,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="The column that tells rows apart: its text is the idempotency key. Default: all that a row says.",
        ),
    ] = None,
    is_dry: Annotated[
        bool, typer.Option("--dry-run", help="Show what would become of the rows; nothing is kept.")
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Where rows go that are refused or rejected. Default: beside FILE, named FILE.refused.csv.",
        ),
    ] = None,
    list_file: Annotated[
        Path | None,
        typer.Option(
            "--list",
            metavar="FILE",
            help="A list of all rows is written there: what became of each, and which lead it is.",
        ),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="The file's encoding. Default: it is found out.")
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="comma, semicolon, tab or bar. Default: it is found out."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Import the leads of a CSV file: each is validated, sold and delivered as any other.

    Which column is which field is shown first. Another run of the same file posts nothing twice, so a run that was cut
    off is simply started again. Rows that are refused or rejected go to a report with the reason; correct them there,
    and import the report. Exit status 1 if a row was refused.

    Example: leadgen import leads.csv --source austin-plumbing-v1 --attributes --dry-run
    """
    from leadgen.mail_domains import MailDomains  # its packages take a third of a command's start

    others = _read_others(attributes=attributes, leave_out=leave_out)
    said = _read_said(mapped or [], map_file)
    settings = load_settings()
    with (
        source_file(file, encoding, _read_delimiter(delimiter)) as opened,
        Report(file, report, opened.table.headings, opened.table.delimiter) as refused,
        _make_list(file, list_file, opened) as listed,
    ):
        columns = read_columns(file, opened, said, others, _read_key(key, opened.table.headings))
        with connect(database_url(), autocommit=True) as connection, asyncio.Runner() as runner:
            where = find_source(connection, source)
            ring = find_ring()
            show_source(where, is_dry=is_dry)
            poster = Poster(
                connection,
                lambda: MailDomains(settings.mx_timeout_seconds, settings.dns_servers),
                runner,
                fill_vault(connection, ring) if ring else None,
            )
            reader = Reader(opened.table.headings, columns, where.source_key, where.api_key_hash, key)
            post = poster.rehearse if is_dry else poster.post
            with closing(reader):
                summary, was_stopped = _follow(file, post(reader, opened.table.rows), opened, refused, listed)
            if was_stopped:
                connection.close()  # where a statement is under way, ending in good order would fail
    if as_json:
        print_json(describe_summary(summary, where, refused.path, is_dry=is_dry))
    else:
        show_summary(summary, where, refused.path, is_dry=is_dry)
    if was_stopped:
        err.print("stopped; run the same command again to go on: it posts nothing twice")
        raise typer.Exit(INTERRUPTED)
    if summary.rows["refused"]:
        raise typer.Exit(1)


def read_columns(
    file: str, opened: SourceFile, said: Mapping[str, str], others: Others, key: str | None
) -> list[Column]:
    """The map of a file's columns, which is shown first. Raises LeadGenError where nobody said what a column is."""
    try:
        shown = Others.LEFT_OUT if others is Others.REFUSED else others
        show_file(file, opened, match_columns(opened.table.headings, said, shown), key, others)
        return match_columns(opened.table.headings, said, others)
    except LeadGenError as error:
        raise LeadGenError(f"{file}: {error}") from None


def _follow(
    file: str, fates: Iterator[list[Fate]], opened: SourceFile, report: Report, listed: Report | None
) -> tuple[Summary, bool]:
    """Count what becomes of the rows, and write the report and the list. Returns also whether somebody stopped it."""
    summary = Summary()
    reported_at = time.monotonic()
    line = 1
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("0 rows", total=1)
        try:
            for portion in fates:
                for fate in portion:
                    summary.add(fate)
                    line = fate.row.line
                    if fate.outcome in ("refused", "rejected"):
                        report.add(fate.row, fate.reason, None if fate.outcome == "refused" else fate.lead_id)
                    if listed:
                        listed.add(fate.row, fate.reason, fate.lead_id, fate.outcome)
                report.flush()
                rows = count_of(summary.rows.total(), "row")
                progress.update(task, completed=opened.done, description=rows)
                if not err.is_terminal and time.monotonic() - reported_at > SAY_SECONDS:
                    err.print(f"{rows}, {opened.done:.0%} of the file")
                    reported_at = time.monotonic()
        except KeyboardInterrupt:
            return summary, True
        except (psycopg.Error, LeadGenError, OSError) as error:
            done = count_of(summary.rows.total(), "row")
            raise LeadGenError(
                f"{file}: stopped after line {line} ({done}): {describe_error(error)}. Run the same command again "
                "to go on: it posts nothing twice"
            ) from error
    return summary, False


def _make_list(file: str, path: Path | None, opened: SourceFile) -> Report | nullcontext[None]:
    if path is None:
        return nullcontext()
    ours = (LINE, OUTCOME, LEAD, REASON)
    return Report(file, path, opened.table.headings, opened.table.delimiter, "--list", ours)


def show_file(
    file: str, opened: SourceFile, columns: Sequence[Column], key: str | None, others: Others
) -> None:
    """How a file is read, on standard error: its encoding, and which column is which field."""
    encoding, table = opened.encoding, opened.table
    err.print(
        f"{file}: {encoding.name}, with {DELIMITERS.get(table.delimiter, 'another sign')} between the columns",
        markup=False,
    )
    if encoding.is_guess:
        err.print(
            f"{encoding.name} is a guess. In it a text reads: {opened.telling or '(none found)'}. If that is "
            "wrong, say --encoding",
            markup=False,
        )
    if encoding.broken:
        broken = count_of(encoding.broken, "byte")
        err.print(f"{broken} of the file cannot be read as UTF-8: each becomes {chr(0xFFFD)}", markup=False)
    shown = plain_table("column", "field")
    for column in columns:
        is_open = column.is_guess and others is Others.REFUSED  # and the command stops
        field_name = column.field or ("?" if is_open else "(left out)")
        if key == column.heading and column.field != KEY:
            field_name = f"{field_name}, and the key of the row"
        shown.add_row(Text(column.heading), Text(field_name))
    err.print(shown)
    if missing := list_missing(columns):
        err.print(
            f"no column is {' or '.join(missing)}: every lead needs it to pass validation", markup=False
        )


def show_source(source: Source, *, is_dry: bool) -> None:
    """Where the leads go, on standard error."""
    err.print(
        f"{'a dry run' if is_dry else 'importing'}: source {source.source_key}, offer {source.offer}",
        markup=False,
    )
    if is_dry:
        err.print(
            "each row is judged as though it came alone and now: limits that rows before it would use up do not "
            "count, nor does the same person twice in the file"
        )


def show_summary(summary: Summary, source: Source, report: Path | None, *, is_dry: bool) -> None:
    """What became of the rows: a table on standard output, and what to do next on standard error."""
    table = plain_table(
        "rows", "what would become of them" if is_dry else "what became of them", numbers=("rows",)
    )
    for outcome, words in OUTCOMES.items():
        if count := summary.rows[outcome]:
            price = (
                f", {money(summary.price, source.currency)} {source.currency}" if outcome == "sold" else ""
            )
            table.add_row(f"{count:,}", Text(f"{words}{price}"))
    if summary.rows:
        out.print(table)
    else:
        err.print("the file has headings and no rows")
    if summary.buyers:
        buyers = plain_table("leads", "price", "would buy", numbers=("leads", "price"))
        for buyer, (leads, sum_of) in sorted(summary.buyers.items(), key=lambda one: (-one[1][0], one[0])):
            buyers.add_row(f"{leads:,}", money(sum_of, source.currency), Text(buyer))
        out.print()
        out.print(buyers)
    if before := summary.came_before.total():
        err.print(f"{count_of(before, 'row')} came before, with this answer, and nothing was posted twice")
    if report:
        left = summary.rows["refused"] + summary.rows["rejected"]
        are = f"{count_of(left, 'row')} {'is' if left == 1 else 'are'}"
        err.print(f"{are} in {report}, with the reason: correct it there, and import that file", markup=False)


def describe_summary(
    summary: Summary, source: Source, report: Path | None, *, is_dry: bool
) -> dict[str, object]:
    """What became of the rows, for programs."""
    return {
        "source": source.source_key,
        "offer": source.offer,
        "dry_run": is_dry,
        "rows": summary.rows.total(),
        **{outcome: summary.rows[outcome] for outcome in OUTCOMES},
        "came_before": summary.came_before.total(),
        "total_price": str(summary.price),
        "currency": source.currency,
        "buyers": [
            {"buyer": buyer, "leads": leads, "price": str(price)}
            for buyer, (leads, price) in sorted(summary.buyers.items())
        ],
        "report": str(report) if report else None,
    }


def _read_others(*, attributes: bool, leave_out: bool) -> Others:
    if attributes and leave_out:
        raise typer.BadParameter("give one of --attributes and --leave-out")
    return Others.ATTRIBUTES if attributes else Others.LEFT_OUT if leave_out else Others.REFUSED


def _read_said(mapped: Iterable[str], map_file: Path | None) -> dict[str, str]:
    """What --map-file and --map say; of one column --map counts."""
    said: dict[str, str] = {}
    if map_file is not None:
        try:
            lines = map_file.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
            raise LeadGenError(f"{map_file}: {reason}") from None
        said = read_map(
            (line for line in lines if line.strip() and not line.lstrip().startswith("#")), str(map_file)
        )
    return said | read_map(mapped, "--map")


def _read_delimiter(name: str | None) -> str | None:
    if name is None:
        return None
    sign = NAMED.get(name, name)
    if sign not in DELIMITERS:
        raise LeadGenError(f"--delimiter: found {name}, allowed {', '.join(NAMED)}")
    return sign


def _read_key(key: str | None, headings: Sequence[str]) -> str | None:
    if key is not None and key not in headings:
        listed = ", ".join(map(repr, headings))
        raise LeadGenError(f"--key: found the column {key!r}, allowed {listed}")
    return key
