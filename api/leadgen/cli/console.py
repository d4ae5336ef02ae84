"""How every command speaks: results on standard output, everything else on standard error."""

from datetime import UTC, datetime

from rich.table import Table

from leadgen.show.console import SafeConsole

out = SafeConsole(highlight=False)
err = SafeConsole(stderr=True, highlight=False, soft_wrap=True)


def plain_table(*columns: str, numbers: tuple[str, ...] = ()) -> Table:
    """A table without lines; the columns in `numbers` stand to the right and do not wrap."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in columns:
        if name in numbers:
            table.add_column(name, justify="right", no_wrap=True)
        else:
            table.add_column(name, overflow="fold")
    return table


def show_minute(moment: datetime | None) -> str:
    """A time as tables show it, UTC; empty for none."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" if moment else ""
