"""The console that tables are printed on."""

from rich.console import Console


def make_console() -> Console:
    """At most 100 columns on a terminal, and just that many, without colours, elsewhere."""
    console = Console(highlight=False)
    console.width = min(console.width, 100) if console.is_terminal else 100
    return console
